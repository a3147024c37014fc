/* What an import was told, and whether it can be done. For db/import/ only. */
#ifndef DB_IMPORT_CHOICES_H
#define DB_IMPORT_CHOICES_H

#include "db/import.h"
#include "db/import/source.h"
#include "db/import/target.h"

/* Everything that the rows that come in depend on, as one JSON object: an import that stopped goes
 * on with the same only. A slug of the clinics' map stands there by its number. Every legacy clinic
 * that the source does not have is named: ERR_INPUT "validation-failed". */
enum err choices_make(const struct import_options *options, const struct source *source,
                      struct fault *fault, const char **out) FAILS;

/* Names every clinic and time zone that is not known here, all at once. */
enum err choices_check(struct target *target, const char *choices) FAILS;

/* Those clinics are closed while rows come in. */
enum err choices_close(struct target *target, const char *id, const char *choices) FAILS;

#endif
