#include "models/clinic/hours.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { POINTER_TEXT = 48 };

static const char *member(const json_t *entry, const char *name)
{
    return json_string_value(json_object_get(entry, name));
}

/* "09:00" sorts as text as it does as time. */
static bool is_before(const char *a, const char *b)
{
    return strcmp(a, b) < 0;
}

static bool overlap(const json_t *a, const json_t *b)
{
    return strcmp(member(a, "day"), member(b, "day")) == 0 &&
           is_before(member(a, "opens"), member(b, "closes")) &&
           is_before(member(b, "opens"), member(a, "closes"));
}

void opening_hours_check(const json_t *hours, struct fault *fault)
{
    char pointer[POINTER_TEXT];
    for (size_t i = 0; i < json_array_size(hours); i++) {
        const json_t *entry = json_array_get(hours, i);
        if (!is_before(member(entry, "opens"), member(entry, "closes"))) {
            snprintf(pointer, sizeof pointer, "#/opening_hours/%zu/closes", i);
            fault_add(fault, pointer, "too-small", "is not after the opening");
        }
        for (size_t j = 0; j < i; j++) {
            if (!overlap(entry, json_array_get(hours, j)))
                continue;
            snprintf(pointer, sizeof pointer, "#/opening_hours/%zu", i);
            fault_add(fault, pointer, "overlap", "overlaps entry %zu", j);
            break;
        }
    }
}
