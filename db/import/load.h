/* From the source to the target, chunk by chunk, and back over both to see that it adds up. For
 * db/import/ only. */
#ifndef DB_IMPORT_LOAD_H
#define DB_IMPORT_LOAD_H

#include "db/import.h"
#include "db/import/source.h"
#include "db/import/target.h"

struct load {
    const struct import_options *options;
    const struct source *source;
    struct target *target;
    struct fault *fault;
    const char *id;                 /* of the import, as a parameter */
    int64_t rejected, most_rejects; /* -1: any number */
};

/* All steps, from where each stands. ERR_INTERNAL "verification-failed": too much is rejected. */
enum err load_rows(struct load *load) FAILS;

/* Reads the source again and compares: rows and digests of what was staged, and what was loaded
 * with what now stands in the tables. Names the first step that differs. */
enum err load_verify(struct load *load) FAILS;

#endif
