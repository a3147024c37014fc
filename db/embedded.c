#include "db/embedded.h"

#include "db/clock.h"
#include "db/migrate.h"
#include "db/postmaster.h"

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LAUNCHES_MAX = 3, READY_TIMEOUT_MS = 60000, PAUSE_MS = 50 };

static const char *const role_names[] = {"app", "migrator", "backup"};

enum { ROLES_N = sizeof role_names / sizeof role_names[0] };

/* Nobody but the roles comes in, and none of them makes temporary tables. */
static const char *const database_grants[] = {
    "REVOKE ALL ON DATABASE clinicd FROM PUBLIC",
    "GRANT CONNECT ON DATABASE clinicd TO clinicd_app, clinicd_migrator, clinicd_backup", NULL};

struct embedded {
    struct arena arena;
    struct postmaster postmaster;
    const char *urls[ROLES_N];
    const char *boot_url;
};

static void connection_close(PGconn **connection)
{
    PQfinish(*connection);
}

static void notice_ignore(void *user, const char *message)
{
    (void)user;
    (void)message;
}

/* As the superuser of the cluster; NULL when it does not take connections (now). */
static PGconn *boot_connect(const struct postmaster *postmaster, const char *database)
{
    const char *const names[] = {"host", "user", "dbname", "connect_timeout", NULL};
    const char *const values[] = {postmaster->socket_dir, "clinicd_boot", database, "5", NULL};
    PGconn *connection = PQconnectdbParams(names, values, 0);
    if (PQstatus(connection) != CONNECTION_OK) {
        PQfinish(connection);
        return NULL;
    }
    PQsetNoticeProcessor(connection, notice_ignore, NULL);
    return connection;
}

static bool postmaster_answers(const struct postmaster *postmaster, const char *database)
{
    PGconn *connection CLEANUP(connection_close) = boot_connect(postmaster, database);
    return connection != NULL;
}

static void pause_ms(long ms)
{
    struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&length, NULL);
}

/* Until it answers: a server that is alive is waited for (it starts, recovers or stops), one that
 * is not is launched. A crashed one may refuse for a moment while its last backends go. */
static enum err postmaster_raise(struct postmaster *postmaster, struct fault *fault)
{
    int64_t deadline = clock_monotonic_us() + READY_TIMEOUT_MS * 1000LL;
    for (int launches = 0; clock_monotonic_us() < deadline;) {
        if (postmaster_is_alive(postmaster)) {
            if (postmaster_answers(postmaster, "postgres"))
                return ERR_NONE;
        } else if (postmaster_launch(postmaster, fault)) {
            if (++launches == LAUNCHES_MAX)
                return fault->err;
            fault_reset(fault);
            pause_ms(1000);
        }
        pause_ms(PAUSE_MS);
    }
    return fail(fault, ERR_UNAVAILABLE, NULL, "the database server in %s does not answer",
                postmaster->dir);
}

static enum err statement_run(PGconn *connection, const char *sql, struct fault *fault)
{
    PGresult *result = PQexec(connection, sql);
    bool is_done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    if (!is_done)
        return fail(fault, ERR_INTERNAL, NULL, "cannot prepare the embedded server: %s",
                    PQerrorMessage(connection));
    return ERR_NONE;
}

static bool database_exists(PGconn *connection)
{
    PGresult *result =
        PQexec(connection, "SELECT FROM pg_catalog.pg_database WHERE datname = 'clinicd'");
    bool exists = PQntuples(result) == 1;
    PQclear(result);
    return exists;
}

static enum err roles_and_database_make(const struct postmaster *postmaster, struct fault *fault)
{
    PGconn *connection CLEANUP(connection_close) = boot_connect(postmaster, "postgres");
    if (!connection)
        return fail(fault, ERR_UNAVAILABLE, NULL, "the embedded server closed the door");
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && migration_roles[i]; i++)
        err = statement_run(connection, migration_roles[i], fault);
    if (!err && !database_exists(connection))
        err = statement_run(connection, "CREATE DATABASE clinicd OWNER clinicd_owner", fault);
    for (size_t i = 0; !err && database_grants[i]; i++)
        err = statement_run(connection, database_grants[i], fault);
    return err;
}

static struct embedded *embedded_make(const struct postmaster *postmaster)
{
    struct arena arena = {0};
    struct embedded *embedded = arena_new(&arena, struct embedded);
    embedded->postmaster = *postmaster;
    for (size_t i = 0; i < ROLES_N; i++)
        embedded->urls[i] = arena_format(&arena, "host=%s user=clinicd_%s dbname=clinicd",
                                         postmaster->socket_dir, role_names[i]);
    embedded->boot_url =
        arena_format(&arena, "host=%s user=clinicd_boot dbname=postgres", postmaster->socket_dir);
    embedded->arena = arena;
    return embedded;
}

enum err embedded_start(const char *data_dir, struct fault *fault, struct embedded **out)
{
    struct postmaster postmaster;
    enum err err = postmaster_find(data_dir, fault, &postmaster);
    if (!err)
        err = postmaster_make(&postmaster, fault);
    if (!err)
        err = postmaster_raise(&postmaster, fault);
    if (!err)
        err = roles_and_database_make(&postmaster, fault);
    if (!err)
        *out = embedded_make(&postmaster);
    return err;
}

enum err embedded_join(const char *data_dir, int wait_ms, struct fault *fault,
                       struct embedded **out)
{
    struct postmaster postmaster;
    enum err err = postmaster_find(data_dir, fault, &postmaster);
    if (err)
        return err;
    int64_t deadline = clock_monotonic_us() + wait_ms * 1000LL;
    while (!postmaster_is_alive(&postmaster) || !postmaster_answers(&postmaster, "clinicd")) {
        if (clock_monotonic_us() > deadline)
            return fail(fault, ERR_UNAVAILABLE, NULL, "no database server runs in %s", data_dir);
        pause_ms(PAUSE_MS);
    }
    *out = embedded_make(&postmaster);
    return ERR_NONE;
}

/* The urls stay true: the socket's folder depends on the cluster's path only. */
enum err embedded_tend(struct embedded *embedded, struct fault *fault)
{
    if (postmaster_is_alive(&embedded->postmaster))
        return ERR_NONE;
    return postmaster_raise(&embedded->postmaster, fault);
}

const char *embedded_url(const struct embedded *embedded, const char *role)
{
    for (size_t i = 0; i < ROLES_N; i++) {
        if (strcmp(role, role_names[i]) == 0)
            return embedded->urls[i];
    }
    return NULL;
}

const char *embedded_boot_url(const struct embedded *embedded)
{
    return embedded->boot_url;
}

/* The handle lives in its own arena, which must therefore be moved out before it ends. */
void embedded_leave(struct embedded *embedded)
{
    if (!embedded)
        return;
    struct arena arena = embedded->arena;
    arena_end(&arena);
}

/* A server that does not stop in time is left to its own shutdown; the next start adopts it. */
void embedded_stop(struct embedded *embedded)
{
    if (!embedded)
        return;
    struct fault fault = {.arena = &embedded->arena};
    if (postmaster_is_alive(&embedded->postmaster) &&
        postmaster_stop(&embedded->postmaster, &fault))
        fault_reset(&fault);
    embedded_leave(embedded);
}
