/* Two installations that began as copies of one database pass for one (source.h, identity), until
 * each has made rows of its own: under the same number stand two people. For db/import/ only.
 */
#ifndef DB_IMPORT_TWIN_H
#define DB_IMPORT_TWIN_H

#include "db/import/source.h"
#include "db/import/target.h"

/* Looks at the newest rows that are known already, of each kind that says when it was made, which
 * no copy and no correction changes. ERR_CONFLICT "import-other-database": most of a kind were made
 * at another time than those that were imported. Writes nothing. */
enum err twin_check(const struct source *source, struct target *target, const char *id) FAILS;

#endif
