/* Text that grows: answers, log lines, generated JSON. Lives in an arena; never fails.
 *
 * The text is always NUL-terminated, and may hold any bytes: `length` counts.
 */
#ifndef DB_BUF_H
#define DB_BUF_H

#include "db/arena.h"

#include <stdint.h>

struct buf {
    struct arena *arena;
    char *text;
    size_t length;
    size_t room;
};

void buf_begin(struct buf *buf, struct arena *arena, size_t room);
void buf_add(struct buf *buf, const char *bytes, size_t length);
void buf_text(struct buf *buf, const char *text); /* without the NUL */
void buf_char(struct buf *buf, char c);
void buf_int(struct buf *buf, int64_t value);
void buf_format(struct buf *buf, const char *format, ...) PRINTF(2, 3);

/* A JSON string with its quotes. Bytes below 0x20, quote, backslash and invalid UTF-8 are escaped
 * (invalid bytes as U+FFFD), so the result is always valid JSON. NULL writes null. */
void buf_json_string(struct buf *buf, const char *text);
void buf_json_string_n(struct buf *buf, const char *bytes, size_t length);

#endif
