/* How a file's label (db/store/file_name.h) travels in an answer. */
#ifndef API_HTTP_FILE_NAME_H
#define API_HTTP_FILE_NAME_H

#include "db/arena.h"

#include <stdbool.h>

/* A Content-Disposition (RFC 6266) that no name can break out of: everything but letters,
 * digits and . - _ is percent-encoded. */
const char *file_name_disposition(struct arena *arena, const char *name, bool is_inline);

#endif
