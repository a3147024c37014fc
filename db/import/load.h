/* From the source to the target, chunk by chunk, and back over both to see that it adds up. For
 * db/import/ only. */
#ifndef DB_IMPORT_LOAD_H
#define DB_IMPORT_LOAD_H

#include "db/import.h"
#include "db/import/files.h"
#include "db/import/source.h"
#include "db/import/target.h"

struct load {
    const struct import_options *options;
    const struct source *source;
    struct target *target;
    struct fault *fault;
    const struct files *files;      /* without a folder the steps that need one are left out */
    const char *id;                 /* of the import, as a parameter */
    int64_t rejected, most_rejects; /* -1: any number */
    int64_t file_bytes;             /* that went into the store, of the step */
    int64_t chunk;                  /* rows at a time, of the step */
    bool is_read_again;             /* to be added up */
};

/* All steps, from where each stands. ERR_INTERNAL "verification-failed": too much is rejected. */
enum err load_rows(struct load *load) FAILS;

/* Reads the source again and compares: rows and digests of what was staged, and what was loaded
 * with what now stands in the tables. Names the first step that differs. */
enum err load_verify(struct load *load) FAILS;

void load_tell(const struct load *load, const char *name, int64_t done, int64_t total);

/* ERR_CONFLICT "stopped": somebody asked. */
enum err load_stop_look(const struct load *load) FAILS;

#endif
