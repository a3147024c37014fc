/* What is in a legacy file, counted before anything is written: rows, rows without a clinic, links
 * that lead nowhere or to another clinic, what would stand twice, what is too long, days that are
 * none, kinds of passwords. Numbers only, no value of any row.
 */
#ifndef DB_IMPORT_PROFILE_H
#define DB_IMPORT_PROFILE_H

#include "db/import/files.h"
#include "db/import/generation.h"

/* One thing that was counted. */
struct finding {
    const char *table, *column; /* column may be NULL */
    const char *code; /* null-clinic orphan clinic-conflict duplicate overlong bad-time … */
    int64_t rows;
};

struct profile {
    const char *tables[32]; /* those that are there, parents first */
    int64_t rows[32];
    size_t tables_n;
    struct finding *findings; /* in the fault's arena; only what there is any of */
    size_t findings_n;
    int64_t clinics, single_clinic; /* its id when there is exactly one, else 0 */
};

/* `files`: the folder that reports lie in, or one that is not open (files.h): then they are not
 * looked for. `judges`: whether each is of a kind that may come is found out, too; it reads them
 * all. */
enum err profile_make(const struct source *source, const struct files *files, bool judges,
                      struct fault *fault, struct profile *out) FAILS;

/* As JSON: {"tables": {…}, "findings": […]}; as text: a line each. */
void profile_write_json(const struct profile *profile, struct buf *out);
void profile_write_text(const struct profile *profile, struct buf *out);

#endif
