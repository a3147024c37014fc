#include "db/pipeline.h"

#include "db/audit_batch.h"
#include "db/clock.h"
#include "db/conn.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct place {
    PGconn *pg; /* NULL: vacant */
    struct list under_way;
    int load;
    bool wants_out;
};

struct pipeline {
    pthread_t thread;
    pthread_mutex_t mutex; /* guards the four below */
    struct list queue;
    PGconn **arriving; /* by place: made by the mender, not yet in service */
    bool is_stopping;
    bool *is_vacant;

    int epoll, wake;
    int places_n, reads_n;
    struct place *places;
    struct audit_batch batch;
    atomic_uint_fast64_t units, failures;
    atomic_int connected, in_flight, waiting;
};

static void finish(struct pipeline *p, struct unit *unit, enum unit_outcome outcome)
{
    unit->outcome = outcome;
    if (outcome != UNIT_DONE)
        atomic_fetch_add(&p->failures, 1);
    sem_post(&unit->done); /* from here on it is the requester's again */
}

static void send_unit(struct pipeline *p, struct unit *unit);

/* --- the audit rows of reads (audit_batch.h) ------------------------------------------------ */

static void owe(struct pipeline *p, struct unit *unit);

static void flush_batch(struct pipeline *p)
{
    struct unit *flush = batch_begin(&p->batch), *unit;
    if (!flush)
        return;
    send_unit(p, flush);
    struct list waited = batch_sent(&p->batch);
    while ((unit = list_pop(&waited)))
        owe(p, unit);
}

static void owe(struct pipeline *p, struct unit *unit)
{
    if (!batch_owe(&p->batch, unit))
        finish(p, unit, UNIT_DONE);
    flush_batch(p);
}

/* What was under way has come back: the rows that collected meanwhile may go. */
static void turn_over(struct pipeline *p)
{
    batch_release(&p->batch);
    flush_batch(p);
}

static void flush_ended(struct pipeline *p, enum unit_outcome outcome)
{
    enum unit_outcome verdict;
    struct list served = batch_ended(&p->batch, outcome, &verdict);
    struct unit *unit;
    while ((unit = list_pop(&served)))
        finish(p, unit, verdict);
    turn_over(p);
}

/* --- connections -------------------------------------------------------------------------- */

static void watch(struct pipeline *p, int place, bool wants_out)
{
    struct place *at = &p->places[place];
    if (at->wants_out == wants_out)
        return;
    at->wants_out = wants_out;
    struct epoll_event event = {.events = EPOLLIN | (wants_out ? EPOLLOUT : 0u),
                                .data.u32 = (uint32_t)place};
    epoll_ctl(p->epoll, EPOLL_CTL_MOD, PQsocket(at->pg), &event);
}

static void ended(struct pipeline *p, struct unit *unit, enum unit_outcome outcome)
{
    if (unit == &p->batch.flush) {
        flush_ended(p, outcome);
        return;
    }
    bool had_turn = unit->holds_audit_turn;
    if (outcome == UNIT_DONE && unit->audit != UNIT_PLAIN && !had_turn)
        owe(p, unit);
    else
        finish(p, unit, outcome);
    if (had_turn)
        turn_over(p);
}

static void drop(struct pipeline *p, int place)
{
    struct place *at = &p->places[place];
    PQfinish(at->pg); /* closes the socket, which leaves the epoll set with it */
    struct list lost = at->under_way;
    *at = (struct place){0};
    atomic_fetch_sub(&p->connected, 1);
    struct unit *unit;
    while ((unit = list_pop(&lost))) {
        atomic_fetch_sub(&p->in_flight, 1);
        ended(p, unit, UNIT_LOST);
    }
    pthread_mutex_lock(&p->mutex);
    p->is_vacant[place] = true;
    pthread_mutex_unlock(&p->mutex);
}

static void take_arrivals(struct pipeline *p)
{
    for (int i = 0; i < p->places_n; i++) {
        pthread_mutex_lock(&p->mutex);
        PGconn *pg = p->arriving[i];
        p->arriving[i] = NULL;
        pthread_mutex_unlock(&p->mutex);
        if (!pg)
            continue;
        p->places[i] = (struct place){.pg = pg};
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        epoll_ctl(p->epoll, EPOLL_CTL_ADD, PQsocket(pg), &event);
        atomic_fetch_add(&p->connected, 1);
    }
}

/* --- sending ------------------------------------------------------------------------------ */

/* Reads: the least loaded. Writes: the one that the clinic chooses, or the next that is there. */
static int choose(const struct pipeline *p, const struct unit *unit)
{
    int best = -1;
    if (unit->is_write) {
        int n = p->places_n - p->reads_n;
        int start = (int)((uint64_t)unit->clinic_id % (uint64_t)n);
        for (int i = 0; i < n && best < 0; i++)
            if (p->places[p->reads_n + (start + i) % n].pg)
                best = p->reads_n + (start + i) % n;
        return best;
    }
    for (int i = 0; i < p->reads_n; i++)
        if (p->places[i].pg && (best < 0 || p->places[i].load < p->places[best].load))
            best = i;
    return best;
}

static bool send_steps(struct place *at, struct unit *unit)
{
    for (int i = 0; i < unit->steps_n; i++)
        if (!conn_send(at->pg, unit->steps[i].statement, unit->reserved, unit->steps[i].args))
            return false;
    return PQpipelineSync(at->pg);
}

static void send_unit(struct pipeline *p, struct unit *unit)
{
    int place = choose(p, unit);
    if (place < 0) {
        if (unit == &p->batch.flush)
            ended(p, unit, UNIT_REFUSED);
        else
            finish(p, unit, UNIT_REFUSED);
        return;
    }
    if (unit->audit != UNIT_PLAIN) {
        if (batch_turn(&p->batch)) {
            unit->holds_audit_turn = true;
            if (unit->audit == UNIT_WRAPPED)
                unit->steps[unit->main_step].statement = unit->audited;
        } else if (unit->audit == UNIT_APPENDED) {
            unit->steps_n--;
        }
    }
    struct place *at = &p->places[place];
    list_push(&at->under_way, unit);
    at->load++;
    atomic_fetch_add(&p->in_flight, 1);
    atomic_fetch_add(&p->units, 1);
    int flushed = send_steps(at, unit) ? PQflush(at->pg) : -1;
    if (flushed < 0)
        drop(p, place);
    else
        watch(p, place, flushed > 0);
}

static void send_queued(struct pipeline *p)
{
    pthread_mutex_lock(&p->mutex);
    struct list queue = p->queue;
    p->queue = (struct list){0};
    pthread_mutex_unlock(&p->mutex);
    struct unit *unit;
    while ((unit = list_pop(&queue)))
        send_unit(p, unit);
}

/* --- results ------------------------------------------------------------------------------ */

/* One result of the unit at the head. True when it was the unit's Sync. */
static bool take_result(struct unit *unit, PGresult *result)
{
    if (!result) {
        unit->at++;
        return false;
    }
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        return true;
    }
    struct step *step = &unit->steps[unit->at < unit->steps_n ? unit->at : unit->main_step];
    if (unit->at >= unit->steps_n || !step->result) { /* after the last step: the commit failed */
        PQclear(step->result);
        step->result = result;
    } else {
        PQclear(result);
    }
    return false;
}

static void receive(struct pipeline *p, int place)
{
    struct place *at = &p->places[place];
    if (!PQconsumeInput(at->pg)) {
        drop(p, place);
        return;
    }
    while (at->under_way.first && !PQisBusy(at->pg)) {
        struct unit *unit = at->under_way.first;
        PGresult *result = PQgetResult(at->pg);
        if (PQstatus(at->pg) == CONNECTION_BAD) {
            PQclear(result);
            drop(p, place);
            return;
        }
        if (!take_result(unit, result))
            continue;
        list_pop(&at->under_way);
        at->load--;
        atomic_fetch_sub(&p->in_flight, 1);
        ended(p, unit, UNIT_DONE);
        if (!at->pg)
            return; /* sending the batch found the connection dead */
    }
    if (!at->under_way.first && PQstatus(at->pg) == CONNECTION_BAD)
        drop(p, place);
}

/* --- deadlines ------------------------------------------------------------------------------ */

static void drop_overdue(struct pipeline *p, int64_t now)
{
    for (int i = 0; i < p->places_n; i++)
        if (p->places[i].under_way.first && p->places[i].under_way.first->deadline_us < now)
            drop(p, i);
}

/* --- the thread ----------------------------------------------------------------------------- */

static bool is_over(struct pipeline *p)
{
    pthread_mutex_lock(&p->mutex);
    bool over = p->is_stopping && !p->queue.first;
    pthread_mutex_unlock(&p->mutex);
    return over && atomic_load(&p->in_flight) == 0;
}

static void *run(void *user)
{
    struct pipeline *p = user;
    int64_t looked = clock_monotonic_us();
    while (!is_over(p)) {
        struct epoll_event events[32];
        int n = epoll_wait(p->epoll, events, 32, 100);
        for (int i = 0; i < n; i++) {
            int place = (int)events[i].data.u32;
            if (place == p->places_n) {
                uint64_t ignored;
                if (read(p->wake, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
                    abort();
                continue;
            }
            if (!p->places[place].pg)
                continue;
            if (events[i].events & EPOLLOUT)
                watch(p, place, PQflush(p->places[place].pg) > 0);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(p, place);
        }
        take_arrivals(p);
        send_queued(p);
        int64_t now = clock_monotonic_us();
        if (now - looked > 50 * 1000) {
            drop_overdue(p, now);
            looked = now;
        }
    }
    return NULL;
}

static void wake(struct pipeline *p)
{
    uint64_t one = 1;
    if (write(p->wake, &one, sizeof one) < 0 && errno != EAGAIN)
        abort();
}

void pipeline_run(struct pipeline *p, struct unit *unit)
{
    sem_init(&unit->done, 0, 0);
    atomic_fetch_add(&p->waiting, 1);
    pthread_mutex_lock(&p->mutex);
    bool was_empty = !p->queue.first;
    if (p->is_stopping) {
        pthread_mutex_unlock(&p->mutex);
        unit->outcome = UNIT_REFUSED;
        atomic_fetch_sub(&p->waiting, 1);
        return;
    }
    list_push(&p->queue, unit);
    pthread_mutex_unlock(&p->mutex);
    if (was_empty)
        wake(p);
    while (sem_wait(&unit->done) != 0)
        ; /* a signal; the unit always ends */
    sem_destroy(&unit->done);
    atomic_fetch_sub(&p->waiting, 1);
}

struct pipeline *pipeline_start(const struct database_options *options)
{
    struct pipeline *p = calloc(1, sizeof *p);
    if (!p)
        abort();
    p->reads_n = options->read_connections;
    p->places_n = options->read_connections + options->write_connections;
    p->places = calloc((size_t)p->places_n, sizeof *p->places);
    p->arriving = calloc((size_t)p->places_n, sizeof(PGconn *));
    p->is_vacant = calloc((size_t)p->places_n, sizeof *p->is_vacant);
    p->epoll = epoll_create1(EPOLL_CLOEXEC);
    p->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!p->places || !p->arriving || !p->is_vacant || p->epoll < 0 || p->wake < 0)
        abort();
    for (int i = 0; i < p->places_n; i++)
        p->is_vacant[i] = true;
    pthread_mutex_init(&p->mutex, NULL);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)p->places_n};
    epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->wake, &event);
    if (pthread_create(&p->thread, NULL, run, p) != 0)
        abort();
    return p;
}

void pipeline_stop(struct pipeline *p)
{
    pthread_mutex_lock(&p->mutex);
    p->is_stopping = true;
    pthread_mutex_unlock(&p->mutex);
    wake(p);
    pthread_join(p->thread, NULL);
    for (int i = 0; i < p->places_n; i++) {
        PQfinish(p->places[i].pg);
        PQfinish(p->arriving[i]);
    }
    batch_end(&p->batch);
    close(p->epoll);
    close(p->wake);
    pthread_mutex_destroy(&p->mutex);
    free(p->places);
    free(p->arriving);
    free(p->is_vacant);
    free(p);
}

void pipeline_connect(struct pipeline *p, int place, PGconn *pg)
{
    pthread_mutex_lock(&p->mutex);
    p->arriving[place] = pg;
    pthread_mutex_unlock(&p->mutex);
    wake(p);
}

int pipeline_vacant(struct pipeline *p)
{
    int place = -1;
    pthread_mutex_lock(&p->mutex);
    for (int i = 0; i < p->places_n && place < 0; i++)
        if (p->is_vacant[i]) {
            p->is_vacant[i] = false;
            place = i;
        }
    pthread_mutex_unlock(&p->mutex);
    return place;
}

void pipeline_give_up(struct pipeline *p, int place)
{
    pthread_mutex_lock(&p->mutex);
    p->is_vacant[place] = true;
    pthread_mutex_unlock(&p->mutex);
}

int pipeline_places(const struct pipeline *p)
{
    return p->places_n;
}

void pipeline_stats(struct pipeline *p, struct database_stats *out)
{
    out->units = atomic_load(&p->units);
    out->failures = atomic_load(&p->failures);
    out->audit_batches = atomic_load(&p->batch.batches);
    out->audit_rows = atomic_load(&p->batch.written);
    out->connected = atomic_load(&p->connected);
    out->in_flight = atomic_load(&p->in_flight);
    out->waiting = atomic_load(&p->waiting);
}
