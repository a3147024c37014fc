/* Which rows of the seed the tests ask for, and what comes out: tests/harness/records.json, the one
 * place to say so when a new kind of record comes. */
#ifndef TESTS_HARNESS_RECORDS_H
#define TESTS_HARNESS_RECORDS_H

#include "db/buf.h"
#include "tests/harness/seed.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* The file, read; owned by the arena. Dies when it cannot be read. */
json_t *records_read(struct arena *arena);

/* The numbers of what the first parameter after {slug} of `path` may name; NULL: it has none. Dies
 * when the path has a parameter that the file does not know. */
const json_t *records_of(const json_t *records, const char *path);

/* `path` of the document with a value for each parameter: `slug`, the record at `index` of the
 * first list, the part at `part` of those below it, as rows of `owner`. In the arena. */
const char *records_path(struct arena *arena, const json_t *records, const char *path,
                         const char *slug, const struct seed *owner, size_t index, size_t part);

/* A value for the parameter that begins `n` bytes into `path`: the record at `index` of its kind,
 * or the last one. */
void records_value(struct buf *out, const json_t *records, const char *path, size_t n,
                   const struct seed *owner, size_t index);

/* "own", "other": whether the list of that name has `id`. */
bool records_say(const json_t *records, const char *list, int id);

/* What comes out for whoever the role permits it; NULL: success. [statuses, why]; 0 is success. */
const json_t *records_outcome(const json_t *records, const char *operation, const char *role,
                              int id, const char **why);

/* Puts rows of `owner` wherever the body refers to one, at every depth; true: there was one. */
bool records_refer(const json_t *records, json_t *body, const struct seed *owner);

#endif
