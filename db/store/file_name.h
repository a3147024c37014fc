/* What somebody calls a file: a label that we show and give back, never a path. */
#ifndef DB_STORE_FILE_NAME_H
#define DB_STORE_FILE_NAME_H

#include "db/arena.h"

enum { FILE_NAME_MAX = 255 }; /* bytes */

/* UTF-8 in NFC, without / and \, what does not print or changes the direction of what stands
 * behind it, and leading dots; blanks as one blank; at most FILE_NAME_MAX bytes, cut in front of
 * its extension. "file" when nothing is left. Cleaning twice changes nothing. In the arena. */
const char *file_name_clean(struct arena *arena, const char *name);

#endif
