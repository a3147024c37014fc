/* Server-sent events as text (WHATWG HTML, 9.2): what a stream writes and the one thing that its
 * client sends back.
 *
 *     retry: 2417
 *
 *     id: 41
 *     event: status
 *     data: {"number":41,…}
 *
 *     :
 *
 * An id is the event's number, a line begins with a colon so that the connection stays open. Data
 * is one line, as JSON text of ours holds no line break.
 */
#ifndef API_HTTP_EVENT_TEXT_H
#define API_HTTP_EVENT_TEXT_H

#include "db/buf.h"

#include <stdbool.h>

/* A Last-Event-ID: a whole number without sign, blank or leading zero, as event_write() writes it.
 * False: it is something else, and `out` is as it was. */
bool event_id_read(const char *text, int64_t *out);

/* One event. `name` and `data` hold no line break. */
void event_write(struct buf *out, int64_t id, const char *name, const char *data, size_t length);

/* How long a client waits before it comes back. */
void event_write_retry(struct buf *out, unsigned ms);

/* A line that clients pass over; `remark` holds no line break and may be "". */
void event_write_remark(struct buf *out, const char *remark);

#endif
