#include "db/audit_batch.h"

#include "gen/queries.h"

void list_push(struct list *list, struct unit *unit)
{
    unit->next = NULL;
    if (list->last)
        list->last->next = unit;
    else
        list->first = unit;
    list->last = unit;
}

struct unit *list_pop(struct list *list)
{
    struct unit *unit = list->first;
    if (unit) {
        list->first = unit->next;
        if (!list->first)
            list->last = NULL;
    }
    return unit;
}

bool batch_turn(struct audit_batch *batch)
{
    bool is_free = !batch->is_taken;
    batch->is_taken = true;
    return is_free;
}

void batch_release(struct audit_batch *batch)
{
    batch->is_taken = false;
}

bool batch_owe(struct audit_batch *batch, struct unit *unit)
{
    if (batch->owed_n == AUDIT_BATCH_MAX) {
        list_push(&batch->waiting, unit);
        return true;
    }
    if (!batch->owed_n)
        buf_begin(&batch->rows, &batch->arena, 4096);
    size_t before = batch->rows.length;
    buf_char(&batch->rows, batch->owed_n ? ',' : '[');
    if (!unit->audit_render(unit, &batch->rows)) {
        batch->rows.length = before; /* it failed by itself; whoever asked writes its row */
        batch->rows.text[before] = '\0';
        return false;
    }
    list_push(&batch->owed, unit);
    batch->owed_n++;
    return true;
}

struct unit *batch_begin(struct audit_batch *batch)
{
    if (batch->is_taken || !batch->owed_n)
        return NULL;
    batch->is_taken = true;
    buf_char(&batch->rows, ']');
    atomic_fetch_add(&batch->batches, 1);
    atomic_fetch_add(&batch->written, (uint64_t)batch->owed_n);
    static const char *const relaxed[] = {"off"};
    batch->no_reserved[RESERVED_CLINIC] = "0";
    batch->flush_args[0] = batch->rows.text;
    batch->flush = (struct unit){
        .steps = {{.statement = q_db_context.plain, .args = relaxed},
                  {.statement = q_db_audit_append.plain, .args = batch->flush_args}},
        .steps_n = 2,
        .main_step = 1,
        .reserved = batch->no_reserved,
        .deadline_us = batch->owed.first->deadline_us,
    };
    batch->flushing = batch->owed;
    batch->owed = (struct list){0};
    batch->owed_n = 0;
    batch->sending = batch->arena;
    batch->arena = (struct arena){0};
    return &batch->flush;
}

struct list batch_sent(struct audit_batch *batch)
{
    struct list waited = batch->waiting;
    batch->waiting = (struct list){0};
    arena_end(&batch->sending);
    return waited;
}

struct list batch_ended(struct audit_batch *batch, enum unit_outcome outcome,
                        enum unit_outcome *verdict)
{
    struct unit *flush = &batch->flush;
    struct list served = batch->flushing;
    batch->flushing = (struct list){0};
    bool is_written =
        outcome == UNIT_DONE && PQresultStatus(flush->steps[1].result) == PGRES_TUPLES_OK;
    *verdict = is_written ? UNIT_DONE : UNIT_UNAUDITED;
    for (int i = 0; i < flush->steps_n; i++)
        PQclear(flush->steps[i].result);
    return served;
}

void batch_end(struct audit_batch *batch)
{
    arena_end(&batch->arena);
}
