#include "models/visit/visit.h"

#include "db/clock.h"
#include "db/json.h"
#include "db/uuid.h"
#include "gen/queries.h"
#include "models/clinic/directory.h"
#include "models/patient/phone.h"

#include <string.h>
#include <time.h>

enum { STALE_AT_ONCE = 100, BUCKETS_MAX = 400, DAY_S = 86400 };

enum err visit_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                      struct rows *out)
{
    char made[UUID_TEXT];
    const char *id = json_member(body, "id");
    const char *patient_id = json_member(body, "patient_id");
    const char *patient_number = json_member(body, "patient_number");
    if (id && !uuid_is_v7(id))
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
    if (!patient_id && !patient_number)
        fault_add(tx->fault, "#/patient_id", "required", "or patient_number is needed");
    if (patient_id && patient_number)
        fault_add(tx->fault, "#/patient_number", "excluded", "is not for a body with patient_id");
    if (tx->fault->flaws_n > 0)
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    const struct q_visit_create_args args = {
        .id = id ? id : uuid_make(tx->scope.now_us, made),
        .timezone = clinic->timezone,
        .patient_id = patient_id,
        .patient_number = patient_number,
        .body = json_text(tx->fault->arena, body),
    };
    return query_run(tx, &q_visit_create, &args, out);
}

enum err visit_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_visit_find_args args = {.id = id};
    return query_run(tx, &q_visit_find, &args, out);
}

enum err visit_list(struct tx *tx, const struct clinic_entry *clinic,
                    const struct visit_filters *filters, struct rows *out, int64_t *total)
{
    char key[PHONE_KEY_TEXT];
    if (filters->patient_id || filters->q) {
        const struct q_visit_list_of_args args = {
            .q = filters->q,
            .phone_key = phone_key(filters->q, clinic->country_code, key),
            .patient_id = filters->patient_id,
            .from_on = filters->from,
            .to_on = filters->to,
            .status = filters->status,
            .doctor_id = filters->doctor_id,
            .visit_type = filters->visit_type,
        };
        return query_run_list(tx, &q_visit_list_of, &args, out, total);
    }
    const struct q_visit_list_args args = {
        .from_on = filters->from,
        .to_on = filters->to,
        .status = filters->status,
        .doctor_id = filters->doctor_id,
        .visit_type = filters->visit_type,
    };
    return query_run_list(tx, &q_visit_list, &args, out, total);
}

enum err visit_update(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_visit_update_args args = {.id = id, .body = json_text(tx->fault->arena, body)};
    return query_run(tx, &q_visit_update, &args, out);
}

enum err visit_move(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const struct q_visit_move_args args = {
        .id = id,
        .status = json_member(body, "status"),
        .note = json_member(body, "note"),
        .reopen_reason = json_member(body, "reopen_reason"),
    };
    if (args.note && args.reopen_reason) {
        fault_add(tx->fault, "#/note", "excluded", "is not for a body with reopen_reason");
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    }
    return query_run(tx, &q_visit_move, &args, out);
}

enum err visit_history(struct tx *tx, const char *id, struct rows *out, int64_t *total)
{
    const struct q_visit_history_args args = {.id = id};
    return query_run_list(tx, &q_visit_history, &args, out, total);
}

/* Days since 1970; the day is a valid one. */
static long day_number(const char *day)
{
    struct tm tm = {0};
    strptime(day, "%Y-%m-%d", &tm);
    return (long)(timegm(&tm) / DAY_S);
}

enum err visit_stats(struct tx *tx, const struct clinic_entry *clinic, const char *granularity,
                     const char *from, const char *to, struct rows *out)
{
    long bucket_days = strcmp(granularity, "day") == 0     ? 1
                       : strcmp(granularity, "month") == 0 ? 28
                                                           : 365;
    long last = to ? day_number(to) : (long)(tx->scope.now_us / 1000000 / DAY_S) + 1;
    long first = from ? day_number(from) : last;
    if (from && to && first > last)
        fault_add(tx->fault, "query:to", "too-small", "is before from");
    else if ((last - first) / bucket_days >= BUCKETS_MAX)
        fault_add(tx->fault, "query:from", "too-small", "is more than %d periods before the end",
                  BUCKETS_MAX);
    if (tx->fault->flaws_n > 0)
        return fail(tx->fault, ERR_INPUT, "malformed-parameter", NULL);
    const struct q_visit_stats_args args = {
        .timezone = clinic->timezone, .granularity = granularity, .from_on = from, .to_on = to};
    return query_run(tx, &q_visit_stats, &args, out);
}

static bool close_one(struct database *database, int64_t clinic_id, const char *id)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    char request_id[UUID_TEXT];
    int64_t now_us = clock_now_us();
    struct scope scope = {.clinic_id = clinic_id,
                          .actor_kind = "system",
                          .operation = "visits_close_stale",
                          .request_id = uuid_make(now_us, request_id),
                          .now_us = now_us};
    const struct q_visit_close_stale_args args = {.id = id};
    struct tx tx;
    tx_begin(&tx, database, &scope, TX_SINGLE, &fault);
    tx.audit_into = AUDIT_CLINIC;
    tx.audit_status = 200;
    return query_run(&tx, &q_visit_close_stale, &args, NULL) == ERR_NONE;
}

bool visit_close_stale(struct database *database)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct scope scope = {
        .actor_kind = "system", .operation = "visits_close_stale", .now_us = clock_now_us()};
    const struct q_visit_stale_args args = {.wanted = arena_format(&arena, "%d", STALE_AT_ONCE)};
    struct tx tx;
    struct rows rows;
    tx_begin(&tx, database, &scope, TX_SINGLE, &fault);
    if (query_run(&tx, &q_visit_stale, &args, &rows))
        return false; /* the database is away: the next round does it */
    int closed = 0;
    for (int i = 0; i < rows.count; i++)
        closed +=
            close_one(database, rows_int(&rows, i, "clinic_id", 0), rows_text(&rows, i, "id"));
    return closed == STALE_AT_ONCE; /* what cannot be closed must not be tried without end */
}
