#include "models/catalog/catalog.h"

#include "db/uuid.h"
#include "gen/queries.h"

/* An id to create with: the client's own, when it is one that it may choose, or a new one. */
static enum err choose_id(struct tx *tx, const char *own, char made[UUID_TEXT], const char **out)
{
    if (own && !uuid_is_v7(own)) {
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    }
    *out = own ? own : uuid_make(tx->scope.now_us, made);
    return ERR_NONE;
}

enum err catalog_medicine_list(struct tx *tx, const struct catalog_filters *filters,
                               struct rows *out, int64_t *total)
{
    if (filters->q) {
        const struct q_catalog_medicine_search_args args = {
            .q = filters->q, .type = filters->type, .is_active = filters->is_active};
        return query_run_list(tx, &q_catalog_medicine_search, &args, out, total);
    }
    const struct q_catalog_medicine_list_args args = {.type = filters->type,
                                                      .is_active = filters->is_active};
    return query_run_list(tx, &q_catalog_medicine_list, &args, out, total);
}

enum err catalog_test_list(struct tx *tx, const struct catalog_filters *filters, struct rows *out,
                           int64_t *total)
{
    if (filters->q) {
        const struct q_catalog_test_search_args args = {
            .q = filters->q, .type = filters->type, .is_active = filters->is_active};
        return query_run_list(tx, &q_catalog_test_search, &args, out, total);
    }
    const struct q_catalog_test_list_args args = {.type = filters->type,
                                                  .is_active = filters->is_active};
    return query_run_list(tx, &q_catalog_test_list, &args, out, total);
}

enum err catalog_medicine_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_catalog_medicine_find_args args = {.id = id};
    return query_run(tx, &q_catalog_medicine_find, &args, out);
}

enum err catalog_test_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_catalog_test_find_args args = {.id = id};
    return query_run(tx, &q_catalog_test_find, &args, out);
}

enum err catalog_medicine_create(struct tx *tx, const char *id, const char *body, struct rows *out)
{
    char made[UUID_TEXT];
    struct q_catalog_medicine_create_args args = {.body = body};
    enum err err = choose_id(tx, id, made, &args.id);
    return err ? err : query_run(tx, &q_catalog_medicine_create, &args, out);
}

enum err catalog_test_create(struct tx *tx, const char *id, const char *body, struct rows *out)
{
    char made[UUID_TEXT];
    struct q_catalog_test_create_args args = {.body = body};
    enum err err = choose_id(tx, id, made, &args.id);
    return err ? err : query_run(tx, &q_catalog_test_create, &args, out);
}

enum err catalog_medicine_update(struct tx *tx, const char *id, const char *body, struct rows *out)
{
    const struct q_catalog_medicine_update_args args = {.id = id, .body = body};
    return query_run(tx, &q_catalog_medicine_update, &args, out);
}

enum err catalog_test_update(struct tx *tx, const char *id, const char *body, struct rows *out)
{
    const struct q_catalog_test_update_args args = {.id = id, .body = body};
    return query_run(tx, &q_catalog_test_update, &args, out);
}

enum err catalog_medicine_retire(struct tx *tx, const char *id)
{
    const struct q_catalog_medicine_retire_args args = {.id = id};
    return query_run(tx, &q_catalog_medicine_retire, &args, NULL);
}

enum err catalog_test_retire(struct tx *tx, const char *id)
{
    const struct q_catalog_test_retire_args args = {.id = id};
    return query_run(tx, &q_catalog_test_retire, &args, NULL);
}

enum err catalog_medicine_import(struct tx *tx, const char *body, const char *is_dry_run,
                                 struct rows *out)
{
    const struct q_catalog_medicine_import_args args = {.body = body, .is_dry_run = is_dry_run};
    return query_run(tx, &q_catalog_medicine_import, &args, out);
}

enum err catalog_load_defaults(struct tx *tx, struct rows *out)
{
    return query_run(tx, &q_catalog_load_defaults, NULL, out);
}
