#include "db/doctor.h"

#include "db/clock.h"
#include "db/fixes.h"
#include "db/verify/doctor_host.h"
#include "db/verify/probe.h"
#include "db/verify/rules.h"
#include "gen/lists.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LOCK_WAIT_MS = 1000 };
enum { ASK_FACTS, ASK_BYTES, ASK_CLOCK, ASK_STOCK, ASK_BACKUP, ASK_ZONE }; /* doctor.sql */

struct doctor {
    const struct doctor_options *options;
    struct fault *fault;
    struct checkup *out;
    json_t *facts;
    struct doctor_needs needs;
    int64_t patients, bytes;
    int standbys;
    bool sees_all;     /* of the clinics' rows */
    bool has_backups;  /* there is a table of them */
    bool has_migrator; /* he can be reached, at a server that we know */
};

static const struct {
    const char *name;
    enum purpose purpose;
} purposes[] = {
    {"migrate", FOR_MIGRATE}, {"serve", FOR_SERVE}, {"import", FOR_IMPORT},
    {"restore", FOR_RESTORE}, {"scale", FOR_SCALE},
};

static enum purpose purpose_of(const char *name)
{
    for (size_t i = 0; name && i < sizeof purposes / sizeof purposes[0]; i++) {
        if (strcmp(name, purposes[i].name) == 0)
            return purposes[i].purpose;
    }
    return FOR_ANYTHING;
}

bool doctor_knows(const char *purpose)
{
    return purpose_of(purpose) != FOR_ANYTHING;
}

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

static void fact_add(const struct doctor *doctor, const char *id, json_t *value, const char *shown)
{
    json_object_set_new(doctor->facts, id, value);
    if (shown)
        json_object_set_new(doctor->facts, arena_format(doctor->fault->arena, "%s.shown", id),
                            json_string(shown));
}

static int64_t number(const PGresult *rows, int column)
{
    return strtoll(PQgetvalue(rows, 0, column), NULL, 10);
}

static enum err ask(const struct doctor *doctor, PGconn *conn, int which, int n,
                    const char *const values[], PGresult **rows)
{
    return probe_run(conn, doctor->fault, verify_doctor[which].sql, n, values, rows);
}

/* What the connection itself tells, of any server: an old one does not know what the rest asks. */
static void version_facts(const struct doctor *doctor, PGconn *conn)
{
    struct arena *arena = doctor->fault->arena;
    int version = PQserverVersion(conn), line = version / 10000;
    int least = fixes_least_minor(version);
    const char *words = PQparameterStatus(conn, "server_version");
    fact_add(doctor, "server.version", json_integer(version), words ? words : "unknown");
    if (least < 0)
        return;
    fact_add(doctor, "server.fixes", json_integer(version % 10000 - least),
             arena_format(arena, "%d.%d", line, version % 10000));
    json_object_set_new(doctor->facts, "server.fixes.wanted",
                        json_string(arena_format(arena, "%d.%d or newer", line, least)));
}

/* A pooler answers the start-up with a process number of its own. */
static enum err pooler_look(const struct doctor *doctor, PGconn *conn)
{
    PGresult *rows = NULL;
    enum err err = probe_run(conn, doctor->fault, "SELECT pg_backend_pid()", 0, NULL, &rows);
    if (err)
        return err;
    bool is_direct = number(rows, 0) == PQbackendPID(conn);
    fact_add(doctor, "server.pooler", json_string(is_direct ? "no" : "yes"),
             is_direct ? "none in between" : "something in between hands out its connections");
    return ERR_NONE;
}

/* Between the moment before the question and that after the answer. */
static enum err clock_look(const struct doctor *doctor, PGconn *conn)
{
    PGresult *rows = NULL;
    int64_t before = clock_now_us();
    enum err err = ask(doctor, conn, ASK_CLOCK, 0, NULL, &rows);
    int64_t after = clock_now_us();
    if (err)
        return err;
    int64_t theirs = number(rows, 0);
    int64_t skew = theirs < before ? before - theirs : theirs > after ? theirs - after : 0;
    fact_add(doctor, "server.clock", json_real((double)skew / 1e6),
             arena_format(doctor->fault->arena, "%.1f s apart", (double)skew / 1e6));
    return ERR_NONE;
}

static void zone_look(const struct doctor *doctor, PGconn *conn)
{
    struct fault aside = {.arena = doctor->fault->arena};
    bool is_known = !probe_run(conn, &aside, verify_doctor[ASK_ZONE].sql, 0, NULL, NULL);
    fact_add(doctor, "server.timezone", json_string(is_known ? "" : "no zones"),
             is_known ? "zones are known" : NULL);
}

static enum err server_ask(struct doctor *doctor, PGconn *conn)
{
    struct arena *arena = doctor->fault->arena;
    const char *const values[] = {arena_format(arena, "%d", doctor->options->connections)};
    const char *host = PQhost(conn);
    PGresult *rows = NULL, *bytes = NULL;
    enum err err = ask(doctor, conn, ASK_FACTS, 1, values, &rows);
    if (!err)
        err = ask(doctor, conn, ASK_BYTES, 0, NULL, &bytes);
    if (err)
        return err;
    json_t *facts = arena_json(arena, json_loads(PQgetvalue(rows, 0, 0), 0, NULL));
    json_object_update(doctor->facts, facts);
    if (doctor->options->is_embedded) /* its backups are the archive */
        json_object_del(doctor->facts, "wal.archive");
    doctor->standbys = (int)number(rows, 1);
    doctor->has_backups = *PQgetvalue(rows, 0, 3) == 't';
    doctor->sees_all = *PQgetvalue(rows, 0, 4) == 't';
    if (doctor->options->is_embedded)
        doctor->needs.server_dir = doctor->options->data_dir;
    else if (host && host[0] == '/' && !PQgetisnull(rows, 0, 2))
        doctor->needs.server_dir = PQgetvalue(rows, 0, 2);
    doctor->needs.bytes = number(bytes, 0);
    doctor->bytes = number(bytes, 1);
    return ERR_NONE;
}

static const char *duration_of(struct arena *arena, int64_t ms)
{
    return ms < 3600 * 1000 ? arena_format(arena, "%.1f min", (double)ms / 60000)
                            : arena_format(arena, "%.1f h", (double)ms / 3600000);
}

/* Where there is no clinic there is nothing to lose. */
static enum err backup_look(struct doctor *doctor, PGconn *conn)
{
    struct arena *arena = doctor->fault->arena;
    PGresult *rows = NULL;
    enum err err = ERR_NONE;
    if (doctor->has_backups)
        err = ask(doctor, conn, ASK_BACKUP, 0, NULL, &rows);
    if (err)
        return err;
    if (PQntuples(rows) == 0) {
        fact_add(doctor, "backup.verified", json_real(1e12), "never");
        return ERR_NONE;
    }
    fact_add(doctor, "backup.verified", json_real((double)number(rows, 0) / 1000),
             arena_format(arena, "%s old, restored in %.1f s", duration_of(arena, number(rows, 0)),
                          (double)number(rows, 1) / 1000));
    return ERR_NONE;
}

static enum err stock_look(struct doctor *doctor, PGconn *conn)
{
    PGresult *rows = NULL;
    if (!doctor->sees_all)
        return ERR_NONE;
    enum err err = ask(doctor, conn, ASK_STOCK, 0, NULL, &rows);
    if (err)
        return err;
    doctor->needs.clinics = number(rows, 0);
    doctor->patients = number(rows, 1);
    doctor->needs.files = number(rows, 2);
    if (doctor->needs.clinics > 0)
        err = backup_look(doctor, conn);
    if (!err && purpose_of(doctor->options->purpose) == FOR_SCALE)
        scale_facts(doctor->needs.clinics, doctor->patients, doctor->bytes, doctor->standbys,
                    doctor->fault->arena, doctor->facts);
    return err;
}

/* The catalogue's rules need tables to be rules of. */
static enum err walls_look(struct doctor *doctor, PGconn *conn)
{
    PGresult *rows = NULL;
    struct verification *facts = &doctor->out->facts;
    enum err err = probe_run(conn, doctor->fault, verify_facts[0].sql, 0, NULL, &rows);
    if (err)
        return err;
    facts->database = PQgetvalue(rows, 0, 0);
    facts->server_version = PQgetvalue(rows, 0, 1);
    facts->system_identifier = PQgetvalue(rows, 0, 2);
    if (*PQgetvalue(rows, 0, 4) != 't')
        return ERR_NONE;
    err = probe_run(conn, doctor->fault, verify_catalogue[0].sql, 0, NULL, &rows);
    if (err)
        return err;
    int n = PQntuples(rows);
    fact_add(doctor, "schema.walls",
             json_string(n > 0 ? arena_format(doctor->fault->arena, "%d, first: %s %s", n,
                                              PQgetvalue(rows, 0, 0), PQgetvalue(rows, 0, 1))
                               : ""),
             n > 0 ? NULL : "no defect");
    return ERR_NONE;
}

/* True when it answers. */
static bool database_look(const struct doctor *doctor, const char *id, const char *url)
{
    PGconn *conn PROBE_CLOSE = NULL;
    struct fault aside = {.arena = doctor->fault->arena};
    bool is_there = probe_connect(url, NULL, &aside, &conn) == ERR_NONE;
    fact_add(doctor, id, json_string(is_there ? "" : aside.detail), is_there ? PQuser(conn) : NULL);
    return is_there;
}

static enum err server_look(struct doctor *doctor, const char *url)
{
    PGconn *conn PROBE_CLOSE = NULL;
    enum err err = probe_connect(url, NULL, doctor->fault, &conn);
    if (err)
        return err;
    version_facts(doctor, conn);
    doctor->needs.server_line = PQserverVersion(conn) / 10000;
    if (PQserverVersion(conn) < SERVER_LEAST)
        return ERR_NONE;
    err = pooler_look(doctor, conn);
    if (!err)
        err = clock_look(doctor, conn);
    if (!err)
        err = server_ask(doctor, conn);
    if (!err)
        zone_look(doctor, conn);
    if (!err)
        err = walls_look(doctor, conn);
    return err ? err : stock_look(doctor, conn);
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
    fact_add(doctor, "schema.migrations",
             json_string(pending ? arena_format(aside.arena, "%zu pending", pending) : ""),
             pending ? NULL : "none pending");
    fact_add(doctor, "schema.history",
             json_string(wrong ? arena_format(aside.arena, "%zu not as they were", wrong) : ""),
             wrong ? NULL : "every file as it was applied");
    if (migrate_drift(&options, aside.arena, &aside, &drift, &drift_n))
        return;
    fact_add(doctor, "schema.drift", json_string(drift_n > 0 ? drift[0].object : ""), NULL);
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
        checkup_add(doctor->out, aside.arena,
                    &(struct check){.id = "data.prechecks",
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
        checkup_add(doctor->out, aside.arena,
                    &(struct check){
                        .id = arena_format(aside.arena, "data.%04d_%s", one->version, one->name),
                        .level = one->count > 0  ? LEVEL_RED
                                 : one->is_later ? LEVEL_AMBER
                                                 : LEVEL_GREEN,
                        .measured = one->is_later ? "asked when the files before it are applied"
                                    : one->count > 0
                                        ? found
                                        : arena_format(aside.arena, "0 %s", one->finds),
                        .wanted = arena_format(aside.arena, "0 %s", one->finds),
                        .fix = one->cure});
    }
}

static enum err all_look(struct doctor *doctor)
{
    const struct doctor_options *options = doctor->options;
    bool has_app = database_look(doctor, "database.app", options->app_url);
    bool has_migrator = false;
    enum err err = ERR_NONE;
    if (options->migrate_url)
        has_migrator = database_look(doctor, "database.migrator", options->migrate_url);
    if (has_app || has_migrator)
        err = server_look(doctor, has_migrator ? options->migrate_url : options->app_url);
    doctor->has_migrator = has_migrator && doctor->needs.server_line >= SERVER_LEAST / 10000;
    if (!err && doctor->has_migrator)
        migrations_look(doctor, options->migrate_url);
    if (!err)
        host_facts(options, &doctor->needs, doctor->fault->arena, doctor->facts);
    return err;
}

enum err doctor_run(const struct doctor_options *options, struct fault *fault, struct checkup *out)
{
    struct doctor doctor = {.options = options, .fault = fault, .out = out};
    doctor.facts = arena_json(fault->arena, json_object());
    enum err err = all_look(&doctor);
    if (!err)
        doctor_judge(doctor.facts, purpose_of(options->purpose), fault->arena, out);
    if (!err && doctor.has_migrator && purpose_of(options->purpose) == FOR_MIGRATE)
        prechecks_look(&doctor, options->migrate_url);
    return err;
}
