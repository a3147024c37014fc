#include "api/http/offload.h"

#include "db/arena.h"
#include "db/clock.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

enum { THREADS_MAX = 16, NICENESS = 10 };

enum task_state { TASK_WAITS, TASK_RUNS, TASK_DONE, TASK_ABANDONED };

/* Belongs to its requester, but for an abandoned one: that belongs to the thread that runs it. */
struct task {
    void (*work)(void *job);
    void (*release)(void *job);
    void *job;
    enum task_state state;
    pthread_cond_t changed;
    struct task *next;
};

struct offload {
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct task *first, *last;
    int waiting, idle, queue_max, threads_n;
    int64_t wait_us;
    bool is_stopping;
    pthread_t threads[THREADS_MAX];
};

static struct task *queue_pop(struct offload *offload)
{
    struct task *task = offload->first;
    offload->first = task->next;
    if (!offload->first)
        offload->last = NULL;
    offload->waiting--;
    return task;
}

static void queue_push(struct offload *offload, struct task *task)
{
    if (offload->last)
        offload->last->next = task;
    else
        offload->first = task;
    offload->last = task;
    offload->waiting++;
}

static void queue_remove(struct offload *offload, struct task *task)
{
    struct task *before = NULL;
    for (struct task *t = offload->first; t != task; t = t->next)
        before = t;
    if (before)
        before->next = task->next;
    else
        offload->first = task->next;
    if (offload->last == task)
        offload->last = before;
    offload->waiting--;
}

static void task_free(struct task *task)
{
    pthread_cond_destroy(&task->changed);
    free(task);
}

/* Runs one task outside the lock; cleans up after a requester that has gone. */
static void task_run(struct offload *offload, struct task *task)
{
    task->state = TASK_RUNS;
    pthread_mutex_unlock(&offload->lock);
    task->work(task->job);
    pthread_mutex_lock(&offload->lock);
    if (task->state == TASK_ABANDONED) {
        task->release(task->job);
        task_free(task);
        return;
    }
    task->state = TASK_DONE;
    pthread_cond_signal(&task->changed);
}

static void *thread_main(void *user)
{
    struct offload *offload = user;
    (void)setpriority(PRIO_PROCESS, 0, NICENESS); /* on Linux: this thread only */
    pthread_mutex_lock(&offload->lock);
    while (!offload->is_stopping || offload->first) {
        if (offload->first) {
            task_run(offload, queue_pop(offload));
            continue;
        }
        offload->idle++;
        pthread_cond_wait(&offload->arrived, &offload->lock);
        offload->idle--;
    }
    pthread_mutex_unlock(&offload->lock);
    return NULL;
}

static void cond_init_monotonic(pthread_cond_t *cond)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &attributes);
    pthread_condattr_destroy(&attributes);
}

struct offload *offload_start(int threads, int queue_max, int wait_ms)
{
    struct offload *offload = calloc(1, sizeof *offload);
    if (!offload)
        abort();
    pthread_mutex_init(&offload->lock, NULL);
    cond_init_monotonic(&offload->arrived);
    offload->queue_max = queue_max;
    offload->wait_us = (int64_t)wait_ms * 1000;
    for (int i = 0; i < threads && i < THREADS_MAX; i++) {
        if (pthread_create(&offload->threads[offload->threads_n], NULL, thread_main, offload))
            abort(); /* at start: nothing would ever be hashed */
        offload->threads_n++;
    }
    return offload;
}

void offload_stop(struct offload *offload)
{
    if (!offload)
        return;
    pthread_mutex_lock(&offload->lock);
    offload->is_stopping = true;
    pthread_cond_broadcast(&offload->arrived);
    pthread_mutex_unlock(&offload->lock);
    for (int i = 0; i < offload->threads_n; i++)
        pthread_join(offload->threads[i], NULL);
    pthread_cond_destroy(&offload->arrived);
    pthread_mutex_destroy(&offload->lock);
    free(offload);
}

static bool wait_until(struct offload *offload, struct task *task, int64_t until_us)
{
    struct timespec until = {.tv_sec = (time_t)(until_us / 1000000),
                             .tv_nsec = (long)(until_us % 1000000) * 1000};
    return pthread_cond_timedwait(&task->changed, &offload->lock, &until) == 0 ||
           clock_monotonic_us() < until_us;
}

/* Waits for the task: a while for its turn, until the deadline for its end. Gives the state it was
 * left in. */
static enum task_state task_wait(struct offload *offload, struct task *task, int64_t deadline_us)
{
    int64_t turn_us = clock_monotonic_us() + offload->wait_us;
    if (deadline_us > 0 && deadline_us < turn_us)
        turn_us = deadline_us;
    while (task->state == TASK_WAITS)
        if (!wait_until(offload, task, turn_us) && task->state == TASK_WAITS) {
            queue_remove(offload, task);
            return TASK_WAITS;
        }
    int64_t end_us = deadline_us > 0 ? deadline_us : turn_us + offload->wait_us;
    while (task->state == TASK_RUNS)
        if (!wait_until(offload, task, end_us) && task->state == TASK_RUNS) {
            task->state = TASK_ABANDONED;
            return TASK_ABANDONED;
        }
    return TASK_DONE;
}

static enum err refuse(struct fault *fault, const char *reason)
{
    enum err err = fail_quietly(fault, ERR_UNAVAILABLE, "overloaded", "%s", reason);
    fault->retry_after_s = 1;
    return err;
}

enum err offload_run(struct offload *offload, void (*work)(void *job), void *job,
                     void (*release)(void *job), int64_t deadline_us, struct fault *fault)
{
    struct task *task = calloc(1, sizeof *task);
    if (!task)
        abort();
    *task = (struct task){.work = work, .release = release, .job = job};
    cond_init_monotonic(&task->changed);

    pthread_mutex_lock(&offload->lock);
    bool is_full = offload->waiting >= offload->queue_max + offload->idle || offload->is_stopping;
    enum task_state left = TASK_WAITS;
    if (!is_full) {
        queue_push(offload, task);
        pthread_cond_signal(&offload->arrived);
        left = task_wait(offload, task, deadline_us);
    }
    pthread_mutex_unlock(&offload->lock);

    if (left == TASK_DONE) {
        task_free(task);
        arena_defer(fault->arena, release, job); /* the caller reads its result first */
        return ERR_NONE;
    }
    if (left == TASK_WAITS) {
        task_free(task);
        release(job);
    }
    return refuse(fault, is_full ? "the queue is full" : "waited too long");
}
