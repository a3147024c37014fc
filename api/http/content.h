/* The bytes that reply_content() has promised, for the server. */
#ifndef API_HTTP_CONTENT_H
#define API_HTTP_CONTENT_H

#include <stddef.h>
#include <sys/types.h>

struct content_stream;

/* The next bytes, at most `room`; -1: it broke off, and so must the connection. It is not asked for
 * more than was promised. */
ssize_t content_read(struct content_stream *stream, char *out, size_t room);
void content_close(struct content_stream *stream); /* NULL is fine */

#endif
