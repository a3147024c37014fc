#include "api/http/schema_parts.h"
#include "db/uuid.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

const char *schema_types_text(unsigned types)
{
    static const struct {
        unsigned type;
        const char *alone, *or_null;
    } texts[] = {
        {TYPE_BOOLEAN, "true or false", "true, false or null"},
        {TYPE_INTEGER, "a whole number", "a whole number or null"},
        {TYPE_NUMBER, "a number", "a number or null"},
        {TYPE_STRING, "a string", "a string or null"},
        {TYPE_ARRAY, "an array", "an array or null"},
        {TYPE_OBJECT, "an object", "an object or null"},
    };

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (types & texts[i].type)
            return types & TYPE_NULL ? texts[i].or_null : texts[i].alone;
    }
    return "null";
}

const char *schema_format_text(enum format format)
{
    switch (format) {
    case FORMAT_NONE:
    case FORMAT_BINARY:
        break;
    case FORMAT_UUID:
        return "a UUID";
    case FORMAT_DATE:
        return "a date that exists (YYYY-MM-DD)";
    case FORMAT_DATE_TIME:
        return "an instant (YYYY-MM-DDThh:mm:ssZ)";
    case FORMAT_EMAIL:
        return "an e-mail address";
    case FORMAT_URI:
        return "an http or https address";
    }
    return "text";
}

static bool is_digits(const char *text, size_t n)
{
    return strspn(text, "0123456789") >= n;
}

/* Two digits between `least` and `most`. */
static bool is_pair(const char *text, int least, int most)
{
    if (!is_digits(text, 2))
        return false;
    int number = (text[0] - '0') * 10 + (text[1] - '0');
    return number >= least && number <= most;
}

/* "2026-11-22", and a day that the calendar has. The text may go on. */
static bool is_date(const char *text)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    if (!is_digits(text, 4) || text[4] != '-' || !is_pair(text + 5, 1, 12) || text[7] != '-' ||
        !is_pair(text + 8, 1, 31))
        return false;
    int year = 0;
    for (int i = 0; i < 4; i++)
        year = year * 10 + (text[i] - '0');
    int month = (text[5] - '0') * 10 + (text[6] - '0');
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return year > 0 && is_pair(text + 8, 1, days[month - 1] + (month == 2 && is_leap));
}

/* RFC 3339 with capital T and Z, at most six digits of a fraction: what we can keep. */
static bool is_date_time(const char *text)
{
    if (!is_date(text) || text[10] != 'T' || !is_pair(text + 11, 0, 23) || text[13] != ':' ||
        !is_pair(text + 14, 0, 59) || text[16] != ':' || !is_pair(text + 17, 0, 59))
        return false;
    const char *p = text + 19;
    if (*p == '.') {
        size_t digits = strspn(++p, "0123456789");
        if (digits < 1 || digits > 6)
            return false;
        p += digits;
    }
    if (strcmp(p, "Z") == 0)
        return true;
    return (*p == '+' || *p == '-') && is_pair(p + 1, 0, 23) && p[3] == ':' &&
           is_pair(p + 4, 0, 59) && p[6] == '\0';
}

/* Letters, digits, hyphens inside, bytes of UTF-8; labels of at most 63 bytes between dots. */
static bool is_host(const char *text, size_t length, bool needs_dot)
{
    size_t label = 0;
    bool has_dot = false;

    for (size_t i = 0; i <= length; i++) {
        if (i == length || text[i] == '.') {
            if (label == 0 || label > 63 || text[i - 1] == '-')
                return false;
            has_dot |= i < length;
            label = 0;
            continue;
        }
        unsigned char c = (unsigned char)text[i];
        bool is_alnum =
            (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
        if (!is_alnum && (c != '-' || label == 0))
            return false;
        label++;
    }
    return has_dot || !needs_dot;
}

static bool is_email(const char *text, size_t length)
{
    const char *at = strrchr(text, '@');

    if (at == NULL || at == text || at - text > 64 || at[-1] == '.' || text[0] == '.')
        return false;
    for (const char *p = text; p < at; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c == 0x7F || strchr("()<>[]\\,;:\"@", c) != NULL)
            return false;
        if (c == '.' && p[1] == '.')
            return false;
    }
    return is_host(at + 1, length - (size_t)(at + 1 - text), true);
}

static bool is_uri(const char *text)
{
    const char *host = NULL;

    if (strncmp(text, "https://", 8) == 0)
        host = text + 8;
    else if (strncmp(text, "http://", 7) == 0)
        host = text + 7;
    if (host == NULL)
        return false;
    for (const char *p = text; *p != '\0'; p++) {
        unsigned char c = (unsigned char)*p;
        if (c <= 0x20 || c == 0x7F || strchr("<>\"{}|\\^`", c) != NULL)
            return false;
    }
    size_t name = strcspn(host, ":/?#");
    const char *rest = host + name;
    if (*rest == ':') {
        size_t port = strspn(rest + 1, "0123456789");
        rest += 1 + port;
        if (port == 0 || port > 5 || (*rest != '\0' && strchr("/?#", *rest) == NULL))
            return false;
    }
    return is_host(host, name, false);
}

bool schema_format_fits(enum format format, const char *text, size_t length)
{
    switch (format) {
    case FORMAT_NONE:
    case FORMAT_BINARY:
        return true;
    case FORMAT_UUID:
        return uuid_is_valid(text);
    case FORMAT_DATE:
        return length == 10 && is_date(text);
    case FORMAT_DATE_TIME:
        return length >= 20 && is_date_time(text);
    case FORMAT_EMAIL:
        return is_email(text, length);
    case FORMAT_URI:
        return is_uri(text);
    }
    return false;
}

const char *schema_characters_fault(enum text kind, const char *text, size_t length)
{
    for (size_t i = 0; i < length && kind != TEXT_VERBATIM; i++) {
        unsigned char c = (unsigned char)text[i];
        bool is_c1 = c == 0xC2 && (unsigned char)text[i + 1] < 0xA0; /* U+0080 to U+009F */
        if ((c >= 0x20 && c != 0x7F && !is_c1))
            continue;
        if (kind == TEXT_MULTILINE && (c == '\t' || c == '\n' || c == '\r'))
            continue;
        return "must not have control characters";
    }
    return NULL;
}

/* Is it what we would store, as far as a glance can tell? Then no memory is needed. */
static bool is_plainly_normal(enum text kind, const char *text, size_t length)
{
    if (length == 0)
        return true;
    if (text[0] == ' ' || text[0] == '\n' || text[0] == '\t' || text[length - 1] == ' ' ||
        text[length - 1] == '\n' || text[length - 1] == '\t')
        return false;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c >= 0x80 || c == '\r' || (kind == TEXT_LINE && c == ' ' && text[i + 1] == ' '))
            return false;
    }
    return true;
}

static bool is_space(utf8proc_int32_t c)
{
    if (c < 0x80)
        return c == ' ' || c == '\n' || c == '\t';
    utf8proc_category_t category = utf8proc_category(c);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP;
}

/* In place: ends trimmed; in a line, runs of spaces of any kind become one; elsewhere every line
 * ends in \n alone. The text only ever gets shorter. */
static size_t tidy(enum text kind, char *text, size_t length)
{
    size_t out = 0, kept = 0; /* kept: up to the last thing that is no space */
    bool is_after_space = false;

    for (size_t at = 0; at < length;) {
        utf8proc_int32_t c;
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text + at,
                                              (utf8proc_ssize_t)(length - at), &c);
        if (n <= 0)
            break;
        if (c == '\r') {
            if (text[at + 1] != '\n')
                text[out++] = '\n';
        } else if (is_space(c) && kind == TEXT_LINE) {
            if (out > 0 && !is_after_space)
                text[out++] = ' ';
        } else if (!is_space(c) || out > 0) {
            memmove(text + out, text + at, (size_t)n);
            out += (size_t)n;
        }
        is_after_space = is_space(c) || c == '\r';
        if (!is_after_space)
            kept = out;
        at += (size_t)n;
    }
    text[kept] = '\0';
    return kept;
}

char *schema_text_normalise(enum text kind, const char *text, size_t length, size_t *normal_length)
{
    if (kind == TEXT_VERBATIM || is_plainly_normal(kind, text, length))
        return NULL;

    utf8proc_uint8_t *composed = NULL;
    utf8proc_ssize_t n =
        utf8proc_map((const utf8proc_uint8_t *)text, (utf8proc_ssize_t)length, &composed,
                     (utf8proc_option_t)(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
    if (n < 0 || composed == NULL) {
        if (n == UTF8PROC_ERROR_NOMEM)
            abort();
        free(composed);
        return NULL;
    }
    *normal_length = tidy(kind, (char *)composed, (size_t)n);
    if (*normal_length == length && memcmp(composed, text, length) == 0) {
        free(composed);
        return NULL;
    }
    return (char *)composed;
}
