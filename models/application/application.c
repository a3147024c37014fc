#include "models/application/application.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/clinic.h"

enum err application_create(struct tx *tx, const json_t *clinic, struct rows *out)
{
    char id[UUID_TEXT];
    const char *text = json_text(tx->fault->arena, clinic);
    const struct q_application_create_args args = {.id = uuid_make(tx->scope.now_us, id),
                                                   .clinic_body = text};
    return query_run(tx, &q_application_create, &args, out);
}

enum err application_list(struct tx *tx, const char *status, struct rows *out, int64_t *total)
{
    const struct q_application_list_args args = {.status = status};
    return query_run_list(tx, &q_application_list, &args, out, total);
}

enum err application_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_application_find_args args = {.id = id};
    return query_run(tx, &q_application_find, &args, out);
}

enum err application_approve(struct tx *tx, const char *id, json_t *terms,
                             const char *password_hash, const char **admin_username,
                             struct rows *out)
{
    struct arena *arena = tx->fault->arena;
    struct rows decided;
    const struct q_application_decide_args args = {
        .id = id,
        .decision = "approved",
        .slug = json_string_value(json_object_get(terms, "slug")),
    };
    enum err err = query_run(tx, &q_application_decide, &args, &decided);
    if (err)
        return err;
    json_t *clinic = arena_json(arena, json_loads(rows_text(&decided, 0, "clinic"), 0, NULL));
    json_object_update(clinic, terms);
    json_object_set_new(clinic, "is_active", json_true());
    const char *username = clinic_admin_username(arena, clinic);
    err = clinic_create(tx, clinic, username, password_hash, out);
    if (!err)
        *admin_username = username;
    return err;
}

enum err application_reject(struct tx *tx, const char *id, const char *reason, struct rows *out)
{
    const struct q_application_decide_args args = {
        .id = id, .decision = "rejected", .reason = reason};
    return query_run(tx, &q_application_decide, &args, out);
}
