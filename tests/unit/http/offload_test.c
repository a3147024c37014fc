/* A few threads for heavy work, bounded in number and in time: api/http/offload.h. */
#include "api/http/offload.h"

#include "db/arena.h"
#include "db/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { HANG_MS = 60000, SHORT_MS = 50 };

static const int64_t HANG_US = HANG_MS * INT64_C(1000);

/* Work that lasts until it is let go. */
struct job {
    atomic_bool may_end;
    atomic_int started, finished, released;
};

static void pause_ms(int ms)
{
    struct timespec span = {.tv_nsec = ms * 1000000L};
    nanosleep(&span, NULL);
}

static void hold(void *user)
{
    struct job *job = user;
    atomic_fetch_add(&job->started, 1);
    for (int i = 0; i < HANG_MS && !atomic_load(&job->may_end); i++)
        pause_ms(1);
    atomic_fetch_add(&job->finished, 1);
}

static void let_go(void *user)
{
    struct job *job = user;
    atomic_fetch_add(&job->released, 1);
}

static bool comes_to(atomic_int *counter, int value)
{
    for (int i = 0; i < HANG_MS && atomic_load(counter) != value; i++)
        pause_ms(1);
    return atomic_load(counter) == value;
}

struct caller {
    pthread_t thread;
    struct offload *offload;
    struct job *job;
    int64_t deadline_us;
    enum err err;
    char reason[32];
    const char *code;
    long retry_after_s;
    int released_before_end;
    atomic_int *refused; /* NULL: not counted */
};

static void *call(void *user)
{
    struct caller *caller = user;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    caller->err =
        offload_run(caller->offload, hold, caller->job, let_go, caller->deadline_us, &fault);
    caller->code = fault.code;
    caller->retry_after_s = fault.retry_after_s;
    snprintf(caller->reason, sizeof caller->reason, "%s", fault.reason ? fault.reason : "");
    if (caller->err && caller->refused)
        atomic_fetch_add(caller->refused, 1);
    caller->released_before_end = atomic_load(&caller->job->released);
    arena_end(&arena);
    return NULL;
}

static void begin(struct caller *caller, struct offload *offload, struct job *job, int64_t for_us,
                  atomic_int *refused)
{
    *caller = (struct caller){.offload = offload,
                              .job = job,
                              .deadline_us = clock_monotonic_us() + for_us,
                              .refused = refused};
    assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
}

static void work_is_done_and_its_job_lives_until_the_arena_ends(void **state)
{
    (void)state;
    struct offload *offload = offload_start(2, 16, HANG_MS);
    struct job job = {.may_end = true};
    struct caller caller;
    begin(&caller, offload, &job, HANG_US, NULL);
    pthread_join(caller.thread, NULL);
    assert_int_equal(caller.err, ERR_NONE);
    assert_int_equal(job.finished, 1);
    assert_int_equal(caller.released_before_end, 0);
    assert_int_equal(job.released, 1);
    offload_stop(offload);
}

/* Two run, three wait; of four who come then, one is told so while nobody's work has ended. */
static void a_full_queue_answers_overloaded_at_once(void **state)
{
    (void)state;
    struct offload *offload = offload_start(2, 3, HANG_MS);
    struct job job = {0};
    struct caller callers[6];
    atomic_int refused = 0;
    int n_refused = 0;
    for (int i = 0; i < 2; i++)
        begin(&callers[i], offload, &job, HANG_US, &refused);
    assert_true(comes_to(&job.started, 2));
    for (int i = 2; i < 6; i++)
        begin(&callers[i], offload, &job, HANG_US, &refused);
    assert_true(comes_to(&refused, 1));
    assert_int_equal(job.finished, 0);
    assert_int_equal(job.released, 1);
    job.may_end = true;
    for (int i = 0; i < 6; i++) {
        pthread_join(callers[i].thread, NULL);
        if (!callers[i].err)
            continue;
        n_refused++;
        assert_int_equal(callers[i].err, ERR_UNAVAILABLE);
        assert_string_equal(callers[i].code, "overloaded");
        assert_string_equal(callers[i].reason, "the queue is full");
        assert_int_equal(callers[i].retry_after_s, 1);
    }
    assert_int_equal(n_refused, 1);
    assert_int_equal(job.started, 5);
    assert_int_equal(job.released, 6);
    offload_stop(offload);
}

static void nobody_waits_for_a_turn_without_end(void **state)
{
    (void)state;
    struct offload *offload = offload_start(1, 16, SHORT_MS);
    struct job busy = {0}, waiting = {.may_end = true};
    struct caller first, second;
    begin(&first, offload, &busy, HANG_US, NULL);
    assert_true(comes_to(&busy.started, 1));
    int64_t start_us = clock_monotonic_us();
    begin(&second, offload, &waiting, HANG_US, NULL);
    pthread_join(second.thread, NULL);
    assert_true(clock_monotonic_us() - start_us >= SHORT_MS * 1000);
    assert_int_equal(second.err, ERR_UNAVAILABLE);
    assert_string_equal(second.reason, "waited too long");
    assert_int_equal(busy.finished, 0);
    assert_int_equal(waiting.started, 0);
    assert_int_equal(waiting.released, 1);
    busy.may_end = true;
    pthread_join(first.thread, NULL);
    offload_stop(offload);
}

/* The deadline must come after the work has begun, and when that is the scheduler decides: a longer
 * one is tried until it does. */
static void work_that_outlives_its_deadline_is_left_alone_and_released_once(void **state)
{
    (void)state;
    bool has_begun = false;
    for (int64_t for_us = SHORT_MS * 1000; !has_begun; for_us *= 4) {
        assert_true(for_us < HANG_US);
        struct offload *offload = offload_start(1, 16, HANG_MS);
        struct job job = {0};
        struct caller caller;
        begin(&caller, offload, &job, for_us, NULL);
        pthread_join(caller.thread, NULL);
        assert_int_equal(caller.err, ERR_UNAVAILABLE);
        has_begun = caller.released_before_end == 0;
        assert_true(comes_to(&job.started, has_begun ? 1 : 0));
        job.may_end = true;
        assert_true(comes_to(&job.released, 1));
        offload_stop(offload);
        assert_int_equal(job.released, 1);
    }
}

static void stopping_finishes_what_runs(void **state)
{
    (void)state;
    struct offload *offload = offload_start(2, 16, HANG_MS);
    struct job job = {0};
    struct caller caller;
    begin(&caller, offload, &job, HANG_US, NULL);
    assert_true(comes_to(&job.started, 1));
    job.may_end = true;
    pthread_join(caller.thread, NULL);
    offload_stop(offload);
    assert_int_equal(job.finished, 1);
    assert_int_equal(job.released, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work_is_done_and_its_job_lives_until_the_arena_ends),
        cmocka_unit_test(a_full_queue_answers_overloaded_at_once),
        cmocka_unit_test(nobody_waits_for_a_turn_without_end),
        cmocka_unit_test(work_that_outlives_its_deadline_is_left_alone_and_released_once),
        cmocka_unit_test(stopping_finishes_what_runs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
