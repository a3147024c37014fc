#include "db/store/file_name.h"

#include "db/buf.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

enum { EXTENSION_MAX = 16 };

/* Scripts of India join and part letters with the two; every other invisible character is only
 * good for making a name look like another. */
static bool is_joiner(utf8proc_int32_t c)
{
    return c == 0x200C || c == 0x200D;
}

static bool is_shown(utf8proc_int32_t c)
{
    static const utf8proc_category_t unseen[] = {
        UTF8PROC_CATEGORY_CN, UTF8PROC_CATEGORY_CC, UTF8PROC_CATEGORY_CF, UTF8PROC_CATEGORY_CS,
        UTF8PROC_CATEGORY_CO, UTF8PROC_CATEGORY_ZL, UTF8PROC_CATEGORY_ZP};
    utf8proc_category_t category = utf8proc_category(c);
    for (size_t i = 0; i < sizeof unseen / sizeof *unseen; i++)
        if (category == unseen[i])
            return is_joiner(c) || c == '\t';
    return c != '/' && c != '\\';
}

static void add_character(struct buf *out, utf8proc_int32_t c)
{
    utf8proc_uint8_t bytes[4];
    bool is_blank = c == '\t' || utf8proc_category(c) == UTF8PROC_CATEGORY_ZS;
    bool is_first = out->length == 0;
    if (is_blank && (is_first || out->text[out->length - 1] == ' '))
        return;
    if (is_first && (c == '.' || is_joiner(c)))
        return;
    utf8proc_ssize_t n = utf8proc_encode_char(is_blank ? ' ' : c, bytes);
    buf_add(out, (const char *)bytes, (size_t)n);
}

/* Bytes that are no UTF-8 are passed over. */
static void add_characters(struct buf *out, const char *name)
{
    const utf8proc_uint8_t *at = (const utf8proc_uint8_t *)name;
    utf8proc_ssize_t left = (utf8proc_ssize_t)strlen(name);
    while (left > 0) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate(at, left, &c);
        if (n > 0 && is_shown(c))
            add_character(out, c);
        at += n > 0 ? n : 1;
        left -= n > 0 ? n : 1;
    }
    while (out->length && out->text[out->length - 1] == ' ')
        out->text[--out->length] = '\0';
}

static size_t character_start(const char *text, size_t at)
{
    while (at && ((unsigned char)text[at] & 0xC0) == 0x80)
        at--;
    return at;
}

static void cut(struct buf *name)
{
    if (name->length <= FILE_NAME_MAX)
        return;
    const char *dot = strrchr(name->text, '.');
    size_t extension = dot ? strlen(dot) : 0;
    if (extension > EXTENSION_MAX)
        extension = 0;
    size_t stem = character_start(name->text, FILE_NAME_MAX - extension);
    while (stem && name->text[stem - 1] == ' ')
        stem--;
    memmove(name->text + stem, name->text + name->length - extension, extension + 1);
    name->length = stem + extension;
}

const char *file_name_clean(struct arena *arena, const char *name)
{
    struct buf shown, out;
    buf_begin(&shown, arena, 256);
    buf_begin(&out, arena, 256);
    add_characters(&shown, name);
    utf8proc_uint8_t *composed = utf8proc_NFC((const utf8proc_uint8_t *)shown.text);
    add_characters(&out, composed ? (const char *)composed : "");
    free(composed);
    cut(&out);
    return out.length ? out.text : "file";
}
