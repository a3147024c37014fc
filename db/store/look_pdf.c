/* A PDF is looked through by its names (/JavaScript), wherever they stand: in the open, spelled
 * with # escapes, or in compressed streams, for a name that acts must be there in one of these. A
 * stream is only unpacked as far as it can be one of objects: those begin with a number. */
#include "db/store/look.h"

#include <string.h>
#include <zlib.h>

enum {
    NAME_MOST = 24,
    DICTIONARY_MOST = 1024,
    WINDOW = 64 * 1024,
    CARRIED = 128, /* of a window, for a name that ends in the next: 24 letters, each as #xx */
    UNPACKED_MOST = 64 * 1024 * 1024,
};

static bool is_white(unsigned char c)
{
    return c == '\0' || c == '\t' || c == '\n' || c == '\f' || c == '\r' || c == ' ';
}

static bool ends_name(unsigned char c)
{
    return is_white(c) || strchr("()<>[]{}/%", c) != NULL;
}

static int hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The name behind a slash as it is meant, or "" when it is longer than any that is looked for. */
static void name_read(const unsigned char *at, const unsigned char *end, char out[NAME_MOST + 1])
{
    size_t length = 0;
    for (; at < end && !ends_name(*at); at++) {
        unsigned char c = *at;
        if (c == '#' && end - at > 2 && hex_digit(at[1]) >= 0 && hex_digit(at[2]) >= 0) {
            c = (unsigned char)(hex_digit(at[1]) * 16 + hex_digit(at[2]));
            at += 2;
        }
        if (length == NAME_MOST || c == '\0') {
            length = 0;
            break;
        }
        out[length++] = (char)c;
    }
    out[length] = '\0';
}

static const unsigned char *find(const unsigned char *from, const unsigned char *to,
                                 const char *word)
{
    return from < to ? memmem(from, (size_t)(to - from), word, strlen(word)) : NULL;
}

static enum look name_judge(const char *name)
{
    static const char *const acting[] = {"JavaScript",    "Launch",     "EmbeddedFile",
                                         "EmbeddedFiles", "RichMedia",  "Rendition",
                                         "SubmitForm",    "ImportData", "XFA"};
    if (strcmp(name, "Encrypt") == 0)
        return LOOK_ENCRYPTED;
    for (size_t i = 0; i < sizeof acting / sizeof *acting; i++) {
        if (strcmp(name, acting[i]) == 0)
            return LOOK_ACTIVE;
    }
    return LOOK_FINE;
}

static bool is_decoder(const char *name)
{
    size_t length = strlen(name);
    return (length > 6 && strcmp(name + length - 6, "Decode") == 0) || strcmp(name, "Crypt") == 0;
}

/* The dictionary around an /ObjStm: its objects can be looked at when they are packed once, by
 * Flate, and not predicted from one another. */
static enum look packing_judge(const unsigned char *bytes, const unsigned char *at,
                               const unsigned char *end)
{
    const unsigned char *from = at - bytes > DICTIONARY_MOST ? at - DICTIONARY_MOST : bytes;
    for (const unsigned char *next; (next = find(from, at, "obj"));)
        from = next + 3;
    const unsigned char *to = end - at > DICTIONARY_MOST ? at + DICTIONARY_MOST : end;
    const unsigned char *stream = find(at, to, "stream");
    if (!stream)
        return LOOK_OPAQUE;
    int decoders = 0;
    for (; (from = memchr(from, '/', (size_t)(stream - from))); from++) {
        char name[NAME_MOST + 1];
        name_read(from + 1, stream, name);
        decoders += is_decoder(name) || strcmp(name, "Fl") == 0;
        if ((is_decoder(name) && strcmp(name, "FlateDecode") != 0) ||
            strcmp(name, "Predictor") == 0)
            return LOOK_OPAQUE;
    }
    return decoders == 1 ? LOOK_FINE : LOOK_OPAQUE;
}

/* All names from `bytes` on. `is_open`: of the file itself, not of something unpacked. */
static enum look names_judge(const unsigned char *bytes, size_t n, bool is_open)
{
    const unsigned char *end = bytes + n;
    for (const unsigned char *at = bytes; (at = memchr(at, '/', (size_t)(end - at))); at++) {
        char name[NAME_MOST + 1];
        name_read(at + 1, end, name);
        enum look look = name_judge(name);
        if (look == LOOK_FINE && is_open && strcmp(name, "ObjStm") == 0)
            look = packing_judge(bytes, at, end);
        if (look != LOOK_FINE)
            return look;
    }
    return LOOK_FINE;
}

static bool begins_with_number(const unsigned char *bytes, size_t n)
{
    size_t at = 0;
    while (at < n && is_white(bytes[at]))
        at++;
    return at == n || (bytes[at] >= '0' && bytes[at] <= '9') || strchr("+-%", bytes[at]) != NULL;
}

/* Window by window; what a broken stream gave before it broke is looked at too. */
static enum look unpack_and_judge(z_stream *z, size_t *left)
{
    unsigned char window[CARRIED + WINDOW];
    size_t carried = 0;
    bool is_first = true;
    for (int state = Z_OK; state == Z_OK; is_first = false) {
        z->next_out = window + carried;
        z->avail_out = WINDOW;
        state = inflate(z, Z_NO_FLUSH);
        size_t fresh = WINDOW - z->avail_out, length = carried + fresh;
        if (is_first && !begins_with_number(window, length))
            return LOOK_FINE;
        enum look look = names_judge(window, length, false);
        if (look != LOOK_FINE)
            return look;
        if (fresh > *left)
            return LOOK_OPAQUE;
        *left -= fresh;
        carried = length < CARRIED ? length : CARRIED;
        memmove(window, window + length - carried, carried);
    }
    return LOOK_FINE;
}

static enum look stream_judge(const unsigned char *bytes, size_t n, size_t *left)
{
    size_t begin = n > 1 && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 1;
    if (n < begin + 2 || !is_white(bytes[0]) || look_number(bytes + begin, 2) % 31 != 0)
        return LOOK_FINE;
    z_stream z = {.avail_in = n - begin > UINT32_MAX ? UINT32_MAX : (uInt)(n - begin)};
    z.next_in = (z_const Bytef *)(uintptr_t)(bytes + begin);
    if (inflateInit(&z) != Z_OK)
        return LOOK_BUSY;
    enum look look = unpack_and_judge(&z, left);
    inflateEnd(&z);
    return look;
}

static enum look streams_judge(const unsigned char *bytes, size_t n)
{
    const unsigned char *end = bytes + n;
    size_t left = UNPACKED_MOST;
    for (const unsigned char *at = bytes; (at = find(at, end, "stream"));) {
        at += strlen("stream");
        enum look look = stream_judge(at, (size_t)(end - at), &left);
        if (look != LOOK_FINE)
            return look;
    }
    return LOOK_FINE;
}

static const unsigned char *find_last(const unsigned char *bytes, size_t n, const char *word)
{
    const unsigned char *last = NULL, *end = bytes + n;
    for (const unsigned char *at = bytes; (at = find(at, end, word)); at++)
        last = at;
    return last;
}

enum look look_at_pdf(const unsigned char *bytes, size_t n)
{
    const unsigned char *end = find_last(bytes, n, "%%EOF");
    if (!end || !find(bytes, end, "startxref"))
        return LOOK_CUT_OFF;
    end += strlen("%%EOF");
    if (!look_is_blank(end, n - (size_t)(end - bytes)))
        return LOOK_TRAILING;
    enum look look = names_judge(bytes, n, true);
    return look != LOOK_FINE ? look : streams_judge(bytes, n);
}
