#include "api/http/labels.h"

static size_t values_n(const json_t *values)
{
    size_t n = 0, i;
    const json_t *value;
    json_array_foreach(values, i, value) n += json_is_string(value);
    return n;
}

static bool are_labels(const json_t *labels, size_t n)
{
    size_t i;
    const json_t *label;
    json_array_foreach(labels, i, label) if (json_string_length(label) == 0) return false;
    return json_is_array(labels) && json_array_size(labels) == n;
}

const char *labels_fault(const json_t *schema)
{
    const json_t *labels = json_object_get(schema, "x-labels");
    size_t n = values_n(json_object_get(schema, "enum"));
    if (n == 0)
        return "is for a list of words";
    if (json_object_size(labels) != LANGUAGES)
        return "must have every language and no other";
    for (int i = 0; i < LANGUAGES; i++)
        if (!are_labels(json_object_get(labels, language_tag((enum language)i)), n))
            return "must have one text a value in every language";
    return NULL;
}

void labels_render(struct buf *out, const json_t *schema, enum language language)
{
    const json_t *labels =
        json_object_get(json_object_get(schema, "x-labels"), language_tag(language));
    size_t i, at = 0;
    const json_t *value;
    buf_char(out, '[');
    json_array_foreach(json_object_get(schema, "enum"), i, value)
    {
        if (!json_is_string(value))
            continue;
        buf_text(out, at ? ",{\"value\":" : "{\"value\":");
        buf_json_string(out, json_string_value(value));
        buf_text(out, ",\"label\":");
        buf_json_string(out, json_string_value(json_array_get(labels, at++)));
        buf_char(out, '}');
    }
    buf_char(out, ']');
}
