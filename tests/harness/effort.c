#include "tests/harness/effort.h"

#include "api/http/metrics.h"
#include "models/account/password.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* As an operator reads it. */
static uint64_t trips(struct world *world)
{
    static const char name[] = "clinicd_http_request_trips_total{trips=\"";
    struct buf text;
    uint64_t sum = 0, each, requests;
    buf_begin(&text, &world->arena, 16 * 1024);
    metrics_render(world->service->metrics, &(struct metrics_now){0}, &text);
    for (const char *at = text.text; (at = strstr(at, name));) {
        at += sizeof name - 1;
        if (sscanf(at, "%" SCNu64 "%*[+\"}] %" SCNu64, &each, &requests) == 2)
            sum += each * requests;
    }
    return sum;
}

struct effort effort_now(struct world *world)
{
    return (struct effort){.password_kib = password_work_kib(), .trips = trips(world)};
}

struct effort effort_since(struct world *world, const struct effort *before)
{
    struct effort now = effort_now(world);
    return (struct effort){.password_kib = now.password_kib - before->password_kib,
                           .trips = now.trips - before->trips};
}
