#include "api/http/custodian.h"

#include "api/http/log.h"
#include "db/arena.h"
#include "db/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { SETTLE_US = 100 * 1000, SCAN_AGAIN_S = 30, LOOK_EVERY_S = 3600, FIRST_LOOK_S = 60 };

struct custodian {
    struct custody custody;
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the rest */
    pthread_cond_t woken;
    bool is_over, has_news;
    struct custodian_stats stats;
};

static bool is_over(struct custodian *it)
{
    pthread_mutex_lock(&it->mutex);
    bool over = it->is_over;
    pthread_mutex_unlock(&it->mutex);
    return over;
}

static void told(void *user, int64_t clinic, enum custody_problem problem, const char *id)
{
    (void)user;
    log_format(problem == CUSTODY_ORPHAN || problem == CUSTODY_FOUND ? LOG_INFO_ : LOG_ERROR_,
               "file %s of clinic %" PRId64 ": %s", id, clinic, custody_problem_name(problem));
}

static void failed(struct custodian *it, const char *what, const struct fault *fault)
{
    log_format(LOG_WARNING_, "files: %s: %s", what, fault->reason ? fault->reason : fault->detail);
    pthread_mutex_lock(&it->mutex);
    it->stats.failures++;
    pthread_mutex_unlock(&it->mutex);
}

/* A scanner that is away is asked once a round, not once a clinic. */
static void scan_all(struct custodian *it, const struct custody_clinic *clinics, size_t n,
                     struct fault *fault)
{
    struct custody_count count = {0};
    enum err err = ERR_NONE;
    for (size_t i = 0; i < n && !err && !is_over(it); i++)
        err = custody_scan(&it->custody, clinics[i].id, fault, &count);
    if (err)
        failed(it, "the scanner", fault);
    pthread_mutex_lock(&it->mutex);
    it->stats.scanned += count.scanned;
    it->stats.infected += count.infected;
    it->stats.waiting = count.waiting;
    pthread_mutex_unlock(&it->mutex);
}

static void look_at_all(struct custodian *it, const struct custody_clinic *clinics, size_t n,
                        struct fault *fault)
{
    const struct custody_options options = {.marks = true, .removes = true, .told = told};
    struct custody_count count = {0};
    for (size_t i = 0; i < n && !is_over(it); i++) {
        if (custody_check(&it->custody, clinics[i].id, &options, fault, &count)) {
            failed(it, clinics[i].slug, fault); /* the others are looked at all the same */
            fault_reset(fault);
        }
    }
    if (count.spared)
        log_format(LOG_ERROR_,
                   "files: %" PRIu64 " without a row were spared, they are too many: is this the "
                   "database that belongs to the store? See `clinicd files fsck`",
                   count.spared);
    pthread_mutex_lock(&it->mutex);
    it->stats.removed += count.removed;
    it->stats.missing = count.problems[CUSTODY_MISSING] + count.problems[CUSTODY_WRONG_LENGTH] +
                        count.problems[CUSTODY_WRONG_SUM] + count.problems[CUSTODY_UNREADABLE];
    it->stats.strays = count.spared;
    it->stats.rounds++;
    pthread_mutex_unlock(&it->mutex);
}

static void round_make(struct custodian *it, bool looks)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct custody_clinic *clinics;
    size_t n = 0;
    if (custody_clinics(it->custody.database, &fault, &clinics, &n)) {
        failed(it, "the clinics cannot be listed", &fault);
        return;
    }
    if (it->custody.scanner)
        scan_all(it, clinics, n, &fault);
    fault_reset(&fault);
    if (looks)
        look_at_all(it, clinics, n, &fault);
}

/* Until somebody wakes it, or its time comes. False: it is over. */
static bool sleep_well(struct custodian *it)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += SCAN_AGAIN_S;
    pthread_mutex_lock(&it->mutex);
    while (!it->is_over && !it->has_news &&
           pthread_cond_timedwait(&it->woken, &it->mutex, &until) == 0)
        continue;
    bool has_news = it->has_news;
    it->has_news = false;
    bool goes_on = !it->is_over;
    pthread_mutex_unlock(&it->mutex);
    if (has_news && goes_on)
        usleep(SETTLE_US); /* the news comes a moment before the commit */
    return goes_on;
}

static void *custodian_run(void *user)
{
    struct custodian *it = user;
    int64_t next_look_us = clock_monotonic_us() + FIRST_LOOK_S * INT64_C(1000000);
    do {
        bool looks = clock_monotonic_us() >= next_look_us;
        if (looks)
            next_look_us = clock_monotonic_us() + LOOK_EVERY_S * INT64_C(1000000);
        if (looks || it->custody.scanner)
            round_make(it, looks);
    } while (sleep_well(it));
    return NULL;
}

struct custodian *custodian_start(const struct custody *custody)
{
    pthread_condattr_t monotonic;
    struct custodian *it = calloc(1, sizeof *it);
    if (!it)
        abort();
    it->custody = *custody;
    pthread_mutex_init(&it->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&it->woken, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&it->thread, NULL, custodian_run, it) != 0)
        abort();
    return it;
}

void custodian_stop(struct custodian *it)
{
    if (!it)
        return;
    pthread_mutex_lock(&it->mutex);
    it->is_over = true;
    pthread_cond_signal(&it->woken);
    pthread_mutex_unlock(&it->mutex);
    pthread_join(it->thread, NULL);
    pthread_cond_destroy(&it->woken);
    pthread_mutex_destroy(&it->mutex);
    free(it);
}

void custodian_wake(struct custodian *it)
{
    if (!it)
        return;
    pthread_mutex_lock(&it->mutex);
    it->has_news = true;
    pthread_cond_signal(&it->woken);
    pthread_mutex_unlock(&it->mutex);
}

void custodian_stats_read(struct custodian *it, struct custodian_stats *out)
{
    *out = (struct custodian_stats){0};
    if (!it)
        return;
    pthread_mutex_lock(&it->mutex);
    *out = it->stats;
    pthread_mutex_unlock(&it->mutex);
}
