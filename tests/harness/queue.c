#include "tests/harness/queue.h"

#include "api/http/streams.h"
#include "db/clock.h"
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int64_t soon(void)
{
    return clock_monotonic_us() + QUEUE_WAIT_MS * INT64_C(1000);
}

static void note(struct ear *ear, int64_t id, const char *name, const char *data)
{
    struct notes *notes = ear->user;
    assert_true(notes->n < QUEUE_NOTES_MOST);
    struct note *entry = &notes->all[notes->n++];
    *entry = (struct note){.ear = ear, .id = id};
    snprintf(entry->name, sizeof entry->name, "%s", name);
    snprintf(entry->data, sizeof entry->data, "%s", data);
}

void queue_ears(struct world *world, struct ears *ears, size_t n, struct notes *notes)
{
    ears_begin(ears, service_port(world->service), n);
    ears->heard = note;
    for (size_t i = 0; i < n; i++) {
        ears->ear[i].path = "/clinics/clinic-a/queue/events";
        ears->ear[i].token = token_a(world, "receptionist");
        ears->ear[i].user = notes;
    }
}

void queue_hear(struct ears *ears, struct notes *notes, size_t n)
{
    int64_t until_us = soon();
    while (notes->n < n && clock_monotonic_us() < until_us)
        ears_hear(ears, 20);
    assert_int_equal(notes->n, n);
}

struct ear *queue_ear(struct world *world, struct ears *ears, struct notes *notes)
{
    queue_ears(world, ears, 1, notes);
    assert_true(ear_open(ears, ears->ear));
    queue_hear(ears, notes, notes->n + 1);
    return ears->ear;
}

void queue_hear_end(struct ears *ears, struct ear *ear, const char *why)
{
    int64_t until_us = soon();
    while (ear->fd >= 0 && clock_monotonic_us() < until_us)
        ears_hear(ears, 20);
    assert_int_equal(ear->fd, -1);
    assert_true(ear->is_over);
    assert_string_equal(ear->remark, why);
}

void queue_change(struct world *world, int n)
{
    sql_run(world->boss,
            "DO $$ BEGIN FOR i IN 1..%d LOOP UPDATE clinicd.visit SET version = version + 1, "
            "updated_at = clock_timestamp() WHERE clinic_id = %d AND id = '%s'; "
            "COMMIT; END LOOP; END $$",
            n, (int)seed_a.clinic_id, id_a(world, 601));
}

int64_t queue_last(struct world *world)
{
    return sql_int(world->boss, "SELECT max(number) FROM clinicd.event WHERE clinic_id = %d",
                   (int)seed_a.clinic_id);
}

int queue_open_streams(struct world *world)
{
    struct streams_stats stats;
    streams_stats_read(world->service->streams, &stats);
    return stats.open;
}

void queue_fresh(struct world *world, struct notes *notes)
{
    int64_t until_us = soon();
    while (queue_open_streams(world) > 0 && clock_monotonic_us() < until_us) {
        sql_run(world->boss, "UPDATE clinicd.visit SET version = version + 1 WHERE id::text LIKE "
                             "'%%601'");
        usleep(10000);
    }
    world_restore(world);
    notes->n = 0;
    assert_int_equal(queue_open_streams(world), 0);
}
