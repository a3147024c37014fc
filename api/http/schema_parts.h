/* What a compiled schema is made of: for the files that make, walk and fill it. */
#ifndef API_HTTP_SCHEMA_PARTS_H
#define API_HTTP_SCHEMA_PARTS_H

#define PCRE2_CODE_UNIT_WIDTH 8

#include "api/http/schema.h"

#include <pcre2.h>
#include <stdint.h>

enum type {
    TYPE_NULL = 1 << 0,
    TYPE_BOOLEAN = 1 << 1,
    TYPE_INTEGER = 1 << 2,
    TYPE_NUMBER = 1 << 3,
    TYPE_STRING = 1 << 4,
    TYPE_ARRAY = 1 << 5,
    TYPE_OBJECT = 1 << 6,
};

enum format {
    FORMAT_NONE,
    FORMAT_UUID,
    FORMAT_DATE,
    FORMAT_DATE_TIME,
    FORMAT_EMAIL,
    FORMAT_URI,
    FORMAT_BINARY, /* a file's bytes, which are never here: nothing is asked of them */
};

enum text { TEXT_LINE, TEXT_MULTILINE, TEXT_VERBATIM };

enum { MEMBERS_MAX = 64 }; /* one bit each */

struct member {
    const char *name;
    size_t length;
    const struct schema *schema;
};

struct schema {
    unsigned types;

    struct member *members;
    size_t members_n;
    uint64_t required;  /* one bit a member */
    uint64_t defaulted; /* those whose schema has a default */
    size_t members_min;
    bool is_open;

    const struct schema *items;
    size_t items_min, items_max;
    bool is_unique;

    size_t length_min, length_max;
    enum format format;
    enum text text;
    pcre2_code *pattern;
    pcre2_match_context *limits;
    const char *pattern_text;

    const json_t *minimum, *maximum; /* NULL: none */

    json_t *choices; /* array, or NULL */
    json_t *constant;
    json_t *fallback;
};

/* The value that a text spells for one of these types: "50", "true"; NULL: it spells none. A new
 * reference. */
json_t *schema_value_from(unsigned types, const char *text);

/* "a string", "an integer or null": for the sentence of a fault. */
const char *schema_types_text(unsigned types);

/* Is the text (NUL-terminated, `length` bytes of UTF-8) what the format says? */
bool schema_format_fits(enum format format, const char *text, size_t length);
const char *schema_format_text(enum format format); /* "a date (YYYY-MM-DD)" */

/* What is wrong with the characters of a text, or NULL: control characters. */
const char *schema_characters_fault(enum text kind, const char *text, size_t length);

/* The text as we store it, or NULL when it is that already. To be freed with free(). */
char *schema_text_normalise(enum text kind, const char *text, size_t length, size_t *normal_length);

#endif
