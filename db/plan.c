#include "db/plan.h"

#include "db/clock.h"
#include "db/uuid.h"
#include "gen/queries.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *number(struct arena *arena, int64_t value)
{
    return arena_format(arena, "%" PRId64, value);
}

void plan_reserved(const struct tx *tx, const char *reserved[RESERVED_COUNT])
{
    struct arena *arena = tx->fault->arena;
    const struct scope *scope = &tx->scope;
    const struct page *page = &scope->page;
    char *now = arena_take(arena, CLOCK_TEXT);
    char *audit_id = arena_take(arena, UUID_TEXT);
    clock_text(scope->now_us, 6, now);
    uuid_make(scope->now_us, audit_id);
    reserved[RESERVED_CLINIC] = number(arena, scope->clinic_id);
    reserved[RESERVED_PATIENT] = scope->patient_id;
    reserved[RESERVED_NOW] = now;
    reserved[RESERVED_ACTOR_KIND] = scope->actor_kind;
    reserved[RESERVED_ACTOR_ID] = scope->actor_id;
    reserved[RESERVED_ACTOR_NAME] = scope->actor_name;
    reserved[RESERVED_ACTOR_ROLE] = scope->actor_role;
    reserved[RESERVED_OPERATION] = scope->operation;
    reserved[RESERVED_REQUEST_ID] = scope->request_id;
    reserved[RESERVED_CLIENT_ADDRESS] = scope->client_address;
    reserved[RESERVED_IF_MATCH] = scope->has_if_match ? number(arena, scope->if_match) : NULL;
    for (int i = 0; i < QUERY_KEYS_MAX; i++)
        reserved[RESERVED_AFTER_1 + i] = page->has_after ? page->after[i] : NULL;
    reserved[RESERVED_LIMIT] = number(arena, page->limit + 1);
    reserved[RESERVED_AUDIT_ID] = audit_id;
    reserved[RESERVED_AUDIT_STATUS] = number(arena, tx->audit_status);
    reserved[RESERVED_KEY_PRINCIPAL] = tx->idempotency.principal;
    reserved[RESERVED_KEY_HASH] = tx->idempotency.key_hash;
    reserved[RESERVED_KEY_DIGEST] = tx->idempotency.body_digest;
    reserved[RESERVED_KEY_SECRET] = tx->idempotency.sealed_secret;
}

static void add(struct plan *plan, const struct statement *statement, const void *args)
{
    plan->steps[plan->n++] = (struct step){.statement = statement, .args = args};
}

void plan_add(struct plan *plan, const struct query *query, const void *args)
{
    add(plan, query->plain, args);
}

const struct statement *plan_form(const struct query *query, const struct statement *forms,
                                  const struct page *page)
{
    if (!forms || !query->sorts_n)
        return forms;
    int sort = 0;
    while (page->sort && sort < query->sorts_n && strcmp(query->sorts[sort], page->sort) != 0)
        sort++;
    return sort < query->sorts_n ? &forms[sort * 2 + (page->has_after ? 1 : 0)] : NULL;
}

static const char *cell(const PGresult *result, const char *column)
{
    int at = column ? PQfnumber(result, column) : -1;
    bool is_there = at >= 0 && PQntuples(result) > 0 && !PQgetisnull(result, 0, at);
    return is_there ? PQgetvalue(result, 0, at) : NULL;
}

/* A page is read with one row more than is shown; nobody saw that one. Who is in several rows is
 * named once. */
static const char *shown_ids(const struct tx *tx, const PGresult *result, const char *column)
{
    int at = column ? PQfnumber(result, column) : -1;
    if (at < 0)
        return NULL;
    int shown = PQntuples(result), limit = tx->scope.page.limit;
    if (limit > 0 && shown > limit)
        shown = limit;
    struct buf ids;
    buf_begin(&ids, tx->fault->arena, (size_t)shown * 38 + 3);
    buf_char(&ids, '{');
    for (int row = 0; row < shown; row++) {
        const char *id = PQgetvalue(result, row, at);
        if (PQgetisnull(result, row, at) || strstr(ids.text, id))
            continue;
        if (ids.length > 1)
            buf_char(&ids, ',');
        buf_text(&ids, id);
    }
    buf_char(&ids, '}');
    return ids.text;
}

/* The value of a parameter of the query's own. */
static const char *argument(const struct query *query, const void *args, const char *name)
{
    const char *const *values = args;
    for (int i = 0; i < query->args_n; i++)
        if (strcmp(query->arg_names[i], name) == 0)
            return values[i];
    return NULL;
}

void plan_note(const struct tx *tx, const struct query *query, const void *args, PGresult *result,
               struct audit_note *out)
{
    const struct query_audit *rule = &query->audit;
    bool is_argument = rule->patient && *rule->patient == '$';
    if (!rule->entity)
        return;
    out->entity = rule->entity;
    if (is_argument)
        out->patient_id = argument(query, args, rule->patient + 1);
    if (query->rows == ROWS_MANY) {
        if (!is_argument)
            out->patient_ids = shown_ids(tx, result, rule->patient);
        return;
    }
    out->entity_id = cell(result, rule->id);
    if (!is_argument)
        out->patient_id = cell(result, rule->patient);
    out->patient_ids = cell(result, rule->patients);
    out->before = cell(result, rule->before);
    if (rule->after_row && PQntuples(result) > 0) {
        struct rows rows = {.result = result,
                            .query = query,
                            .arena = tx->fault->arena,
                            .count = PQntuples(result)};
        struct buf after;
        buf_begin(&after, tx->fault->arena, 512);
        rows_render(&after, &rows, 0, NULL);
        out->after = after.text;
    }
}

static void member(struct buf *out, const char *name, const char *value)
{
    if (!value)
        return;
    buf_char(out, ',');
    buf_json_string(out, name);
    buf_char(out, ':');
    buf_json_string(out, value);
}

void plan_audit_json(const struct tx *tx, const char *const *reserved, int status,
                     const struct audit_note *note, struct buf *out)
{
    buf_format(out, "{\"clinic_id\":%" PRId64 ",\"status\":%d", tx->scope.clinic_id, status);
    member(out, "at", reserved[RESERVED_NOW]);
    member(out, "id", reserved[RESERVED_AUDIT_ID]);
    member(out, "actor_kind", reserved[RESERVED_ACTOR_KIND]);
    member(out, "actor_id", reserved[RESERVED_ACTOR_ID]);
    member(out, "actor_name", reserved[RESERVED_ACTOR_NAME]);
    member(out, "actor_role", reserved[RESERVED_ACTOR_ROLE]);
    member(out, "client_address", reserved[RESERVED_CLIENT_ADDRESS]);
    member(out, "operation", reserved[RESERVED_OPERATION]);
    member(out, "request_id", reserved[RESERVED_REQUEST_ID]);
    member(out, "entity", note->entity);
    member(out, "entity_id", note->entity_id);
    member(out, "patient_id", note->patient_id);
    member(out, "patient_ids", note->patient_ids); /* an array literal: uuid[] reads it */
    buf_char(out, '}');
}
