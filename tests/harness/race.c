#include "tests/harness/race.h"

#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { WAIT_MS = 30000 };

static void *run(void *user)
{
    struct racer *racer = user;
    struct raw raw;
    struct buf out;
    raw_open(&raw, service_port(racer->world->service));
    buf_begin(&out, &racer->arena, 1024);
    raw_write(&out, &racer->call);
    pthread_barrier_wait(racer->line);
    if (raw_ask(&raw, &racer->arena, out.text, out.length, false, WAIT_MS, &racer->answer) !=
        RAW_ANSWERED)
        racer->answer.flaw = "no answer";
    else
        answer_judge(racer->world->document, &racer->arena, &racer->call, &racer->answer);
    raw_close(&raw);
    return NULL;
}

void race(struct world *world, struct racer *racers, int n)
{
    pthread_barrier_t line;
    pthread_barrier_init(&line, NULL, (unsigned)n);
    for (int i = 0; i < n; i++) {
        racers[i].world = world;
        racers[i].line = &line;
        if (pthread_create(&racers[i].thread, NULL, run, &racers[i]))
            die("no thread");
    }
    for (int i = 0; i < n; i++)
        pthread_join(racers[i].thread, NULL);
    pthread_barrier_destroy(&line);
    for (int i = 0; i < n; i++)
        if (racers[i].answer.flaw)
            fail_msg("%s %s: %d: %s\n%s", racers[i].call.method, racers[i].call.path,
                     racers[i].answer.status, racers[i].answer.flaw,
                     racers[i].answer.body ? racers[i].answer.body : "");
}

int race_count(const struct racer *racers, int n, int status)
{
    int found = 0;
    for (int i = 0; i < n; i++)
        found += racers[i].answer.status == status;
    return found;
}

void race_forget(struct racer *racers, int n)
{
    for (int i = 0; i < n; i++)
        arena_end(&racers[i].arena);
}
