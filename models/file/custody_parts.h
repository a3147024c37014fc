/* What the two halves of the custody share. */
#ifndef MODELS_FILE_CUSTODY_PARTS_H
#define MODELS_FILE_CUSTODY_PARTS_H

#include "models/file/custody.h"

enum { CUSTODY_PAGE = 200 };

#define CUSTODY_FIRST "00000000-0000-0000-0000-000000000000"

/* A read of the clinic's own, not audited: what the service does with files, not who saw them. */
enum err custody_read(const struct custody *custody, int64_t clinic, const struct query *query,
                      const void *args, struct fault *fault, struct rows *out) FAILS;

/* Moves a file's state, with its row in the trail. False in `moved`: it was no longer so. */
enum err custody_mark(const struct custody *custody, int64_t clinic, const char *id,
                      const char *from, const char *to, struct fault *fault, bool *moved) FAILS;

#endif
