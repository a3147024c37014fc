/* Cursors: the keys of the last row seen, signed, and bound to clinic, operation, filters and sort.
 * Opaque to clients; anything that is not ours is 400 bad-cursor. */
#ifndef API_HTTP_CURSOR_H
#define API_HTTP_CURSOR_H

#include "api/http/request.h"

/* The cursor after row `row` of a list. In the arena. */
const char *cursor_make(struct request *request, const struct rows *rows, int row);

/* Fills scope.page.after from a cursor that this operation gave. */
enum err cursor_read(struct request *request, const char *cursor) FAILS;

/* The format alone, for the fuzzer: decodes `cursor` into signature and payload. False: malformed.
 */
bool cursor_decode(struct arena *arena, const char *cursor, const unsigned char **signature,
                   const char **payload, size_t *length);

#endif
