/* What a legacy database's tables looked like, column by column and generation by generation. For
 * legacy.c only. The importer has a table of its own (db/import/generation.c): were it the same,
 * no mistake in it would be seen.
 */
#ifndef TESTS_HARNESS_LEGACY_TABLES_H
#define TESTS_HARNESS_LEGACY_TABLES_H

struct legacy_column {
    const char *name;
    const char *type;
    int from, until; /* generations; until 0: for ever */
};

enum { LEGACY_COLUMNS_MAX = 24, LEGACY_TABLES_MAX = 24 };

struct legacy_table {
    const char *name; /* without "hospital_" */
    int from;
    const char *rule; /* one more line of CREATE TABLE, from the third generation on; or NULL */
    struct legacy_column columns[LEGACY_COLUMNS_MAX];
};

extern const struct legacy_table legacy_tables[]; /* ends with a NULL name */

#endif
