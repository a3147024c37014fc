/* `clinicd migrate sql` prints what `clinicd migrate up` sends, to the byte: the wire itself is
 * recorded, by a relay between the program and the server. */
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/sql.h"

#include "db/migrate.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

enum { LINES_MAX = 8, SENT_MAX = 4 << 20, PIECE = 16384, QUERIES_MAX = 4096, UP_TO = 4 };

/* One connection through the relay, with all that the program sent. */
struct line {
    pthread_t thread;
    int program, server;
    char *sent;
    size_t sent_n;
};

struct relay {
    pthread_t thread;
    char dir[64];
    struct sockaddr_un own, server;
    int listener;
    struct line lines[LINES_MAX];
    size_t lines_n;
};

static bool bytes_pass(struct line *line, int from, int to)
{
    char piece[PIECE];
    ssize_t n = read(from, piece, sizeof piece);
    if (n <= 0)
        return false;
    if (from == line->program && line->sent_n + (size_t)n <= SENT_MAX) {
        memcpy(line->sent + line->sent_n, piece, (size_t)n);
        line->sent_n += (size_t)n;
    }
    for (ssize_t done = 0; done < n;) {
        ssize_t written = write(to, piece + done, (size_t)(n - done));
        if (written <= 0)
            return false;
        done += written;
    }
    return true;
}

static void *line_run(void *user)
{
    struct line *line = user;
    struct pollfd ends[] = {{.fd = line->program, .events = POLLIN},
                            {.fd = line->server, .events = POLLIN}};
    for (bool is_open = true; is_open && poll(ends, 2, -1) > 0;) {
        if (ends[0].revents)
            is_open = bytes_pass(line, line->program, line->server);
        if (is_open && ends[1].revents)
            is_open = bytes_pass(line, line->server, line->program);
    }
    close(line->program);
    close(line->server);
    return NULL;
}

static void *relay_run(void *user)
{
    struct relay *relay = user;
    int program;
    while (relay->lines_n < LINES_MAX && (program = accept(relay->listener, NULL, NULL)) >= 0) {
        struct line *line = &relay->lines[relay->lines_n++];
        *line = (struct line){.program = program,
                              .server = socket(AF_UNIX, SOCK_STREAM, 0),
                              .sent = malloc(SENT_MAX)};
        if (!line->sent ||
            connect(line->server, (struct sockaddr *)&relay->server, sizeof relay->server) != 0)
            abort();
        pthread_create(&line->thread, NULL, line_run, line);
    }
    return NULL;
}

/* A socket of PostgreSQL's name in a folder of its own, before the one in the server's folder. */
static void relay_begin(struct relay *relay, const char *server_dir)
{
    *relay = (struct relay){.own.sun_family = AF_UNIX, .server.sun_family = AF_UNIX};
    strcpy(relay->dir, "/tmp/clinicd-wire-XXXXXX");
    assert_non_null(mkdtemp(relay->dir));
    snprintf(relay->own.sun_path, sizeof relay->own.sun_path, "%s/.s.PGSQL.5432", relay->dir);
    snprintf(relay->server.sun_path, sizeof relay->server.sun_path, "%s/.s.PGSQL.5432", server_dir);
    relay->listener = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(relay->listener, (struct sockaddr *)&relay->own, sizeof relay->own), 0);
    assert_int_equal(listen(relay->listener, LINES_MAX), 0);
    pthread_create(&relay->thread, NULL, relay_run, relay);
}

static void relay_end(struct relay *relay)
{
    shutdown(relay->listener, SHUT_RDWR);
    pthread_join(relay->thread, NULL);
    for (size_t i = 0; i < relay->lines_n; i++)
        pthread_join(relay->lines[i].thread, NULL);
    close(relay->listener);
    unlink(relay->own.sun_path);
    rmdir(relay->dir);
}

/* The statements of all Parse messages, in their order; they lie in the line's bytes. */
static size_t queries_read(const struct line *line, const char *out[])
{
    uint32_t length;
    size_t n = 0;
    memcpy(&length, line->sent, sizeof length);
    for (size_t at = ntohl(length);
         at + 5 <= line->sent_n;) { /* behind the first, which has no type */
        const char *message = line->sent + at;
        memcpy(&length, message + 1, sizeof length);
        if (message[0] == 'P' && n < QUERIES_MAX) {
            const char *name = message + 5;
            out[n++] = name + strlen(name) + 1;
        }
        at += 1 + ntohl(length);
    }
    return n;
}

static size_t runners_queries(const struct relay *relay, const char *out[])
{
    for (size_t i = 0; i < relay->lines_n; i++) {
        size_t n = queries_read(&relay->lines[i], out);
        for (size_t q = 0; q < n; q++)
            if (strstr(out[q], "pg_try_advisory_lock"))
                return n;
    }
    fail_msg("no connection of the runner among %zu", relay->lines_n);
    return 0;
}

/* Past what is for people only: no statement begins with a comment. */
static const char *comments_end(const char *at)
{
    while (*at == '\n' || strncmp(at, "-- ", 3) == 0)
        at += *at == '\n' ? 1 : strcspn(at, "\n") + 1;
    return at;
}

/* What the runner itself asks in every file, between BEGIN and COMMIT. */
static bool is_runners_own(const char *query)
{
    static const char *const own[] = {
        "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_locks",
        "DO $$ DECLARE command text; BEGIN",
        "DELETE FROM ops.catalogue",
        "INSERT INTO ops.catalogue (object, definition)",
        "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint AS at",
        "INSERT INTO ops.migration (version,",
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (strncmp(query, own[i], strlen(own[i])) == 0)
            return true;
    return false;
}

/* Every query is the next statement of the text, or the runner's own. */
static void assert_sent_as_printed(const char *const queries[], size_t n, const char *printed)
{
    const char *at = comments_end(printed);
    int files = 0;
    bool is_inside = false;
    for (size_t i = 0; i < n; i++) {
        size_t length = strlen(queries[i]);
        if (!is_inside) {
            /* The runs' own transactions begin with a lock on ops.run. */
            is_inside = strcmp(queries[i], "BEGIN") == 0 && i + 1 < n &&
                        strncmp(queries[i + 1], "LOCK TABLE ops.run", 18) != 0;
        } else if (strcmp(queries[i], "COMMIT") == 0) {
            is_inside = false;
            files++;
        } else if (strncmp(at, queries[i], length) == 0 && strncmp(at + length, ";\n\n", 3) == 0) {
            at = comments_end(at + length + 3);
        } else if (!is_runners_own(queries[i])) {
            fail_msg("sent, and not printed: %.200s\nprinted: %.200s", queries[i], at);
        }
    }
    if (*at != '\0')
        fail_msg("printed, and not sent: %.200s", at);
    assert_int_equal(files, UP_TO);
}

static void what_is_printed_is_what_is_sent_to_the_byte(void **state)
{
    (void)state;
    static const char *queries[QUERIES_MAX];
    struct arena arena CLEANUP(arena_end) = {0};
    struct postgres_database database;
    struct relay relay;
    postgres_database_empty("wire", &database);
    PGconn *boss = sql_connect(database.superuser_url);
    relay_begin(&relay, sql_text(boss, &arena, "SHOW unix_socket_directories"));
    sql_close(&boss);
    const char *const environment[] = {
        arena_format(&arena, "CLINICD_DATABASE_URL=%s", database.app_url),
        arena_format(&arena, "CLINICD_MIGRATE_URL=host=%s user=clinicd_migrator dbname=%s",
                     relay.dir, database.name),
        NULL};
    struct program_end sql = program_run(
        &arena, arena_format(&arena, CLINICD_PROGRAM " migrate sql 1 2 3 %d --verify", UP_TO),
        environment);
    struct program_end up = program_run(
        &arena, arena_format(&arena, CLINICD_PROGRAM " migrate up --to %d", UP_TO), environment);
    relay_end(&relay);
    if (sql.exit != 0 || up.exit != 0)
        fail_msg("%s%s", sql.said, up.said);
    assert_sent_as_printed(queries, runners_queries(&relay, queries), sql.text);
    for (size_t i = 0; i < relay.lines_n; i++)
        free(relay.lines[i].sent);
    postgres_drop(&database);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_printed_is_what_is_sent_to_the_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
