#include "db/doctor.h"

#include "db/program.h"
#include "db/verify/probe.h"
#include "gen/lists.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

enum { MIB = 1024 * 1024, LOCK_WAIT_MS = 1000 };

struct doctor {
    const struct doctor_options *options;
    struct fault *fault;
    struct checkup *out;
};

void checkup_add(struct checkup *all, struct arena *arena, const struct check *check)
{
    if (all->n == all->room) {
        size_t room = all->room ? all->room * 2 : 32;
        struct check *more = arena_array(arena, struct check, room);
        if (all->n)
            memcpy(more, all->checks, all->n * sizeof *more);
        all->checks = more;
        all->room = room;
    }
    all->checks[all->n++] = *check;
}

static void add(const struct doctor *doctor, const struct check *check)
{
    checkup_add(doctor->out, doctor->fault->arena, check);
}

static bool is_for(const struct doctor *doctor, const char *purpose)
{
    return doctor->options->purpose && strcmp(doctor->options->purpose, purpose) == 0;
}

static enum err server_ask(const struct doctor *doctor, PGconn *conn)
{
    struct checkup *out = doctor->out;
    PGresult *rows = NULL;
    const char *const values[] = {
        doctor->options->purpose,
        arena_format(doctor->fault->arena, "%d", doctor->options->connections)};
    enum err err = probe_run(conn, doctor->fault, verify_doctor[0].sql, 2, values, &rows);
    for (int i = 0; !err && i < PQntuples(rows); i++)
        add(doctor, &(struct check){.id = PQgetvalue(rows, i, 0),
                                    .level = (enum level)atoi(PQgetvalue(rows, i, 1)),
                                    .measured = PQgetvalue(rows, i, 2),
                                    .wanted = PQgetvalue(rows, i, 3),
                                    .fix = PQgetvalue(rows, i, 4)});
    if (!err)
        err = probe_run(conn, doctor->fault, verify_doctor[1].sql, 0, NULL, &rows);
    if (err)
        return err;
    out->bytes_needed = strtoll(PQgetvalue(rows, 0, 0), NULL, 10);
    out->server_line = atoi(PQgetvalue(rows, 0, 1));
    return ERR_NONE;
}

/* The catalogue's rules need tables to be rules of. */
static enum err rules_ask(const struct doctor *doctor, PGconn *conn)
{
    PGresult *rows = NULL;
    enum err err = probe_run(conn, doctor->fault, verify_facts[0].sql, 0, NULL, &rows);
    if (err)
        return err;
    doctor->out->facts.database = PQgetvalue(rows, 0, 0);
    doctor->out->facts.server_version = PQgetvalue(rows, 0, 1);
    doctor->out->facts.system_identifier = PQgetvalue(rows, 0, 2);
    if (*PQgetvalue(rows, 0, 4) != 't')
        return ERR_NONE;
    err = probe_run(conn, doctor->fault, verify_catalogue[0].sql, 0, NULL, &rows);
    if (err)
        return err;
    int n = PQntuples(rows);
    add(doctor, &(struct check){
                    .id = "schema.walls",
                    .level = n > 0 ? LEVEL_RED : LEVEL_GREEN,
                    .measured = n > 0 ? arena_format(doctor->fault->arena, "%d, first: %s %s", n,
                                                     PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1))
                                      : "no defect",
                    .wanted = "no defect",
                    .fix = "`clinicd verify isolation` names them all"});
    return ERR_NONE;
}

/* True when it answers. */
static bool database_look(const struct doctor *doctor, const char *id, const char *url)
{
    PGconn *conn PROBE_CLOSE = NULL;
    struct fault aside = {.arena = doctor->fault->arena};
    bool is_there = probe_connect(url, NULL, &aside, &conn) == ERR_NONE;
    add(doctor,
        &(struct check){.id = id,
                        .level = is_there ? LEVEL_GREEN : LEVEL_RED,
                        .measured = is_there ? arena_copy(aside.arena, PQuser(conn)) : aside.detail,
                        .wanted = "it answers",
                        .fix = "start the server, or mend the connection string"});
    return is_there;
}

static enum err server_look(const struct doctor *doctor, const char *url)
{
    PGconn *conn PROBE_CLOSE = NULL;
    enum err err = probe_connect(url, NULL, doctor->fault, &conn);
    if (!err)
        err = server_ask(doctor, conn);
    return err ? err : rules_ask(doctor, conn);
}

static void migrations_look(const struct doctor *doctor, const char *url)
{
    struct fault aside = {.arena = doctor->fault->arena};
    struct migrate_options options = {
        .url = url, .lock_wait_ms = LOCK_WAIT_MS, .to = -1, .data_loss_ok = -1};
    struct migration_status *all = NULL;
    struct drift *drift = NULL;
    size_t n = 0, pending = 0, wrong = 0, drift_n = 0;
    if (migrate_status(&options, aside.arena, &aside, &all, &n))
        return;
    for (size_t i = 0; i < n; i++) {
        pending += all[i].state == MIGRATION_PENDING;
        wrong += all[i].state != MIGRATION_PENDING && all[i].state != MIGRATION_APPLIED;
    }
    enum level late = is_for(doctor, "migrate")                             ? LEVEL_GREEN
                      : is_for(doctor, "serve") || is_for(doctor, "import") ? LEVEL_RED
                                                                            : LEVEL_AMBER;
    add(doctor, &(struct check){.id = "schema.migrations",
                                .level = wrong > 0     ? LEVEL_RED
                                         : pending > 0 ? late
                                                       : LEVEL_GREEN,
                                .measured = arena_format(aside.arena,
                                                         "%zu pending, %zu not as "
                                                         "they were",
                                                         pending, wrong),
                                .wanted = "none",
                                .fix = "`clinicd migrate up`, `clinicd migrate status`"});
    if (migrate_drift(&options, aside.arena, &aside, &drift, &drift_n))
        return;
    add(doctor, &(struct check){.id = "schema.drift",
                                .level = drift_n > 0 ? LEVEL_RED : LEVEL_GREEN,
                                .measured = drift_n > 0 ? drift[0].object : "none",
                                .wanted = "none",
                                .fix = "`clinicd migrate status --drift`"});
}

/* What the data must not hold before the pending files are applied. */
static void prechecks_look(const struct doctor *doctor, const char *url)
{
    struct fault aside = {.arena = doctor->fault->arena};
    struct migrate_options options = {.url = url,
                                      .lock_wait_ms = LOCK_WAIT_MS,
                                      .to = -1,
                                      .data_loss_ok = -1,
                                      .files = doctor->options->files};
    struct precheck_finding *all = NULL;
    size_t n = 0;
    if (migrate_prechecks(&options, aside.arena, &aside, &all, &n)) {
        add(doctor, &(struct check){.id = "data.prechecks",
                                    .level = LEVEL_RED,
                                    .measured = aside.detail,
                                    .wanted = "they can be asked",
                                    .fix = "`clinicd migrate status`"});
        return;
    }
    for (size_t i = 0; i < n; i++) {
        const struct precheck_finding *one = &all[i];
        const char *found =
            arena_format(aside.arena, "%" PRId64 " %s, as %s", one->count, one->finds, one->ids);
        add(doctor,
            &(struct check){
                .id = arena_format(aside.arena, "data.%04d_%s", one->version, one->name),
                .level = one->count > 0  ? LEVEL_RED
                         : one->is_later ? LEVEL_AMBER
                                         : LEVEL_GREEN,
                .measured = one->is_later    ? "asked when the files before it are applied"
                            : one->count > 0 ? found
                                             : arena_format(aside.arena, "0 %s", one->finds),
                .wanted = arena_format(aside.arena, "0 %s", one->finds),
                .fix = one->cure});
    }
}

static void disk_look(const struct doctor *doctor)
{
    struct statvfs disk;
    struct arena *arena = doctor->fault->arena;
    if (statvfs(doctor->options->data_dir, &disk) != 0)
        return; /* not there yet: the first start makes it */
    int64_t room = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    int64_t wanted = doctor->out->bytes_needed;
    add(doctor, &(struct check){.id = "disk.data",
                                .level = room >= wanted            ? LEVEL_GREEN
                                         : is_for(doctor, "serve") ? LEVEL_AMBER
                                                                   : LEVEL_RED,
                                .measured = arena_format(arena, "%" PRId64 " MiB free", room / MIB),
                                .wanted = arena_format(arena, "%" PRId64 " MiB", wanted / MIB + 1),
                                .fix = "make room: a backup and the largest table, twice"});
}

/* "pg_dump (PostgreSQL) 15.14 (Debian …)" */
static void dumper_look(const struct doctor *doctor)
{
    static const char *const argv[] = {"pg_dump", "--version", NULL};
    struct fault aside = {.arena = doctor->fault->arena};
    struct child child;
    const char *words = NULL;
    enum err err = child_begin(argv, NULL, &aside, &child);
    if (!err)
        err = child_end(&child, NULL, &aside, &words);
    const char *digits = words ? strpbrk(words, "0123456789") : NULL;
    int line = !err && digits ? atoi(digits) : 0;
    const char *measured =
        line > 0 ? arena_copy_n(aside.arena, digits, strcspn(digits, " \n")) : "not there";
    bool is_good = line > 0 && line >= doctor->out->server_line;
    add(doctor, &(struct check){
                    .id = "program.pg_dump",
                    .level = is_good                   ? LEVEL_GREEN
                             : is_for(doctor, "serve") ? LEVEL_AMBER
                                                       : LEVEL_RED,
                    .measured = measured,
                    .wanted = arena_format(aside.arena, "%d or newer", doctor->out->server_line),
                    .fix = "install postgresql-client of the server's version"});
}

enum err doctor_run(const struct doctor_options *options, struct fault *fault, struct checkup *out)
{
    const struct doctor doctor = {.options = options, .fault = fault, .out = out};
    bool has_app = database_look(&doctor, "database.app", options->app_url);
    bool has_migrator = false;
    if (options->migrate_url)
        has_migrator = database_look(&doctor, "database.migrator", options->migrate_url);
    enum err err = ERR_NONE;
    if (has_app || has_migrator)
        err = server_look(&doctor, has_migrator ? options->migrate_url : options->app_url);
    if (!err && has_migrator)
        migrations_look(&doctor, options->migrate_url);
    if (!err && has_migrator && is_for(&doctor, "migrate"))
        prechecks_look(&doctor, options->migrate_url);
    if (!err)
        disk_look(&doctor);
    if (!err)
        dumper_look(&doctor);
    return err;
}
