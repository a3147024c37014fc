#include "tests/harness/records.h"

#include "tests/harness/die.h"

#include <string.h>

json_t *records_read(struct arena *arena)
{
    json_error_t error;
    json_t *records = json_loads(source_read(arena, "tests/harness/records.json"), 0, &error);
    if (!records)
        die("records.json:%d: %s", error.line, error.text);
    return arena_json(arena, records);
}

/* What `map` says of the parameter that begins `n` bytes into the path. */
static const json_t *of_parameter(const json_t *records, const char *map, const char *path,
                                  size_t n)
{
    const char *key;
    json_t *value;
    json_object_foreach(json_object_get(records, map), key,
                        value) if (strlen(key) == n && strncmp(path, key, n) == 0) return value;
    return NULL;
}

/* The first parameter that is not {slug}; 0: there is none. */
static size_t first_parameter(const char *path)
{
    const char *at = path;
    while ((at = strchr(at, '{')) && strncmp(at, "{slug}", 6) == 0)
        at++;
    return at ? (size_t)(at - path) : 0;
}

const json_t *records_of(const json_t *records, const char *path)
{
    size_t n = first_parameter(path);
    if (n == 0 || of_parameter(records, "platform", path, n) ||
        of_parameter(records, "words", path, n))
        return NULL;
    const json_t *list = of_parameter(records, "records", path, n);
    if (!list)
        die("tests/harness/records.json knows no record for %s", path);
    return list;
}

void records_value(struct buf *out, const json_t *records, const char *path, size_t n,
                   const struct seed *owner, size_t index)
{
    char id[UUID_TEXT];
    const json_t *list = of_parameter(records, "records", path, n);
    const json_t *platform = of_parameter(records, "platform", path, n);
    const json_t *word = of_parameter(records, "words", path, n);
    if (list) {
        size_t last = json_array_size(list) - 1;
        int number = (int)json_integer_value(json_array_get(list, index < last ? index : last));
        buf_text(out, seed_id(owner, number, id));
    } else if (platform) {
        buf_text(out, seed_platform_id((int)json_integer_value(platform), id));
    } else if (word) {
        buf_text(out, json_string_value(word));
    } else {
        die("tests/harness/records.json knows nothing for %s", path);
    }
}

const char *records_path(struct arena *arena, const json_t *records, const char *path,
                         const char *slug, const struct seed *owner, size_t index, size_t part)
{
    struct buf out;
    bool is_first = true;
    buf_begin(&out, arena, 128);
    for (const char *at = path; *at;) {
        if (*at != '{') {
            buf_char(&out, *at++);
            continue;
        }
        if (strncmp(at, "{slug}", 6) == 0) {
            buf_text(&out, slug);
        } else {
            records_value(&out, records, path, (size_t)(at - path), owner, is_first ? index : part);
            is_first = false;
        }
        at = strchr(at, '}') + 1;
    }
    return out.text;
}

bool records_say(const json_t *records, const char *list, int id)
{
    size_t i;
    json_t *number;
    json_array_foreach(json_object_get(records, list), i,
                       number) if (json_integer_value(number) == id) return true;
    return false;
}

static bool is_named(const json_t *pattern, const char *text)
{
    const char *name = json_string_value(pattern);
    size_t n = name ? strcspn(name, "*") : 0;
    return name && (name[n] ? strncmp(name, text, n) == 0 : strcmp(name, text) == 0);
}

const json_t *records_outcome(const json_t *records, const char *operation, const char *role,
                              int id, const char **why)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(records, "outcomes"), i, row)
    {
        const json_t *of = json_array_get(row, 2);
        if (!is_named(json_array_get(row, 0), operation) ||
            !is_named(json_array_get(row, 1), role) ||
            !(json_is_string(of) || json_integer_value(of) == id))
            continue;
        *why = json_string_value(json_array_get(row, 4));
        return json_array_get(row, 3);
    }
    return NULL;
}

bool records_refer(const json_t *records, json_t *body, const struct seed *owner)
{
    const json_t *references = json_object_get(records, "references");
    bool is_any = false;
    char id[UUID_TEXT];
    const char *name;
    size_t i;
    json_t *value;
    json_array_foreach(body, i, value) is_any = records_refer(records, value, owner) || is_any;
    json_object_foreach(body, name, value)
    {
        const json_t *number = json_object_get(references, name);
        if (!number || !json_is_string(value)) {
            is_any = records_refer(records, value, owner) || is_any;
            continue;
        }
        json_string_set(value, seed_id(owner, (int)json_integer_value(number), id));
        is_any = true;
    }
    return is_any;
}
