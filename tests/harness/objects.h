/* What is in a store, and whether it is what the rows say. */
#ifndef TESTS_HARNESS_OBJECTS_H
#define TESTS_HARNESS_OBJECTS_H

#include "db/store/store.h"
#include "tests/harness/sql.h"

/* Puts there what the rows of clinic.sql speak of: a file's bytes are what its kind begins with,
 * and its name. */
void objects_seed(PGconn *boss, const struct store_options *options);

/* One object, in place of what was there under that name; and none. */
void objects_put(const struct store_options *options, int64_t clinic, const char *id,
                 const char *bytes);
void objects_drop(const struct store_options *options, int64_t clinic, const char *id);

struct objects {
    int rows, objects, arriving;   /* that there are, of all clinics */
    int rows_alone, objects_alone; /* without an object of that length, without a row */
};

/* Says which rows are alone; `tidies`: and removes the objects that are (world_restore() takes rows
 * away, not what they named). */
struct objects objects_count(PGconn *boss, const struct store_options *options, bool tidies);

#endif
