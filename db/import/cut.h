/* Texts that are longer than their new columns, cut where the operator said so. */
#ifndef DB_IMPORT_CUT_H
#define DB_IMPORT_CUT_H

#include "db/import/generation.h"

/* False of what somebody is called, reached or found by: a part of it would be another's, or
 * nobody's. Such a row is rejected. */
bool cut_is_allowed(const struct legacy_field *field);

/* The column as SQLite is to give it, and one more term of the sum of how many were cut. */
void cut_column(const struct legacy_field *field, struct buf *columns, struct buf *sum);

#endif
