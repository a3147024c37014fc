/* The folder where the legacy program kept its files, and the way to one of them. A path comes from
 * the legacy database, so anybody may have written it: every step is one openat() from the step
 * before that follows no link, and nothing leads up or out. For db/import/ only. */
#ifndef DB_IMPORT_MEDIA_H
#define DB_IMPORT_MEDIA_H

#include "db/import/source.h"

enum media { MEDIA_THERE, MEDIA_MISSING, MEDIA_REFUSED, MEDIA_UNREADABLE, MEDIA_ENDS };

/* ERR_CONFLICT "import-no-files": it cannot be opened. The folder itself may be a link. */
enum err media_open(const char *path, struct fault *fault, int *out) FAILS;

/* MEDIA_REFUSED: no path below the folder, or something on the way is a link, or it is no regular
 * file. `fd` and `size` are set for MEDIA_THERE only; the descriptor is the caller's. */
enum media media_find(int folder, const char *path, int *fd, uint64_t *size);

void media_close(int *fd); /* unless it is -1 */

const char *media_code(enum media media); /* "file-missing"; MEDIA_THERE: NULL */

/* What a row says of where its file is. "": nothing, or what is no text. In the arena. */
enum err media_path(const struct source *source, const char *table, int64_t id, struct arena *arena,
                    struct fault *fault, const char **out) FAILS;

#endif
