#include "models/template/template.h"

#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"

static void check_id(struct fault *fault, const json_t *body, const char *pointer)
{
    const char *id = json_member(body, "id");
    if (id && !uuid_is_v7(id))
        fault_add(fault, pointer, "format", "is not a UUID version 7");
}

static void check_line_ids(struct fault *fault, const json_t *body, const char *list)
{
    size_t i;
    const json_t *line;
    json_array_foreach(json_object_get(body, list), i, line)
        check_id(fault, line, arena_format(fault->arena, "#/%s/%zu/id", list, i));
}

static enum err refuse(struct fault *fault)
{
    return fault->flaws_n ? fail(fault, ERR_INPUT, "validation-failed", NULL) : ERR_NONE;
}

/* The client's own, or a new one in `made`. */
static const char *id_of(struct tx *tx, const json_t *body, char made[UUID_TEXT])
{
    const char *id = json_member(body, "id");
    return id ? id : uuid_make(tx->scope.now_us, made);
}

enum err template_list(struct tx *tx, const struct template_filters *filters, struct rows *out,
                       int64_t *total)
{
    const struct q_template_list_args args = {
        .q = filters->q, .mine = filters->mine, .active = filters->active};
    return query_run_list(tx, &q_template_list, &args, out, total);
}

enum err template_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_template_find_args args = {.id = id};
    return query_run(tx, &q_template_find, &args, out);
}

enum err template_create(struct tx *tx, const json_t *body, struct rows *out)
{
    char made[UUID_TEXT];
    check_id(tx->fault, body, "#/id");
    check_line_ids(tx->fault, body, "medicines");
    check_line_ids(tx->fault, body, "tests");
    enum err err = refuse(tx->fault);
    const struct q_template_create_args args = {.id = id_of(tx, body, made),
                                                .body = json_text(tx->fault->arena, body)};
    return err ? err : query_run(tx, &q_template_create, &args, out);
}

enum err template_update(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_template_update_args args = {.id = id,
                                                .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_template_update, &args, out);
}

enum err template_delete(struct tx *tx, const char *id)
{
    const struct q_template_delete_args args = {.id = id};
    return query_run(tx, &q_template_delete, &args, NULL);
}

enum err template_add(struct tx *tx, const char *id, enum template_line kind, json_t *body,
                      struct rows *out)
{
    char made[UUID_TEXT];
    check_id(tx->fault, body, "#/id");
    enum err err = refuse(tx->fault);
    if (err)
        return err;
    const char *line_id = id_of(tx, body, made);
    json_object_set_new(body, "id", json_string(line_id));
    const char *lines = arena_format(tx->fault->arena, "[%s]", json_text(tx->fault->arena, body));
    const struct q_template_lines_add_args args = {
        .id = id,
        .medicines = kind == TEMPLATE_MEDICINE ? lines : NULL,
        .tests = kind == TEMPLATE_TEST ? lines : NULL,
        .made_id = json_string_value(json_object_get(body, "id")),
    };
    return query_run(tx, &q_template_lines_add, &args, out);
}

enum err template_change(struct tx *tx, const char *id, enum template_line kind,
                         const char *line_id, const json_t *body, struct rows *out)
{
    const char *text = json_text(tx->fault->arena, body);
    const struct q_template_medicine_update_args medicine = {
        .id = id, .line_id = line_id, .body = text};
    const struct q_template_test_update_args test = {.id = id, .line_id = line_id, .body = text};
    return kind == TEMPLATE_MEDICINE ? query_run(tx, &q_template_medicine_update, &medicine, out)
                                     : query_run(tx, &q_template_test_update, &test, out);
}

enum err template_remove(struct tx *tx, const char *id, enum template_line kind,
                         const char *line_id, struct rows *out)
{
    const struct q_template_medicine_delete_args medicine = {.id = id, .line_id = line_id};
    const struct q_template_test_delete_args test = {.id = id, .line_id = line_id};
    return kind == TEMPLATE_MEDICINE ? query_run(tx, &q_template_medicine_delete, &medicine, out)
                                     : query_run(tx, &q_template_test_delete, &test, out);
}

enum err template_apply(struct tx *tx, const char *timezone, const char *prescription_id,
                        const json_t *body, struct rows *out)
{
    const struct q_template_apply_args args = {
        .timezone = timezone,
        .id = prescription_id,
        .template_id = json_member(body, "template_id"),
        .skip_duplicates = json_is_true(json_object_get(body, "skip_duplicates")) ? "t" : "f",
    };
    return query_run(tx, &q_template_apply, &args, out);
}

enum err template_save(struct tx *tx, const char *prescription_id, const json_t *body,
                       struct rows *out)
{
    char made[UUID_TEXT];
    const struct q_template_save_args args = {.id = prescription_id,
                                              .template_id = uuid_make(tx->scope.now_us, made),
                                              .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_template_save, &args, out);
}
