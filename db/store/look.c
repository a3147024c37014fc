#include "db/store/look.h"

#include <string.h>
#include <strings.h>

enum {
    HEAD = 64 * 1024,
    PDF_HEAD = 1024,           /* where readers look for a PDF's beginning */
    ZIP_TAIL = 22 + 64 * 1024, /* an archive's directory ends with at most so much comment */
};

uint32_t look_number(const unsigned char *bytes, size_t n)
{
    uint32_t number = 0;
    for (size_t i = 0; i < n; i++)
        number = number << 8 | bytes[i];
    return number;
}

bool look_is_blank(const unsigned char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (bytes[i] != '\0' && !strchr(" \t\r\n\f\v", bytes[i]))
            return false;
    }
    return true;
}

/* A tag, and not five bytes of a picture that look like one: something ends its name. */
static bool is_tag(const unsigned char *bytes, size_t n)
{
    static const char *const tags[] = {"<html", "<head", "<body",  "<script",   "<iframe",
                                       "<svg",  "<?php", "<style", "<!doctype", "<embed"};
    for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
        size_t length = strlen(tags[i]);
        if (n > length && strncasecmp((const char *)bytes, tags[i], length) == 0 &&
            strchr(" \t\r\n\f/>", bytes[length]))
            return true;
    }
    return false;
}

bool look_sees_signs(const unsigned char *bytes, size_t n)
{
    const unsigned char *end = bytes + n;
    for (const unsigned char *at = bytes; (at = memchr(at, '<', (size_t)(end - at))); at++) {
        if (is_tag(at, (size_t)(end - at)))
            return true;
    }
    return memmem(bytes, n, "PK\3\4", 4) || memmem(bytes, n, "%PDF-", 5);
}

static bool ends_as_archive(const unsigned char *bytes, size_t n)
{
    size_t tail = n < ZIP_TAIL ? n : ZIP_TAIL;
    return memmem(bytes + n - tail, tail, "PK\5\6\0\0\0\0", 8) != NULL;
}

/* The first bytes, whichever part of the format they are. A PDF says %PDF- once there itself. */
static bool head_is_mixed(const unsigned char *bytes, size_t n, enum kind kind)
{
    size_t own = kind == KIND_PDF ? 5 : 0;
    size_t head = n < PDF_HEAD ? n : PDF_HEAD;
    if (kind == KIND_PDF)
        head = n < HEAD ? n : HEAD;
    return look_sees_signs(bytes + own, head - own) || ends_as_archive(bytes, n);
}

static enum kind kind_of(const unsigned char *bytes, size_t n, const char *media_type)
{
    static const struct {
        const char *media_type, *head;
        size_t length;
    } kinds[] = {[KIND_PDF] = {"application/pdf", "%PDF-", 5},
                 [KIND_JPEG] = {"image/jpeg", "\xff\xd8\xff", 3},
                 [KIND_PNG] = {"image/png", "\x89PNG\r\n\x1a\n", 8}};
    for (enum kind kind = KIND_PDF; kind < KIND_END; kind++) {
        if (strcmp(media_type, kinds[kind].media_type) == 0 && n >= kinds[kind].length &&
            memcmp(bytes, kinds[kind].head, kinds[kind].length) == 0)
            return kind;
    }
    return KIND_NONE;
}

enum look look_at(const unsigned char *bytes, size_t n, const char *media_type, struct sight *out)
{
    enum look look = LOOK_STRANGE;
    *out = (struct sight){.kind = kind_of(bytes, n, media_type)};
    if (out->kind == KIND_PDF)
        look = look_at_pdf(bytes, n);
    else if (out->kind == KIND_JPEG)
        look = look_at_jpeg(bytes, n, out);
    else if (out->kind == KIND_PNG)
        look = look_at_png(bytes, n, out);
    if (look == LOOK_FINE && head_is_mixed(bytes, n, out->kind))
        look = LOOK_MIXED;
    if (look == LOOK_FINE && (uint64_t)out->width * out->height > PIXELS_MOST)
        look = LOOK_TOO_WIDE;
    return look;
}
