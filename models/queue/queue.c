#include "models/queue/queue.h"

#include "gen/queries.h"
#include "models/clinic/directory.h"

enum err queue_waiting(struct tx *tx, const struct clinic_entry *clinic, const char *doctor_id,
                       struct rows *out)
{
    const struct q_queue_waiting_args args = {.timezone = clinic->timezone, .doctor_id = doctor_id};
    return query_run(tx, &q_queue_waiting, &args, out);
}

enum err queue_bounds(struct tx *tx, struct rows *out)
{
    return query_run(tx, &q_queue_bounds, NULL, out);
}

enum err queue_events(struct tx *tx, int64_t after, int most, struct rows *out)
{
    const struct q_queue_events_args args = {
        .number = arena_format(tx->fault->arena, "%lld", (long long)after),
        .most = arena_format(tx->fault->arena, "%d", most)};
    return query_run(tx, &q_queue_events, &args, out);
}
