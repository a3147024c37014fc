#include "db/migrate/run.h"

#include "db/buf.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { HOST_ROOM = 256 };

static const char insert_run[] =
    "INSERT INTO ops.run (command, arguments, db_role, os_user, host, tool, backend_pid, "
    "started_at)"
    " VALUES ($1, $2, session_user, $3, $4, $5, pg_backend_pid(), clock_timestamp())"
    " RETURNING id";

/* Everything that is said of a run, as its hash sees it. */
#define RUN_TEXT                                                                                   \
    "concat_ws(E'\\n', r.prev_hash, r.number, r.id, r.command, r.arguments, r.db_role, r.os_user," \
    " r.host, r.tool, (extract(epoch FROM r.started_at) * 1000000)::bigint, r.duration_ms,"        \
    " r.outcome, r.result)"
#define RUN_HASH "encode(sha256(convert_to(" RUN_TEXT ", 'UTF8')), 'hex')"

/* Runs may end at the same time: the lock gives each its own place in the chain. */
static const char lock_runs[] = "LOCK TABLE ops.run IN SHARE ROW EXCLUSIVE MODE";

static const char end_run[] =
    "UPDATE ops.run SET outcome = $2, result = $3,"
    "       duration_ms = (extract(epoch FROM clock_timestamp() - started_at) * 1000)::bigint,"
    "       number = coalesce((SELECT max(number) FROM ops.run), 0) + 1,"
    "       prev_hash = coalesce((SELECT hash FROM ops.run WHERE number IS NOT NULL"
    "                              ORDER BY number DESC LIMIT 1), '')"
    " WHERE id = $1::bigint AND number IS NULL";

static const char hash_run[] =
    "UPDATE ops.run r SET hash = " RUN_HASH " WHERE r.id = $1::bigint AND r.hash IS NULL";

static const char broken_runs[] =
    "SELECT id, command FROM ("
    "    SELECT r.id, r.command, r.number, r.hash IS DISTINCT FROM " RUN_HASH
    "        OR r.prev_hash IS DISTINCT FROM coalesce(lag(r.hash) OVER w, '')"
    "        OR r.number IS DISTINCT FROM row_number() OVER w AS is_broken"
    "      FROM ops.run r WHERE r.number IS NOT NULL WINDOW w AS (ORDER BY r.number)) AS checked"
    " WHERE is_broken ORDER BY number LIMIT 1";

static const char *os_user(void)
{
    const struct passwd *user = getpwuid(geteuid());
    return user ? user->pw_name : "?";
}

enum err run_begin(struct migrator *migrator, const char *command)
{
    char host[HOST_ROOM] = "?";
    PGresult *result = NULL;
    const struct migrate_options *options = migrator->options;
    gethostname(host, sizeof host - 1);
    const char *const values[] = {options->command ? options->command : command,
                                  options->arguments ? options->arguments : "[]", os_user(), host,
                                  "clinicd " CLINICD_VERSION};
    enum err err = migrator_run_params(migrator, insert_run, 5, values, &result);
    if (!err)
        migrator->run_id = PQgetvalue(result, 0, 0);
    return err;
}

/* What was not so and was taken for good, and why: somebody answers for it. */
static void waived_write(struct buf *out, const struct migrator *migrator)
{
    size_t n = 0;
    for (size_t i = 0; i < migrator->report.conditions_n; i++) {
        const struct migrate_condition *one = &migrator->report.conditions[i];
        if (!one->holds && one->is_waived)
            buf_format(out, "%s\"%s\"", n++ ? ", " : ", \"waived\": [", one->name);
    }
    if (n == 0)
        return;
    buf_text(out, "], \"reason\": ");
    buf_json_string(out, migrator->options->guard->reason);
}

static const char *files_json(struct migrator *migrator)
{
    struct buf out;
    buf_begin(&out, migrator->fault->arena, 64);
    buf_text(&out, "{\"files\": [");
    for (size_t i = 0; i < migrator->report.done_n; i++)
        buf_format(&out, "%s%d", i ? ", " : "", migrator->report.done[i].version);
    buf_text(&out, "]");
    waived_write(&out, migrator);
    if (migrator->report.notices_n > 0)
        buf_format(&out, ", \"warnings\": %zu", migrator->report.notices_n);
    if (migrator->fault->err) {
        buf_text(&out, ", \"error\": ");
        buf_json_string(&out, migrator->fault->detail);
    }
    buf_char(&out, '}');
    return out.text;
}

static enum err end_write(struct migrator *migrator, const char *outcome, const char *result)
{
    const char *const values[] = {migrator->run_id, outcome, result};
    enum err err = migrator_run(migrator, "BEGIN", NULL);
    if (!err)
        err = migrator_run(migrator, lock_runs, NULL);
    if (!err)
        err = migrator_run_params(migrator, end_run, 3, values, NULL);
    if (!err)
        err = migrator_run_params(migrator, hash_run, 1, values, NULL);
    if (!err)
        err = migrator_run(migrator, "COMMIT", NULL);
    migrator_roll_back(migrator);
    return err;
}

const char *run_end(struct migrator *migrator, enum err err, const char *result)
{
    struct fault *story = migrator->fault;
    struct fault aside = {.arena = story->arena};
    if (!migrator->run_id)
        return NULL;
    const char *outcome = !err ? "done" : story->code ? story->code : "failed";
    result = result ? result : files_json(migrator);
    migrator->fault = &aside;
    migrator_roll_back(migrator);
    const char *why = end_write(migrator, outcome, result) ? aside.detail : NULL;
    if (why)
        migrator_say(migrator, "the end of this run could not be noted in ops.run: %s", why);
    migrator->fault = story;
    migrator->run_id = NULL;
    return why;
}

enum err run_check_chain(struct migrator *migrator)
{
    PGresult *result = NULL;
    enum err err = migrator_run(migrator, "SELECT to_regclass('ops.run') IS NOT NULL", &result);
    if (err || *PQgetvalue(result, 0, 0) != 't')
        return err;
    err = migrator_run(migrator, broken_runs, &result);
    if (!err && PQntuples(result) > 0)
        err = fail(migrator->fault, ERR_CONFLICT, "history-broken",
                   "the row of run %s (%s) in ops.run was changed, or one before it removed",
                   PQgetvalue(result, 0, 0), PQgetvalue(result, 0, 1));
    return err;
}
