#include "models/clinic/hours.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { POINTER_TEXT = 48 };

/* "09:00" sorts as text as it does as time. */
static bool is_before(const json_t *a, const char *member_a, const json_t *b, const char *member_b)
{
    return strcmp(json_string_value(json_object_get(a, member_a)),
                  json_string_value(json_object_get(b, member_b))) < 0;
}

static bool is_same_day(const json_t *a, const json_t *b)
{
    return json_equal(json_object_get(a, "day"), json_object_get(b, "day"));
}

void hours_check(const json_t *body, const char *member, const char *from, const char *to,
                 struct fault *fault)
{
    char pointer[POINTER_TEXT];
    const json_t *hours = json_object_get(body, member);
    for (size_t i = 0; i < json_array_size(hours); i++) {
        const json_t *entry = json_array_get(hours, i);
        if (!is_before(entry, from, entry, to)) {
            snprintf(pointer, sizeof pointer, "#/%s/%zu/%s", member, i, to);
            fault_add(fault, pointer, "too-small", "is not after the beginning");
        }
        for (size_t j = 0; j < i; j++) {
            const json_t *other = json_array_get(hours, j);
            if (!is_same_day(entry, other) || !is_before(entry, from, other, to) ||
                !is_before(other, from, entry, to))
                continue;
            snprintf(pointer, sizeof pointer, "#/%s/%zu", member, i);
            fault_add(fault, pointer, "overlap", "overlaps entry %zu", j);
            break;
        }
    }
}
