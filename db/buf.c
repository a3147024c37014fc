#include "db/buf.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_begin(struct buf *buf, struct arena *arena, size_t room)
{
    *buf = (struct buf){.arena = arena, .room = room < 64 ? 64 : room};
    buf->text = arena_take(arena, buf->room);
}

static void make_room(struct buf *buf, size_t more)
{
    if (buf->length + more < buf->room)
        return;
    size_t room = buf->room * 2;
    while (room <= buf->length + more)
        room *= 2;
    char *text = arena_take(buf->arena, room);
    memcpy(text, buf->text, buf->length + 1);
    buf->text = text;
    buf->room = room;
}

void buf_add(struct buf *buf, const char *bytes, size_t length)
{
    make_room(buf, length);
    memcpy(buf->text + buf->length, bytes, length);
    buf->length += length;
    buf->text[buf->length] = '\0';
}

void buf_text(struct buf *buf, const char *text)
{
    buf_add(buf, text, strlen(text));
}

void buf_char(struct buf *buf, char c)
{
    make_room(buf, 1);
    buf->text[buf->length++] = c;
    buf->text[buf->length] = '\0';
}

void buf_int(struct buf *buf, int64_t value)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRId64, value);
    buf_add(buf, text, (size_t)length);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    char *text;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&text, format, args);
    va_end(args);
    if (length < 0)
        abort();
    buf_add(buf, text, (size_t)length);
    free(text);
}

/* Length of the well-formed UTF-8 sequence at p, or 0 (overlong forms, surrogates and anything past
 * U+10FFFF are not well-formed). */
static size_t sequence_length(const unsigned char *p, const unsigned char *end)
{
    static const unsigned char low[4] = {0, 0x80, 0x80, 0x80};
    size_t length = p[0] < 0x80   ? 1
                    : p[0] < 0xc2 ? 0
                    : p[0] < 0xe0 ? 2
                    : p[0] < 0xf0 ? 3
                    : p[0] < 0xf5 ? 4
                                  : 0;
    if (length < 2)
        return length;
    if ((size_t)(end - p) < length)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != low[i])
            return 0;
    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
        (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f))
        return 0;
    return length;
}

static void add_escape(struct buf *buf, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(buf, "\\\"", 2);
        break;
    case '\\':
        buf_add(buf, "\\\\", 2);
        break;
    case '\n':
        buf_add(buf, "\\n", 2);
        break;
    case '\t':
        buf_add(buf, "\\t", 2);
        break;
    case '\r':
        buf_add(buf, "\\r", 2);
        break;
    default:
        buf_format(buf, "\\u%04x", c);
        break;
    }
}

/* Eight bytes at once, as a page of a list is mostly such text: is none of them a control
 * character, a quote, a backslash, DEL or beyond ASCII? A byte's top bit is set in each term that
 * it makes true; a borrow from a lower byte can only come from one that is not plain either. */
static bool are_plain(const unsigned char *p)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), tops = ones * 0x80;
    uint64_t word;
    memcpy(&word, p, sizeof word);
    uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\', del = word ^ ones * 0x7f;
    uint64_t found =
        (word - ones * 0x20) | (quote - ones) | (backslash - ones) | (del - ones) | word;
    return (found & tops) == 0;
}

void buf_json_string_n(struct buf *buf, const char *bytes, size_t length)
{
    const unsigned char *p = (const unsigned char *)bytes, *end = p + length, *plain = p;
    make_room(buf, length + 2);
    buf_char(buf, '"');
    while (p < end) {
        if (end - p >= 8 && are_plain(p)) {
            p += 8;
            continue;
        }
        if (*p >= 0x20 && *p < 0x7f && *p != '"' && *p != '\\') {
            p++;
            continue;
        }
        size_t sequence = *p >= 0x80 ? sequence_length(p, end) : 0;
        if (sequence) {
            p += sequence;
            continue;
        }
        buf_add(buf, (const char *)plain, (size_t)(p - plain));
        if (*p >= 0x80)
            buf_add(buf, "\xef\xbf\xbd", 3);
        else
            add_escape(buf, *p);
        plain = ++p;
    }
    buf_add(buf, (const char *)plain, (size_t)(p - plain));
    buf_char(buf, '"');
}

void buf_json_string(struct buf *buf, const char *text)
{
    if (text)
        buf_json_string_n(buf, text, strlen(text));
    else
        buf_add(buf, "null", 4);
}
