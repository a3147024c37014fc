/* A legacy file moved to PostgreSQL: the same tables in the types that Django makes there, the same
 * rows, written last id first. For the tests of the import. */
#ifndef TESTS_HARNESS_LEGACY_TWIN_H
#define TESTS_HARNESS_LEGACY_TWIN_H

#include "tests/harness/sql.h"

/* Makes the schema anew, and lets `reader` SELECT in it. */
void legacy_twin(const char *path, PGconn *conn, const char *schema, const char *reader);

#endif
