#include "models/doctor/doctor.h"

#include "db/uuid.h"
#include "gen/queries.h"

#include <stdlib.h>
#include <string.h>

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member)); /* NULL: absent or null */
}

static const char *json_text(struct tx *tx, const json_t *body)
{
    char *text = json_dumps(body, JSON_COMPACT);
    arena_defer(tx->fault->arena, free, text);
    return text;
}

enum err doctor_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_doctor_find_args args = {.id = id};
    return query_run(tx, &q_doctor_find, &args, out);
}

enum err doctor_list(struct tx *tx, const struct doctor_filters *filters, struct rows *out,
                     int64_t *total)
{
    const struct q_doctor_list_args args = {.q = filters->q,
                                            .availability_status = filters->availability_status,
                                            .is_active = filters->is_active};
    return query_run_list(tx, &q_doctor_list, &args, out, total);
}

static bool overlap(const json_t *a, const json_t *b)
{
    return strcmp(text_of(a, "day"), text_of(b, "day")) == 0 &&
           strcmp(text_of(a, "from"), text_of(b, "to")) < 0 &&
           strcmp(text_of(b, "from"), text_of(a, "to")) < 0;
}

/* "09:00" sorts as text as it does as a time. */
static void check_hours(struct fault *fault, const json_t *hours)
{
    size_t i;
    json_t *one;
    json_array_foreach(hours, i, one)
    {
        const char *pointer = arena_format(fault->arena, "#/office_hours/%zu", i);
        if (strcmp(text_of(one, "from"), text_of(one, "to")) >= 0)
            fault_add(fault, pointer, "ends-before-it-begins", "ends before it begins");
        for (size_t j = 0; j < i; j++)
            if (overlap(one, json_array_get(hours, j)))
                fault_add(fault, pointer, "overlaps", "overlaps the hours at %zu", j);
    }
}

enum err doctor_check(struct fault *fault, const json_t *body)
{
    const char *id = text_of(body, "id");
    if (id && !uuid_is_v7(id))
        fault_add(fault, "#/id", "format", "is not a UUID version 7");
    check_hours(fault, json_object_get(body, "office_hours"));
    return fault->flaws_n ? fail(fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

enum err doctor_create(struct tx *tx, const json_t *body, const char *password_hash,
                       struct rows *out)
{
    char made[UUID_TEXT];
    const char *id = text_of(body, "id");
    const struct q_doctor_create_args args = {
        .id = id ? id : uuid_make(tx->scope.now_us, made),
        .body = json_text(tx, body),
        .password_hash = password_hash,
    };
    return query_run(tx, &q_doctor_create, &args, out);
}

enum err doctor_update(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_doctor_update_args args = {.id = id, .body = json_text(tx, body)};
    return query_run(tx, &q_doctor_update, &args, out);
}
