/* Reading facts: members of JSON that may be null or absent. For describe*.c. */
#ifndef API_DOCUMENT_FACTS_H
#define API_DOCUMENT_FACTS_H

#include "db/json.h"

static inline const json_t *fact(const json_t *facts, const char *name)
{
    return json_object_get(facts, name);
}

static inline const char *fact_text(const json_t *facts, const char *name)
{
    return json_member(facts, name);
}

static inline int fact_int(const json_t *facts, const char *name, int absent)
{
    const json_t *value = json_object_get(facts, name);
    return json_is_integer(value) ? (int)json_integer_value(value) : absent;
}

#endif
