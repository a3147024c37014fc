#include "db/tx.h"

#include "db/clock.h"
#include "db/conn.h"
#include "db/plan.h"
#include "db/pool.h"
#include "db/uuid.h"
#include "gen/queries.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEADLINE_DEFAULT_US = 10 * 1000 * 1000 };

static void result_release(void *result)
{
    PQclear(result);
}

static _Noreturn void misused(const struct tx *tx, const char *how)
{
    fprintf(stderr, "%s: %s\n", tx->scope.operation ? tx->scope.operation : "?", how);
    abort();
}

void tx_begin(struct tx *tx, struct database *database, const struct scope *scope,
              enum tx_mode mode, struct fault *fault)
{
    *tx = (struct tx){.database = database, .scope = *scope, .mode = mode, .fault = fault};
    if (!tx->scope.deadline_us)
        tx->scope.deadline_us = clock_monotonic_us() + DEADLINE_DEFAULT_US;
}

void tx_audit(struct tx *tx, const char *entity, const char *entity_id, const char *patient_id,
              const char *before, const char *after)
{
    struct audit_note *note = &tx->audit;
    note->entity = entity ? entity : note->entity;
    note->entity_id = entity_id ? entity_id : note->entity_id;
    note->patient_id = patient_id ? patient_id : note->patient_id;
    note->before = before ? before : note->before;
    note->after = after ? after : note->after;
}

void tx_enter_clinic(struct tx *tx, int64_t clinic_id)
{
    if (tx->mode != TX_MANUAL && tx->is_begun)
        misused(tx, "only a manual transaction can enter a clinic after its first query");
    tx->scope.clinic_id = clinic_id;
    tx->needs_context = true;
}

/* --- what came back ----------------------------------------------------------------------- */

static enum err lost(struct tx *tx, bool is_write)
{
    tx->is_lost = true;
    if (!is_write && clock_monotonic_us() >= tx->scope.deadline_us)
        return fail_quietly(tx->fault, ERR_TIMEOUT, "deadline-exceeded", "the deadline passed");
    enum err err = fail_quietly(tx->fault, ERR_UNAVAILABLE,
                                is_write ? "outcome-unknown" : "database-unavailable",
                                "the connection was lost");
    tx->fault->retry_after_s = 1;
    return err;
}

static enum err refused(struct tx *tx, const char *reason)
{
    enum err err = fail_quietly(tx->fault, ERR_UNAVAILABLE, "database-unavailable", "%s", reason);
    tx->fault->retry_after_s = 1;
    return err;
}

/* What of the input is wrong and only the database could know. */
static void add_flaws(struct fault *fault, const char *text)
{
    json_t *flaws = json_loads(text, 0, NULL);
    size_t i;
    const json_t *flaw;
    json_array_foreach(flaws, i, flaw)
    {
        const char *code = json_string_value(json_object_get(flaw, "code"));
        fault_add(fault, json_string_value(json_object_get(flaw, "pointer")),
                  arena_copy(fault->arena, code), "%s",
                  json_string_value(json_object_get(flaw, "detail")));
    }
    json_decref(flaws);
}

/* A statement that did nothing says why in _fault (db/query.h). */
static enum err fault_of(struct tx *tx, PGresult *result)
{
    int code = PQfnumber(result, "_fault");
    if (code < 0 || PQntuples(result) == 0 || PQgetisnull(result, 0, code))
        return ERR_NONE;
    const char *text = arena_copy(tx->fault->arena, PQgetvalue(result, 0, code));
    int detail = PQfnumber(result, "_detail");
    if (detail >= 0 && !PQgetisnull(result, 0, detail))
        tx->fault->extra = arena_copy(tx->fault->arena, PQgetvalue(result, 0, detail));
    int flaws = PQfnumber(result, "_flaws");
    if (flaws >= 0 && !PQgetisnull(result, 0, flaws)) {
        add_flaws(tx->fault, PQgetvalue(result, 0, flaws));
        return fail(tx->fault, ERR_INPUT, text, NULL);
    }
    return fail(tx->fault, strcmp(text, "not-found") == 0 ? ERR_NOT_FOUND : ERR_CONFLICT, text,
                NULL);
}

static enum err give_rows(struct tx *tx, const struct query *query, PGresult *result,
                          struct rows *out)
{
    enum err err = fault_of(tx, result);
    if (err)
        return err;
    int count = PQntuples(result);
    if (count == 0 && (query->rows == ROWS_ONE || query->rows == ROWS_OPTIONAL))
        return fail(tx->fault, ERR_NOT_FOUND, "not-found", NULL);
    if (count > 1 && query->rows != ROWS_MANY)
        return fail_quietly(tx->fault, ERR_INTERNAL, "internal-error", "%s gave %d rows",
                            query->source, count);
    if (out)
        *out = (struct rows){
            .result = result, .query = query, .arena = tx->fault->arena, .count = count};
    return ERR_NONE;
}

static enum err first_failure(struct tx *tx, const struct plan *plan)
{
    for (int i = 0; i < plan->n; i++) {
        PGresult *result = plan->steps[i].result;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
            continue;
        const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        if (i == plan->guard && sqlstate && strcmp(sqlstate, "55P03") == 0)
            return fail(tx->fault, ERR_CONFLICT, "idempotency-key-in-use", NULL);
        return conn_failure(result, tx->fault);
    }
    return ERR_NONE;
}

static void keep_results(struct tx *tx, const struct plan *plan)
{
    for (int i = 0; i < plan->n; i++)
        arena_defer(tx->fault->arena, result_release, plan->steps[i].result);
}

static void drop_results(struct plan *plan)
{
    for (int i = 0; i < plan->n; i++) {
        PQclear(plan->steps[i].result);
        plan->steps[i].result = NULL;
    }
}

/* --- single: one unit of the shared pipeline ------------------------------------------------ */

struct read_audit {
    struct tx *tx;
    const struct query *query;
    const void *args;
    const char *const *reserved;
};

/* Not there, or a list of something that is not there. */
static bool is_missing(const struct query *query, const PGresult *result)
{
    if (PQntuples(result) == 0)
        return query->rows != ROWS_MANY;
    int fault = PQfnumber(result, "_fault");
    return fault >= 0 && !PQgetisnull(result, 0, fault);
}

/* Runs on the pipeline's thread while the requester sleeps, so its arena is free to use. */
static bool render_read_audit(const struct unit *unit, struct buf *out)
{
    const struct read_audit *owner = unit->owner;
    PGresult *result = unit->steps[unit->main_step].result;
    for (int i = 0; i < unit->steps_n; i++)
        if (PQresultStatus(unit->steps[i].result) != PGRES_TUPLES_OK)
            return false;
    int status = is_missing(owner->query, result) ? 404 : owner->tx->audit_status;
    struct audit_note note = {0};
    plan_note(owner->tx, owner->query, owner->args, result, &note);
    plan_audit_json(owner->tx, owner->reserved, status, &note, out);
    return true;
}

static enum unit_outcome run_unit(struct tx *tx, struct plan *plan, struct unit *unit)
{
    memcpy(unit->steps, plan->steps, sizeof(struct step) * (size_t)plan->n);
    unit->steps_n = plan->n;
    unit->main_step = plan->main;
    unit->reserved = plan->reserved;
    unit->clinic_id = tx->scope.clinic_id;
    unit->deadline_us = tx->scope.deadline_us;
    tx->trips++;
    pipeline_run(database_pipeline(tx->database), unit);
    plan->n = unit->steps_n; /* an audit row that the batch wrote is no step any more */
    memcpy(plan->steps, unit->steps, sizeof(struct step) * (size_t)plan->n);
    return unit->outcome;
}

static enum err end_unit(struct tx *tx, struct plan *plan, enum unit_outcome outcome, bool is_write)
{
    keep_results(tx, plan);
    if (outcome == UNIT_REFUSED)
        return refused(tx, "no connection");
    if (outcome == UNIT_UNAUDITED)
        return refused(tx, "the audit row could not be written");
    if (outcome == UNIT_LOST)
        return lost(tx, is_write);
    return first_failure(tx, plan);
}

static const char *new_id(struct tx *tx)
{
    return uuid_make(tx->scope.now_us, arena_take(tx->fault->arena, UUID_TEXT));
}

static enum err run_single(struct tx *tx, struct plan *plan, const struct query *query,
                           const struct statement *audited, const void *args)
{
    bool is_write = query->kind == QUERY_WRITE;
    struct read_audit owner = {tx, query, args, plan->reserved};
    struct unit first = {.is_write = is_write, .owner = &owner, .audit_render = render_read_audit};
    struct q_db_audit_write_args plain_row = {0};
    if (tx->audit_into == AUDIT_CLINIC && is_write) {
        if (!audited)
            misused(tx, "a single write needs an audit line in its .sql");
        plan->steps[plan->main].statement = audited;
    } else if (tx->audit_into == AUDIT_CLINIC && audited) {
        first.audit = UNIT_WRAPPED;
        first.audited = audited;
    } else if (tx->audit_into == AUDIT_CLINIC) {
        first.audit = UNIT_APPENDED;
        plan_add(plan, &q_db_audit_write, &plain_row);
    } else if (tx->audit_into == AUDIT_PLATFORM) {
        static const struct q_db_platform_audit_write_args nothing;
        plan_add(plan, &q_db_platform_audit_write, &nothing);
    }
    const struct plan asked = *plan;
    struct unit unit = first;
    enum unit_outcome outcome = run_unit(tx, plan, &unit);
    if (outcome == UNIT_LOST && !is_write && clock_monotonic_us() < tx->scope.deadline_us) {
        /* A read may be asked again; once, on whatever connection is there, as it was at first. Its
         * audit row gets an id of its own: the lost one may have been written. */
        drop_results(plan);
        *plan = asked;
        plan->reserved[RESERVED_AUDIT_ID] = new_id(tx);
        unit = first;
        outcome = run_unit(tx, plan, &unit);
    }
    tx->is_over = true;
    enum err err = end_unit(tx, plan, outcome, is_write);
    tx->is_audited = !err && !is_write && tx->audit_into != AUDIT_NONE;
    return err;
}

/* --- manual: a connection of one's own ------------------------------------------------------ */

/* Sends all steps and one Sync, and collects what comes back. */
static enum err exchange(struct tx *tx, struct plan *plan, bool is_commit)
{
    for (int i = 0; i < plan->n; i++)
        if (!conn_send(tx->conn, plan->steps[i].statement, plan->reserved, plan->steps[i].args))
            return lost(tx, is_commit);
    if (!PQpipelineSync(tx->conn))
        return lost(tx, is_commit);
    tx->trips++;
    int at = 0;
    for (;;) {
        PGresult *result = NULL;
        bool is_alive = conn_next(tx->conn, tx->scope.deadline_us, &result);
        if (PQresultStatus(result) == PGRES_PIPELINE_SYNC && result) {
            PQclear(result);
            break;
        }
        if (result && at < plan->n && !plan->steps[at].result)
            plan->steps[at].result = result;
        else
            PQclear(result);
        if (!is_alive) {
            keep_results(tx, plan);
            return lost(tx, is_commit);
        }
        if (!result)
            at++;
    }
    keep_results(tx, plan);
    return first_failure(tx, plan);
}

struct preamble {
    struct q_db_context_args context;
    struct q_db_quota_lock_args lock;
};

static void plan_preamble(struct tx *tx, struct plan *plan, const struct query *query,
                          struct preamble *p)
{
    plan_reserved(tx, plan->reserved);
    plan->main = plan->count = plan->guard = -1;
    bool is_first = !tx->is_begun;
    p->context.durable =
        tx->mode == TX_MANUAL || (query && query->kind == QUERY_WRITE) ? "on" : "off";
    if (tx->mode == TX_MANUAL && is_first)
        plan_add(plan, &q_db_begin, NULL);
    if (is_first || tx->needs_context)
        plan_add(plan, &q_db_context, &p->context);
    tx->needs_context = false;
    if (query && is_first && tx->idempotency.key_hash) {
        plan->guard = plan->n;
        plan_add(plan,
                 tx->mode == TX_SINGLE              ? &q_db_idempotency_turn
                 : tx->audit_into == AUDIT_PLATFORM ? &q_db_platform_idempotency_guard
                                                    : &q_db_idempotency_guard,
                 NULL);
    }
    if (query && query->lock) {
        p->lock.kind = query->lock;
        plan_add(plan, &q_db_quota_lock, &p->lock);
    }
}

static enum err give_kept(const struct tx *tx, const struct query *query, struct rows *out)
{
    if (out) {
        *out = *tx->kept;
        out->query = query;
    }
    return ERR_NONE;
}

static enum err run(struct tx *tx, const struct query *query, const void *args, struct rows *out,
                    int64_t *total)
{
    if (tx->kept)
        return give_kept(tx, query, out);
    if (tx->is_lost)
        return refused(tx, "the connection was lost");
    if (tx->is_over || (tx->mode == TX_SINGLE && tx->is_begun))
        misused(tx, "a second query in a single transaction: mark the operation x-tx");
    const struct page *page = &tx->scope.page;
    const struct statement *form = plan_form(query, query->plain, page);
    bool is_keyed = tx->idempotency.key_hash != NULL;
    if (is_keyed && (!query->keyed || tx->audit_into != AUDIT_CLINIC))
        tx->mode = TX_MANUAL;
    if (!form)
        return fail_quietly(tx->fault, ERR_INTERNAL, "internal-error", "%s has no sort %s",
                            query->source, page->sort);
    struct preamble preamble = {0};
    struct plan plan = {0};
    if (tx->mode == TX_MANUAL && !tx->conn) {
        enum err err = pool_take(database_pool(tx->database), tx->fault, &tx->conn);
        if (err)
            return err;
    }
    plan_preamble(tx, &plan, query, &preamble);
    tx->is_begun = true;
    if (total && page->count && query->count) { /* first: the trail's own lists count no reader */
        plan.count = plan.n;
        plan.steps[plan.n++] = (struct step){.statement = query->count, .args = args};
    }
    plan.main = plan.n;
    plan.steps[plan.n++] = (struct step){.statement = form, .args = args};
    enum err err =
        tx->mode == TX_SINGLE
            ? run_single(tx, &plan, query,
                         is_keyed ? query->keyed : plan_form(query, query->audited, page), args)
            : exchange(tx, &plan, false);
    if (err)
        return err;
    if (tx->mode == TX_MANUAL)
        plan_note(tx, query, args, plan.steps[plan.main].result, &tx->audit);
    if (total)
        *total = plan.count < 0
                     ? -1
                     : strtoll(PQgetvalue(plan.steps[plan.count].result, 0, 0), NULL, 10);
    return give_rows(tx, query, plan.steps[plan.main].result, out);
}

enum err query_run(struct tx *tx, const struct query *query, const void *args, struct rows *out)
{
    return run(tx, query, args, out, NULL);
}

enum err query_run_list(struct tx *tx, const struct query *query, const void *args,
                        struct rows *out, int64_t *total)
{
    return run(tx, query, args, out, total);
}

enum err query_run_alone(struct tx *tx, const struct query *query, const void *args,
                         struct rows *out)
{
    if (tx->conn)
        misused(tx, "a second connection while holding one");
    struct tx alone;
    tx_begin(&alone, tx->database, &tx->scope, TX_SINGLE, tx->fault);
    enum err err = run(&alone, query, args, out, NULL);
    tx->trips += alone.trips;
    tx->has_asked = true;
    return err;
}

/* --- the end -------------------------------------------------------------------------------- */

static void plan_audit(struct tx *tx, struct plan *plan, const char *status,
                       struct q_db_audit_write_args *row,
                       struct q_db_platform_audit_write_args *platform_row)
{
    const struct audit_note *n = &tx->audit;
    *row = (struct q_db_audit_write_args){.entity = n->entity,
                                          .entity_id = n->entity_id,
                                          .patient_id = n->patient_id,
                                          .patient_ids = n->patient_ids,
                                          .status = status,
                                          .before = n->before,
                                          .after = n->after};
    *platform_row = (struct q_db_platform_audit_write_args){.entity = n->entity,
                                                            .entity_id = n->entity_id,
                                                            .status = status,
                                                            .before = n->before,
                                                            .after = n->after};
    if (tx->audit_into == AUDIT_CLINIC)
        plan_add(plan, &q_db_audit_write, row);
    else if (tx->audit_into == AUDIT_PLATFORM)
        plan_add(plan, &q_db_platform_audit_write, platform_row);
}

enum err tx_commit(struct tx *tx, const struct stored_answer *answer)
{
    if (tx->mode == TX_SINGLE || !tx->conn)
        return ERR_NONE;
    struct plan plan = {.main = -1, .count = -1, .guard = -1};
    struct q_db_audit_write_args row;
    struct q_db_platform_audit_write_args platform_row;
    struct q_db_idempotency_store_args store = {0};
    struct q_db_platform_idempotency_store_args platform_store = {0};
    plan_reserved(tx, plan.reserved);
    plan_audit(tx, &plan, NULL, &row, &platform_row);
    if (tx->idempotency.key_hash && answer) {
        const char *status = arena_format(tx->fault->arena, "%d", answer->status);
        store = (struct q_db_idempotency_store_args){.status = status,
                                                     .headers = answer->headers,
                                                     .body = answer->body,
                                                     .is_sealed = answer->is_sealed ? "t" : "f"};
        platform_store =
            (struct q_db_platform_idempotency_store_args){.status = status,
                                                          .headers = answer->headers,
                                                          .body = answer->body,
                                                          .is_sealed = store.is_sealed};
        if (tx->audit_into == AUDIT_PLATFORM)
            plan_add(&plan, &q_db_platform_idempotency_store, &platform_store);
        else
            plan_add(&plan, &q_db_idempotency_store, &store);
    }
    plan_add(&plan, &q_db_commit, NULL);
    enum err err = exchange(tx, &plan, true);
    /* COMMIT of a transaction that a handler saw fail and went on is no error to PostgreSQL. */
    if (!err && strcmp(PQcmdStatus(plan.steps[plan.n - 1].result), "COMMIT") != 0)
        err = fail_quietly(tx->fault, ERR_INTERNAL, "internal-error", "committed after a failure");
    if (!err)
        tx->is_over = true;
    return err;
}

void tx_end(struct tx *tx)
{
    if (!tx->conn)
        return;
    if (!tx->is_over && !tx->is_lost) {
        struct fault ignored = {.arena = tx->fault->arena};
        struct tx undo = *tx;
        undo.fault = &ignored;
        undo.scope.deadline_us = clock_monotonic_us() + 1000 * 1000;
        struct plan plan = {.main = -1, .count = -1, .guard = -1};
        plan_add(&plan, &q_db_rollback, NULL);
        if (exchange(&undo, &plan, false))
            tx->is_lost = true;
    }
    pool_give(database_pool(tx->database), tx->conn);
    tx->conn = NULL;
    tx->is_over = true;
}

enum err tx_audit_failure(struct tx *tx, int status)
{
    if (tx->conn)
        misused(tx, "audit of a failure before the transaction ended");
    struct fault fault = {.arena = tx->fault->arena};
    struct tx own = *tx;
    own.fault = &fault;
    own.mode = TX_SINGLE;
    own.is_begun = own.is_over = own.is_lost = false;
    own.audit.before = own.audit.after = NULL; /* nothing became of it */
    struct plan plan = {0};
    struct preamble preamble = {0};
    plan_preamble(&own, &plan, NULL, &preamble);
    struct q_db_audit_write_args row;
    struct q_db_platform_audit_write_args platform_row;
    plan_audit(&own, &plan, arena_format(fault.arena, "%d", status), &row, &platform_row);
    struct unit unit = {0};
    enum err err = end_unit(&own, &plan, run_unit(&own, &plan, &unit), false);
    tx->trips = own.trips;
    return err;
}
