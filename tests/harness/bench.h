/* A migration runner on a workbench: an empty database of its own for each test, options for it,
 * and the story of what went wrong.
 */
#ifndef TESTS_HARNESS_BENCH_H
#define TESTS_HARNESS_BENCH_H

#include "db/migrate.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

struct bench {
    struct postgres_database database;
    struct arena arena;
    struct fault fault;
    struct migrate_options options;
    struct migrate_report report;
    PGconn *boss;
    char said[8192]; /* every line of progress */
};

/* For a test's set-up and tear-down. */
int bench_begin(void **state, const struct migration *files);
int bench_end(void **state);

void bench_up(struct bench *bench, int expected);
void bench_up_fails(struct bench *bench, enum err expected, const char *code, const char *detail);
void bench_down_fails(struct bench *bench, int steps, const char *code);
void bench_verifies(struct bench *bench, enum err expected, const char *code); /* NULL: any */

#endif
