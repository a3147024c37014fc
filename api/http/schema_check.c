#include "api/http/schema_parts.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { POINTER_TEXT = 512, CHOICES_TEXT = 400 };

/* Where we are: frames on the stack, made into a pointer only when there is a fault to tell. */
struct place {
    const struct place *up;
    const char *name; /* NULL: an index */
    size_t index;
};

struct checking {
    const char *prefix;
    enum schema_mode mode;
    struct fault *fault;
    pcre2_match_data *match; /* made with the first pattern */
    bool is_good;
};

static json_t *check(struct checking *checking, const struct schema *schema, json_t *value,
                     const struct place *place);

/* Appends "/name" of every frame, outermost first; what does not fit is left out. */
static size_t pointer_write(const struct place *place, char out[POINTER_TEXT], size_t at)
{
    if (place == NULL)
        return at;
    at = pointer_write(place->up, out, at);
    if (at > POINTER_TEXT - 32)
        return at;
    if (place->name == NULL)
        return at + (size_t)snprintf(out + at, 24, "/%zu", place->index);
    out[at++] = '/';
    for (const char *p = place->name; *p != '\0' && at < POINTER_TEXT - 32; p++) {
        if (*p == '~' || *p == '/') {
            out[at++] = '~';
            out[at++] = *p == '~' ? '0' : '1';
        } else {
            out[at++] = *p;
        }
    }
    out[at] = '\0';
    return at;
}

static void complain(struct checking *checking, const struct place *place, const char *code,
                     const char *detail)
{
    char pointer[POINTER_TEXT];
    size_t at = (size_t)snprintf(pointer, 64, "%.60s", checking->prefix);

    pointer_write(place, pointer, at);
    fault_add(checking->fault, pointer, code, "%s", detail);
    checking->is_good = false;
}

static void complain_size(struct checking *checking, const struct place *place, const char *code,
                          const char *format, size_t size)
{
    char detail[128];
    const char *s = size == 1 ? "" : "s";

    if (strcmp(code, "too-short") == 0 || strcmp(code, "too-long") == 0)
        snprintf(detail, sizeof detail, "must have at %s %zu character%s", format, size, s);
    else
        snprintf(detail, sizeof detail, "must have at %s %zu item%s", format, size, s);
    complain(checking, place, code, detail);
}

static void complain_choices(struct checking *checking, const struct place *place,
                             const json_t *choices)
{
    char detail[CHOICES_TEXT] = "must be one of";
    size_t at = strlen(detail), i;
    json_t *choice;

    json_array_foreach(choices, i, choice)
    {
        const char *text = json_is_string(choice) ? json_string_value(choice) : "null";
        if (json_is_number(choice) || json_is_boolean(choice))
            continue;
        if (at + strlen(text) + 3 < sizeof detail)
            at +=
                (size_t)snprintf(detail + at, sizeof detail - at, "%s %s", i > 0 ? "," : "", text);
    }
    complain(checking, place, "enum", detail);
}

static size_t code_points(const char *text, size_t length)
{
    size_t count = 0;
    for (size_t i = 0; i < length; i++)
        count += ((unsigned char)text[i] & 0xC0) != 0x80;
    return count;
}

static bool pattern_fits(struct checking *checking, const struct schema *schema, const char *text,
                         size_t length)
{
    if (checking->match == NULL)
        checking->match = pcre2_match_data_create(1, NULL);
    if (checking->match == NULL)
        abort();
    return pcre2_match(schema->pattern, (PCRE2_SPTR)text, length, 0, PCRE2_NO_UTF_CHECK,
                       checking->match, schema->limits) >= 0;
}

static void check_text(struct checking *checking, const struct schema *schema, const char *text,
                       size_t length, const struct place *place)
{
    size_t count = code_points(text, length);
    const char *fault = schema_characters_fault(schema->text, text, length);

    if (fault != NULL)
        complain(checking, place, "format", fault);
    if (count < schema->length_min)
        complain_size(checking, place, "too-short", "least", schema->length_min);
    if (count > schema->length_max) {
        complain_size(checking, place, "too-long", "most", schema->length_max);
        return; /* patterns and formats are run on bounded text only */
    }
    if (schema->pattern != NULL && !pattern_fits(checking, schema, text, length))
        complain(checking, place, "pattern", "does not have the right form");
    if (!schema_format_fits(schema->format, text, length)) {
        char detail[96];
        snprintf(detail, sizeof detail, "must be %s", schema_format_text(schema->format));
        complain(checking, place, "format", detail);
    }
}

static json_t *check_string(struct checking *checking, const struct schema *schema, json_t *value,
                            const struct place *place)
{
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    json_t *normal = NULL;

    /* A word from a list is that word; there is nothing to tidy. */
    bool is_free = schema->choices == NULL && schema->constant == NULL;
    if (checking->mode == SCHEMA_NORMALISE && is_free &&
        schema_characters_fault(schema->text, text, length) == NULL) {
        size_t tidy_length;
        char *tidy = schema_text_normalise(schema->text, text, length, &tidy_length);
        if (tidy != NULL) {
            normal = json_stringn(tidy, tidy_length);
            free(tidy);
            if (normal == NULL)
                abort();
            text = json_string_value(normal);
            length = tidy_length;
        }
        if (length == 0 && (schema->types & TYPE_NULL)) {
            json_decref(normal);
            return json_null();
        }
    }
    check_text(checking, schema, text, length, place);
    return normal;
}

static int number_compare(const json_t *a, const json_t *b)
{
    if (json_is_integer(a) && json_is_integer(b)) {
        json_int_t x = json_integer_value(a), y = json_integer_value(b);
        return (x > y) - (x < y);
    }
    double x = json_number_value(a), y = json_number_value(b);
    return (x > y) - (x < y);
}

static void check_number(struct checking *checking, const struct schema *schema,
                         const json_t *value, const struct place *place)
{
    char detail[64];

    if (schema->minimum != NULL && number_compare(value, schema->minimum) < 0) {
        snprintf(detail, sizeof detail, "must be at least %.15g",
                 json_number_value(schema->minimum));
        complain(checking, place, "too-small", detail);
    }
    if (schema->maximum != NULL && number_compare(value, schema->maximum) > 0) {
        snprintf(detail, sizeof detail, "must be at most %.15g",
                 json_number_value(schema->maximum));
        complain(checking, place, "too-large", detail);
    }
}

static bool is_unique(const json_t *array)
{
    for (size_t i = 1; i < json_array_size(array); i++) {
        for (size_t j = 0; j < i; j++) {
            if (json_equal(json_array_get(array, i), json_array_get(array, j)))
                return false;
        }
    }
    return true;
}

static void check_array(struct checking *checking, const struct schema *schema, json_t *array,
                        const struct place *place)
{
    size_t n = json_array_size(array);

    if (n < schema->items_min)
        complain_size(checking, place, "too-few-items", "least", schema->items_min);
    if (n > schema->items_max) {
        complain_size(checking, place, "too-many-items", "most", schema->items_max);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct place item = {place, NULL, i};
        json_t *normal = check(checking, schema->items, json_array_get(array, i), &item);
        if (normal != NULL)
            json_array_set_new(array, i, normal);
    }
    if (schema->is_unique && !is_unique(array))
        complain(checking, place, "not-unique", "must not have the same item twice");
}

static const struct member *member_find(const struct schema *schema, const char *name,
                                        size_t length)
{
    for (size_t i = 0; i < schema->members_n; i++) {
        const struct member *member = &schema->members[i];
        if (member->length == length && memcmp(member->name, name, length) == 0)
            return member;
    }
    return NULL;
}

static void fill_defaults(const struct schema *schema, json_t *object, uint64_t absent)
{
    for (size_t i = 0; i < schema->members_n; i++) {
        const struct member *member = &schema->members[i];
        if (absent >> i & 1)
            json_object_set_new(object, member->name, json_deep_copy(member->schema->fallback));
    }
}

static void check_object(struct checking *checking, const struct schema *schema, json_t *object,
                         const struct place *place)
{
    uint64_t seen = 0;

    if (json_object_size(object) < schema->members_min)
        complain(checking, place, "too-few-members", "must have a member");
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        struct place below = {place, name, 0};
        const struct member *member = member_find(schema, name, strlen(name));
        if (member == NULL) {
            if (!schema->is_open)
                complain(checking, &below, "unknown-member", "is not known here");
            continue;
        }
        seen |= UINT64_C(1) << (member - schema->members);
        json_t *normal = check(checking, member->schema, json_object_iter_value(at), &below);
        if (normal != NULL)
            json_object_iter_set_new(object, at, normal);
    }
    for (size_t i = 0; (schema->required & ~seen) >> i != 0 && i < schema->members_n; i++) {
        struct place below = {place, schema->members[i].name, 0};
        if ((schema->required & ~seen) >> i & 1)
            complain(checking, &below, "required", "is missing");
    }
    if (checking->mode == SCHEMA_NORMALISE && (schema->defaulted & ~seen))
        fill_defaults(schema, object, schema->defaulted & ~seen);
}

static unsigned type_of(const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_NULL:
        return TYPE_NULL;
    case JSON_TRUE:
    case JSON_FALSE:
        return TYPE_BOOLEAN;
    case JSON_INTEGER:
        return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL:
        return TYPE_NUMBER;
    case JSON_STRING:
        return TYPE_STRING;
    case JSON_ARRAY:
        return TYPE_ARRAY;
    case JSON_OBJECT:
        return TYPE_OBJECT;
    }
    return 0;
}

static bool is_choice(const json_t *choices, const json_t *value)
{
    for (size_t i = 0; i < json_array_size(choices); i++) {
        if (json_equal(json_array_get(choices, i), value))
            return true;
    }
    return false;
}

/* The normalised value as a new reference, or NULL when the value stays as it is. */
static json_t *check(struct checking *checking, const struct schema *schema, json_t *value,
                     const struct place *place)
{
    unsigned type = type_of(value);
    json_t *normal = NULL;

    if (!(type & schema->types)) {
        char detail[96];
        snprintf(detail, sizeof detail, "must be %s", schema_types_text(schema->types));
        complain(checking, place, "type", detail);
        return NULL;
    }
    if (type & TYPE_STRING)
        normal = check_string(checking, schema, value, place);
    else if (type & TYPE_NUMBER)
        check_number(checking, schema, value, place);
    else if (type & TYPE_ARRAY)
        check_array(checking, schema, value, place);
    else if (type & TYPE_OBJECT)
        check_object(checking, schema, value, place);

    if (schema->choices != NULL && !is_choice(schema->choices, value))
        complain_choices(checking, place, schema->choices);
    if (schema->constant != NULL && !json_equal(schema->constant, value))
        complain(checking, place, "enum", "is not the one value that is allowed");
    return normal;
}

bool schema_check(const struct schema *schema, json_t **value, const char *pointer,
                  enum schema_mode mode, struct fault *fault)
{
    struct checking checking = {pointer, mode, fault, NULL, true};
    json_t *normal = check(&checking, schema, *value, NULL);

    if (normal != NULL) {
        json_decref(*value);
        *value = normal;
    }
    pcre2_match_data_free(checking.match);
    return checking.is_good;
}

/* A whole number as people write it: "50", "-3"; not "+5", "05", "5.0". */
static json_t *integer_from(const char *text)
{
    const char *digits = text + (*text == '-');
    size_t n = strspn(digits, "0123456789");

    if (n == 0 || digits[n] != '\0' || (n > 1 && *digits == '0'))
        return NULL;
    errno = 0;
    long long number = strtoll(text, NULL, 10);
    return errno == 0 ? json_integer(number) : NULL;
}

static json_t *number_from(const char *text)
{
    json_t *whole = integer_from(text);
    size_t n = strspn(text, "-0123456789.");
    char *end;

    if (whole != NULL || n == 0 || text[n] != '\0')
        return whole;
    double number = strtod(text, &end);
    return *end == '\0' && isfinite(number) ? json_real(number) : NULL;
}

json_t *schema_value_from(unsigned types, const char *text)
{
    if (types & TYPE_STRING)
        return json_string(text);
    if (types & TYPE_INTEGER)
        return integer_from(text);
    if (types & TYPE_NUMBER)
        return number_from(text);
    if ((types & TYPE_BOOLEAN) && strcmp(text, "true") == 0)
        return json_true();
    if ((types & TYPE_BOOLEAN) && strcmp(text, "false") == 0)
        return json_false();
    return NULL;
}

json_t *schema_check_text(const struct schema *schema, const char *text, const char *pointer,
                          struct fault *fault)
{
    json_t *value = schema_value_from(schema->types, text);

    if (value == NULL) {
        bool is_text = schema->types & TYPE_STRING;
        fault_add(fault, pointer, "type", "must be %s",
                  is_text ? "UTF-8" : schema_types_text(schema->types));
        return NULL;
    }
    if (schema_check(schema, &value, pointer, SCHEMA_NORMALISE, fault))
        return value;
    json_decref(value);
    return NULL;
}
