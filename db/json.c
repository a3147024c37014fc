#include "db/json.h"

#include <stdlib.h>

enum { DIGITS = 15 };

const char *json_text(struct arena *arena, const json_t *json)
{
    char *text = json ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(DIGITS)) : NULL;
    arena_defer(arena, free, text);
    return text;
}

const char *json_member(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}
