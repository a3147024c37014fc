#include "openapi/bundle.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 64 };

static bool is_one_of(const char *text, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (strcmp(text, *words) == 0)
            return true;
    }
    return false;
}

/* What kind of number a plain scalar is: 'i', 'f' or 0. "007" is neither: it is a name. */
static char number_kind(const char *text)
{
    const char *p = text + (*text == '-' || *text == '+');
    size_t digits = strspn(p, "0123456789");
    char kind = 'i';

    if (digits > 1 && *p == '0')
        return 0;
    p += digits;
    if (*p == '.') {
        kind = 'f';
        size_t fraction = strspn(++p, "0123456789");
        digits += fraction;
        p += fraction;
    }
    if (digits == 0)
        return 0;
    if (*p == 'e' || *p == 'E') {
        kind = 'f';
        p += 1 + (p[1] == '-' || p[1] == '+');
        size_t exponent = strspn(p, "0123456789");
        if (exponent == 0)
            return 0;
        p += exponent;
    }
    return *p == '\0' ? kind : 0;
}

static json_t *number_value(struct bundle *bundle, const char *place, const char *text, char kind)
{
    errno = 0;
    if (kind == 'i') {
        long long number = strtoll(text, NULL, 10);
        if (errno == 0)
            return json_integer(number);
    } else {
        double number = strtod(text, NULL);
        if (isfinite(number))
            return json_real(number);
    }
    bundle_complain(bundle, place, "the number %s is too large", text);
    return NULL;
}

static json_t *scalar_value(struct bundle *bundle, const char *file, const yaml_node_t *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const trues[] = {"true", "True", "TRUE", NULL};
    static const char *const falses[] = {"false", "False", "FALSE", NULL};
    const char *text = (const char *)node->data.scalar.value;
    size_t length = node->data.scalar.length;
    json_auto_t *place = bundle_place(file, node);

    if (strlen(text) != length) {
        bundle_complain(bundle, json_string_value(place), "a NUL byte in a text");
        return NULL;
    }
    if (node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE) {
        if (is_one_of(text, nulls))
            return json_null();
        if (is_one_of(text, trues))
            return json_true();
        if (is_one_of(text, falses))
            return json_false();
        char kind = number_kind(text);
        if (kind != 0)
            return number_value(bundle, json_string_value(place), text, kind);
    }
    return json_stringn(text, length);
}

/* "shared.yaml#/components/schemas/Name" becomes "#/components/schemas/Name", and is remembered
 * with the file that must have it. */
static json_t *reference_value(struct bundle *bundle, const char *file, const yaml_node_t *node)
{
    static const char prefix[] = "#/components/";
    const char *text = (const char *)node->data.scalar.value;
    const char *hash = strchr(text, '#');
    json_auto_t *place = bundle_place(file, node);

    if (hash == NULL || strncmp(hash, prefix, sizeof prefix - 1) != 0) {
        bundle_complain(bundle, json_string_value(place),
                        "the reference %s does not name a component (file#/components/…)", text);
        return NULL;
    }
    json_array_append_new(
        bundle->refs,
        json_pack("{s:s, s:o, s:O}", "name", hash + sizeof prefix - 1, "file",
                  hash == text ? json_string(file) : json_stringn(text, (size_t)(hash - text)),
                  "place", place));
    return json_string(hash);
}

static json_t *mapping_value(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                             const yaml_node_t *node, int depth)
{
    json_t *object = json_object();

    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *key = bundle_key(bundle, file, yaml, pair);
        const yaml_node_t *value = yaml_document_get_node(yaml, pair->value);
        if (key == NULL)
            continue;
        if (json_object_get(object, key) != NULL) {
            json_auto_t *place = bundle_place(file, yaml_document_get_node(yaml, pair->key));
            bundle_complain(bundle, json_string_value(place), "the member %s is here twice", key);
        }
        bool is_ref = strcmp(key, "$ref") == 0 && value->type == YAML_SCALAR_NODE;
        json_t *made = is_ref ? reference_value(bundle, file, value)
                              : bundle_value(bundle, file, yaml, value, depth + 1);
        if (made != NULL)
            json_object_set_new(object, key, made);
    }
    return object;
}

json_t *bundle_value(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                     const yaml_node_t *node, int depth)
{
    if (depth > DEPTH_MAX) {
        json_auto_t *place = bundle_place(file, node);
        bundle_complain(bundle, json_string_value(place), "nested deeper than %d", DEPTH_MAX);
        return NULL;
    }
    if (node->type == YAML_SCALAR_NODE)
        return scalar_value(bundle, file, node);
    if (node->type == YAML_MAPPING_NODE)
        return mapping_value(bundle, file, yaml, node, depth);

    json_t *array = json_array();
    for (const yaml_node_item_t *item = node->data.sequence.items.start;
         item < node->data.sequence.items.top; item++) {
        json_t *made =
            bundle_value(bundle, file, yaml, yaml_document_get_node(yaml, *item), depth + 1);
        if (made != NULL)
            json_array_append_new(array, made);
    }
    return array;
}

const char *bundle_key(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                       const yaml_node_pair_t *pair)
{
    const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);

    if (key->type == YAML_SCALAR_NODE && strlen((char *)key->data.scalar.value) > 0)
        return (const char *)key->data.scalar.value;
    json_auto_t *place = bundle_place(file, key);
    bundle_complain(bundle, json_string_value(place), "a member's name must be a text");
    return NULL;
}

json_t *bundle_place(const char *file, const yaml_node_t *node)
{
    return json_sprintf("%s:%zu", file, node->start_mark.line + 1);
}
