/* Where a picture ends is said by its own parts: PNG's chunks, JPEG's markers. */
#include "db/store/look.h"

#include <string.h>
#include <zlib.h>

enum { PNG_SIGNATURE = 8, PNG_FRAME = 12, PNG_HEADER = 13 };

static bool is_letter(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool chunk_is_named(const unsigned char *chunk)
{
    return is_letter(chunk[4]) && is_letter(chunk[5]) && is_letter(chunk[6]) && is_letter(chunk[7]);
}

static bool chunk_is(const unsigned char *chunk, const char *name)
{
    return memcmp(chunk + 4, name, 4) == 0;
}

static bool size_take(uint32_t width, uint32_t height, struct sight *out)
{
    out->width = width;
    out->height = height;
    return width > 0 && height > 0 && width <= INT32_MAX && height <= INT32_MAX;
}

/* The next chunk of the picture: its length by its own word, checked against its sum. */
static enum look chunk_read(const unsigned char *chunk, size_t n, size_t *length)
{
    if (n < PNG_FRAME)
        return LOOK_CUT_OFF;
    size_t data = look_number(chunk, 4);
    if (data > INT32_MAX || !chunk_is_named(chunk))
        return LOOK_BROKEN;
    if (n - PNG_FRAME < data)
        return LOOK_CUT_OFF;
    if (crc32_z(0, chunk + 4, data + 4) != look_number(chunk + 8 + data, 4))
        return LOOK_BROKEN;
    *length = data;
    return LOOK_FINE;
}

enum look look_at_png(const unsigned char *bytes, size_t n, struct sight *out)
{
    bool has_header = false, has_picture = false;
    for (size_t at = PNG_SIGNATURE, length; at <= n; at += PNG_FRAME + length) {
        const unsigned char *chunk = bytes + at;
        enum look look = chunk_read(chunk, n - at, &length);
        if (look != LOOK_FINE)
            return look;
        if (chunk_is(chunk, "IHDR") == has_header) /* it comes first and once */
            return LOOK_BROKEN;
        if (!has_header) {
            has_header = true;
            if (length != PNG_HEADER ||
                !size_take(look_number(chunk + 8, 4), look_number(chunk + 12, 4), out))
                return LOOK_BROKEN;
        } else if (chunk_is(chunk, "IDAT")) {
            has_picture = true;
        } else if (chunk_is(chunk, "IEND")) {
            at += PNG_FRAME + length;
            return length > 0 || !has_picture          ? LOOK_BROKEN
                   : look_is_blank(bytes + at, n - at) ? LOOK_FINE
                                                       : LOOK_TRAILING;
        } else if (look_sees_signs(chunk + 8, length)) {
            return LOOK_MIXED;
        }
    }
    return LOOK_CUT_OFF;
}

enum {
    JPEG_SOF0 = 0xC0,
    JPEG_DHT = 0xC4,
    JPEG_JPG = 0xC8,
    JPEG_DAC = 0xCC,
    JPEG_SOF15 = 0xCF,
    JPEG_RST0 = 0xD0,
    JPEG_RST7 = 0xD7,
    JPEG_SOI = 0xD8,
    JPEG_EOI = 0xD9,
    JPEG_SOS = 0xDA,
    JPEG_TEM = 0x01,
};

static bool is_frame(unsigned char marker)
{
    return marker >= JPEG_SOF0 && marker <= JPEG_SOF15 && marker != JPEG_DHT &&
           marker != JPEG_JPG && marker != JPEG_DAC;
}

static bool is_alone(unsigned char marker)
{
    return marker == JPEG_TEM || (marker >= JPEG_RST0 && marker <= JPEG_RST7);
}

/* Over the bits of a scan, to the marker that ends it. */
static size_t scan_end(const unsigned char *bytes, size_t n, size_t at)
{
    while (at + 1 < n) {
        const unsigned char *found = memchr(bytes + at, 0xFF, n - 1 - at);
        if (!found)
            return n;
        unsigned char next = found[1];
        at = (size_t)(found - bytes);
        if (next != 0 && !(next >= JPEG_RST0 && next <= JPEG_RST7))
            return at;
        at += 2;
    }
    return n;
}

/* A segment with a length: of a frame the size is taken, all others are looked through. */
static enum look segment_read(unsigned char marker, const unsigned char *segment, size_t length,
                              bool *has_frame, struct sight *out)
{
    enum { FRAME_LEAST = 8 };
    if (!is_frame(marker))
        return look_sees_signs(segment, length) ? LOOK_MIXED : LOOK_FINE;
    if (*has_frame || length < FRAME_LEAST)
        return LOOK_BROKEN;
    *has_frame = true;
    return size_take(look_number(segment + 5, 2), look_number(segment + 3, 2), out) ? LOOK_FINE
                                                                                    : LOOK_BROKEN;
}

/* One picture from `at`, which is behind its SOI, to behind its EOI. */
static enum look picture_read(const unsigned char *bytes, size_t n, size_t *at, struct sight *out)
{
    bool has_frame = false, has_scan = false;
    while (n - *at >= 2) {
        if (bytes[*at] != 0xFF)
            return LOOK_BROKEN;
        unsigned char marker = bytes[++*at];
        if (marker == 0xFF) /* filling */
            continue;
        ++*at;
        if (marker == JPEG_EOI)
            return has_scan ? LOOK_FINE : LOOK_BROKEN;
        if (is_alone(marker))
            continue;
        if (marker == 0 || marker == JPEG_SOI)
            return LOOK_BROKEN;
        size_t length = n - *at < 2 ? SIZE_MAX : look_number(bytes + *at, 2);
        if (length > n - *at)
            return LOOK_CUT_OFF;
        enum look look =
            length < 2 ? LOOK_BROKEN : segment_read(marker, bytes + *at, length, &has_frame, out);
        if (look != LOOK_FINE)
            return look;
        *at += length;
        if (marker != JPEG_SOS)
            continue;
        if (!has_frame)
            return LOOK_BROKEN;
        has_scan = true;
        *at = scan_end(bytes, n, *at);
    }
    return LOOK_CUT_OFF;
}

/* Telephones put more pictures behind the first (a preview, a map of the brightness). Whole ones
 * are welcome; anything else is not. */
enum look look_at_jpeg(const unsigned char *bytes, size_t n, struct sight *out)
{
    struct sight other;
    size_t at = 2;
    enum look look = picture_read(bytes, n, &at, out);
    while (look == LOOK_FINE && !look_is_blank(bytes + at, n - at)) {
        while (bytes[at] == '\0')
            at++;
        if (n - at < 3 || memcmp(bytes + at, "\xff\xd8\xff", 3) != 0)
            return LOOK_TRAILING;
        at += 2;
        look = picture_read(bytes, n, &at, &other);
    }
    return look;
}
