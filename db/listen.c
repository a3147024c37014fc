#include "db/listen.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/words.h"

#include <errno.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TICK_MS = 1000, ANSWER_MS = 5000, BACKOFF_LEAST_MS = 100, BACKOFF_MOST_MS = 5000 };

struct listener {
    char *url;
    listen_news news;
    void *user;
    PGconn *pg;  /* NULL: not connected */
    int stop_fd; /* readable once: leave */
    /* Ids are given before they are committed, so a lower one may appear late. Every tick asks for
     * what came since the tick before the last; forgetting twice does no harm. */
    int64_t seen, settled;
    pthread_t thread;
};

/* Waits for the socket, at most so long. False: asked to stop. */
static bool socket_wait(const struct listener *listener, short events, int timeout_ms)
{
    struct pollfd fds[2] = {{.fd = listener->stop_fd, .events = POLLIN},
                            {.fd = listener->pg ? PQsocket(listener->pg) : -1, .events = events}};
    while (poll(fds, 2, timeout_ms) < 0 && errno == EINTR)
        continue;
    return !fds[0].revents;
}

static void disconnect(struct listener *listener)
{
    PQfinish(listener->pg);
    listener->pg = NULL;
}

/* libpq's notices are nobody's business here. */
static void ignore_notice(void *user, const char *message)
{
    (void)user;
    (void)message;
}

static bool connect_now(struct listener *listener)
{
    const char *keywords[] = {"dbname", "application_name", "keepalives_idle", "tcp_user_timeout",
                              NULL};
    const char *values[] = {listener->url, "clinicd-listen", "10", "10000", NULL};
    listener->pg = PQconnectStartParams(keywords, values, 1);
    if (listener->pg)
        PQsetNoticeProcessor(listener->pg, ignore_notice, NULL);
    int64_t until_us = clock_monotonic_us() + ANSWER_MS * INT64_C(1000);
    PostgresPollingStatusType status = PGRES_POLLING_WRITING;
    while (listener->pg && PQstatus(listener->pg) != CONNECTION_BAD && status != PGRES_POLLING_OK) {
        int64_t left_us = until_us - clock_monotonic_us();
        short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
        if (left_us <= 0 || !socket_wait(listener, events, (int)(left_us / 1000) + 1))
            return false;
        status = PQconnectPoll(listener->pg);
        if (status == PGRES_POLLING_FAILED)
            return false;
    }
    if (!listener->pg || PQstatus(listener->pg) != CONNECTION_OK)
        return false;
    return true;
}

/* Runs one statement without ever blocking for long. NULL: failed, timed out, or asked to stop. */
static PGresult *ask(struct listener *listener, const char *sql, const char *parameter)
{
    const char *values[] = {parameter};
    if (!PQsendQueryParams(listener->pg, sql, parameter ? 1 : 0, NULL, values, NULL, NULL, 0))
        return NULL;
    int64_t until_us = clock_monotonic_us() + ANSWER_MS * INT64_C(1000);
    while (PQflush(listener->pg) > 0 || PQisBusy(listener->pg)) {
        int64_t left_us = until_us - clock_monotonic_us();
        if (left_us <= 0 || !socket_wait(listener, POLLIN, (int)(left_us / 1000) + 1) ||
            !PQconsumeInput(listener->pg))
            return NULL;
    }
    PGresult *kept = NULL;
    for (PGresult *result; (result = PQgetResult(listener->pg));) {
        PQclear(kept);
        kept = result;
    }
    ExecStatusType status = PQresultStatus(kept);
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK)
        return kept;
    PQclear(kept);
    return NULL;
}

/* Listens from now on. What was said before is known by whoever starts, or dropped by "*". */
static bool begin(struct listener *listener)
{
    PGresult *listening = ask(listener, "LISTEN clinicd", NULL);
    PQclear(listening);
    if (!listening)
        return false;
    PGresult *latest = ask(listener, "SELECT coalesce(max(id), 0) FROM clinicd.news", NULL);
    if (!latest)
        return false;
    listener->seen = listener->settled = strtoll(PQgetvalue(latest, 0, 0), NULL, 10);
    PQclear(latest);
    return true;
}

/* "session 0190…": the kind ends at the first space. */
static void tell(const struct listener *listener, char *text)
{
    char *space = strchr(text, ' ');
    if (!space)
        return;
    *space = '\0';
    listener->news(text, space + 1, listener->user);
}

static void take_notifications(struct listener *listener)
{
    for (PGnotify *notify; (notify = PQnotifies(listener->pg));) {
        tell(listener, notify->extra);
        PQfreemem(notify);
    }
}

static bool take_missed(struct listener *listener)
{
    char after[24];
    snprintf(after, sizeof after, "%lld", (long long)listener->settled);
    PGresult *rows =
        ask(listener, "SELECT id, kind, key FROM clinicd.news WHERE id > $1::bigint ORDER BY id",
            after);
    if (!rows)
        return false;
    listener->settled = listener->seen;
    for (int i = 0, n = PQntuples(rows); i < n; i++) {
        listener->seen = strtoll(PQgetvalue(rows, i, 0), NULL, 10);
        listener->news(PQgetvalue(rows, i, 1), PQgetvalue(rows, i, 2), listener->user);
    }
    PQclear(rows);
    return true;
}

/* Until the connection breaks (true) or the listener is stopped (false). */
static bool listen_on(struct listener *listener)
{
    int64_t tick_us = clock_monotonic_us() + TICK_MS * INT64_C(1000);
    for (;;) {
        int64_t left_us = tick_us - clock_monotonic_us();
        if (!socket_wait(listener, POLLIN, left_us > 0 ? (int)(left_us / 1000) + 1 : 0))
            return false;
        if (!PQconsumeInput(listener->pg))
            return true;
        if (clock_monotonic_us() >= tick_us) {
            if (!take_missed(listener))
                return true;
            listener->news("tick", "", listener->user);
            tick_us = clock_monotonic_us() + TICK_MS * INT64_C(1000);
        }
        take_notifications(listener);
    }
}

static void *thread_main(void *user)
{
    struct listener *listener = user;
    int backoff_ms = BACKOFF_LEAST_MS;
    for (;;) {
        if (listener->pg && !listen_on(listener))
            return NULL;
        disconnect(listener);
        int jitter_ms = (int)randombytes_uniform((uint32_t)backoff_ms);
        if (!socket_wait(listener, 0, backoff_ms / 2 + jitter_ms))
            return NULL;
        if (connect_now(listener) && begin(listener)) {
            backoff_ms = BACKOFF_LEAST_MS;
            listener->news("*", "", listener->user);
            continue;
        }
        disconnect(listener);
        backoff_ms = backoff_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : backoff_ms * 2;
    }
}

static void listener_free(struct listener *listener)
{
    disconnect(listener);
    close(listener->stop_fd);
    free(listener->url);
    free(listener);
}

enum err listener_start(const char *url, listen_news news, void *user, struct fault *fault,
                        struct listener **out)
{
    struct listener *listener = calloc(1, sizeof *listener);
    if (!listener)
        abort();
    *listener = (struct listener){
        .url = strdup(url), .news = news, .user = user, .stop_fd = eventfd(0, EFD_CLOEXEC)};
    if (!listener->url || listener->stop_fd < 0)
        abort();
    if (!connect_now(listener) || !begin(listener)) {
        enum err err = fail_quietly(fault, ERR_UNAVAILABLE, "database-unavailable", "listener: %s",
                                    words_of_refusal(listener->pg));
        listener_free(listener);
        return err;
    }
    if (pthread_create(&listener->thread, NULL, thread_main, listener)) {
        listener_free(listener);
        return fail_quietly(fault, ERR_INTERNAL, NULL, "listener: no thread");
    }
    *out = listener;
    return ERR_NONE;
}

void listener_stop(struct listener *listener)
{
    if (!listener)
        return;
    uint64_t one = 1;
    while (write(listener->stop_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    pthread_join(listener->thread, NULL);
    listener_free(listener);
}
