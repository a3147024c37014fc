#include "db/verify.h"

#include "db/verify/probe.h"
#include "gen/lists.h"

#include <string.h>

/* Numbers that no clinic gets: they come from a sequence that begins at 1. */
static const struct probe_clinics nobodies = {.own = "9000000000000000001",
                                              .other = "9000000000000000002",
                                              .own_ids = "ffffffff-ffff-7fff-8fff-aa",
                                              .other_ids = "ffffffff-ffff-7fff-8fff-bb"};

struct stand {
    PGconn *conn;
    struct fault *fault;
    struct verification *result;
};

static enum err run(const struct stand *stand, const char *sql)
{
    return probe_run(stand->conn, stand->fault, sql, 0, NULL, NULL);
}

static enum err rows_write(const struct stand *stand, const char *clinic, const char *ids)
{
    const char *const values[] = {clinic, ids};
    enum err err = probe_run(stand->conn, stand->fault, verify_context[0].sql, 1, &clinic, NULL);
    for (const struct list_statement *row = verify_rows; !err && row->sql; row++)
        err = probe_run(stand->conn, stand->fault, row->sql, row->params, values, NULL);
    return err;
}

static enum err nobodies_write(const struct stand *stand)
{
    enum err err = rows_write(stand, nobodies.own, nobodies.own_ids);
    return err ? err : rows_write(stand, nobodies.other, nobodies.other_ids);
}

static enum err tables_check(const struct stand *stand, const char *table)
{
    return probe_tables(&(struct probe_work){.conn = stand->conn,
                                             .clinics = &nobodies,
                                             .table = table,
                                             .fault = stand->fault,
                                             .result = stand->result});
}

static enum err context_is(const struct stand *stand, const char *when, const char *wanted)
{
    PGresult *result = NULL;
    enum err err =
        probe_run(stand->conn, stand->fault, verify_context_now[0].sql, 0, NULL, &result);
    if (err)
        return err;
    const char *found = PQgetvalue(result, 0, 0);
    stand->result->checks++;
    if (strcmp(found, wanted) != 0)
        verification_find(
            stand->result, stand->fault->arena,
            &(struct finding){.check = "context",
                              .object = when,
                              .detail = arena_format(stand->fault->arena,
                                                     "it is \"%s\", not \"%s\"", found, wanted)});
    return ERR_NONE;
}

/* Two transactions one after the other on one connection, as the pool hands it out. */
static enum err context_turn(const struct stand *stand, const char *clinic, const char *end)
{
    enum err err = context_is(stand, "before a transaction", "");
    if (!err)
        err = run(stand, "BEGIN");
    if (!err)
        err = context_is(stand, "before it is set", "");
    if (!err)
        err = probe_run(stand->conn, stand->fault, verify_context[0].sql, 1, &clinic, NULL);
    if (!err)
        err = context_is(stand, "within the transaction", clinic);
    if (!err)
        err = run(stand, end);
    return err ? err : context_is(stand, "after the transaction", "");
}

static enum err context_check(const struct stand *stand)
{
    enum err err = context_turn(stand, nobodies.own, "COMMIT");
    if (!err)
        err = context_turn(stand, nobodies.other, "ROLLBACK");
    return err ? err : context_turn(stand, nobodies.own, "COMMIT");
}

static enum err catalogue_check(const struct stand *stand)
{
    PGresult *result = NULL;
    enum err err = probe_run(stand->conn, stand->fault, verify_catalogue[0].sql, 0, NULL, &result);
    for (int i = 0; !err && i < PQntuples(result); i++)
        verification_find(stand->result, stand->fault->arena,
                          &(struct finding){.check = "catalogue",
                                            .object = PQgetvalue(result, i, 1),
                                            .detail = PQgetvalue(result, i, 0)});
    stand->result->checks += !err;
    return err;
}

enum err verify_isolation(const char *app_url, struct fault *fault, struct verification *out)
{
    PGconn *conn PROBE_CLOSE = NULL;
    enum err err = probe_connect(app_url, NULL, fault, &conn);
    struct stand stand = {.conn = conn, .fault = fault, .result = out};
    if (!err)
        err = probe_facts(conn, "clinicd_app", fault, out);
    if (!err)
        err = context_check(&stand);
    if (!err)
        err = catalogue_check(&stand);
    if (!err)
        err = run(&stand, "BEGIN");
    if (!err)
        err = nobodies_write(&stand);
    if (!err)
        err = tables_check(&stand, NULL);
    if (!err)
        err = run(&stand, "ROLLBACK");
    return err ? err : verification_verdict(out, fault);
}

/* The walls of the scratch database, taken away one by one. */
struct self_test {
    const char *app_url;
    struct verification *result;
};

enum { WALL_TABLE, WALL_OFF, WALL_ON, WALL_IS_SEEN };

/* Which of the two proofs named the table; whoever is named besides is a false alarm. */
static void walls_count(const struct verification *found, const char *table, size_t *by_rows,
                        size_t *by_catalogue, size_t *others)
{
    for (size_t i = 0; i < found->n; i++) {
        const struct finding *one = &found->findings[i];
        bool is_catalogue = strcmp(one->check, "catalogue") == 0;
        const char *dot = is_catalogue ? strchr(one->object, '.') : NULL;
        bool is_it = strcmp(dot ? dot + 1 : one->object, table) == 0;
        *(!is_it ? others : is_catalogue ? by_catalogue : by_rows) += 1;
    }
}

/* In the scratch database the rows stay, so that the wall can be taken away between two looks. */
static enum err wall_check(const struct stand *app, const char *table, bool is_seen,
                           struct verification *result)
{
    struct verification found = {.n = 0};
    struct stand stand = {.conn = app->conn, .fault = app->fault, .result = &found};
    size_t by_rows = 0, by_catalogue = 0, others = 0;
    enum err err = catalogue_check(&stand);
    if (!err)
        err = run(&stand, "BEGIN");
    if (!err)
        err = tables_check(&stand, table);
    if (!err)
        err = run(&stand, "ROLLBACK");
    walls_count(&found, table, &by_rows, &by_catalogue, &others);
    result->checks += found.checks;
    const char *wrong = by_catalogue == 0         ? "the catalogue's rules did not name it"
                        : is_seen && by_rows == 0 ? "the rows did not name it"
                        : others > 0              ? "another table was named, too"
                                                  : NULL;
    if (!err && wrong)
        verification_find(
            result, app->fault->arena,
            &(struct finding){.check = "self-test", .object = table, .detail = wrong});
    return err;
}

static enum err walls_check(const struct stand *app, const struct stand *migrator,
                            struct verification *result)
{
    PGresult *walls = NULL;
    enum err err = probe_run(migrator->conn, migrator->fault, verify_walls[0].sql, 0, NULL, &walls);
    for (int i = 0; !err && i < PQntuples(walls); i++) {
        const char *table = PQgetvalue(walls, i, WALL_TABLE);
        err = run(migrator, PQgetvalue(walls, i, WALL_OFF));
        if (!err)
            err = wall_check(app, table, *PQgetvalue(walls, i, WALL_IS_SEEN) == 't', result);
        if (!err)
            err = run(migrator, PQgetvalue(walls, i, WALL_ON));
        result->tables++;
    }
    return err;
}

static enum err self_test(void *user, const char *url, struct fault *fault)
{
    const struct self_test *test = user;
    PGconn *boss PROBE_CLOSE = NULL, *conn PROBE_CLOSE = NULL;
    enum err err = probe_connect(url, NULL, fault, &boss);
    if (!err)
        err = probe_connect(test->app_url, PQdb(boss), fault, &conn);
    struct stand app = {.conn = conn, .fault = fault, .result = test->result};
    struct stand migrator = {.conn = boss, .fault = fault, .result = test->result};
    if (!err)
        err = probe_facts(conn, "clinicd_app", fault, test->result);
    if (!err)
        err = run(&app, "BEGIN");
    if (!err)
        err = nobodies_write(&app);
    if (!err)
        err = run(&app, "COMMIT");
    return err ? err : walls_check(&app, &migrator, test->result);
}

enum err verify_self_test(const struct migrate_options *options, const char *app_url,
                          const char *scratch_url, struct fault *fault, struct verification *out)
{
    struct self_test test = {.app_url = app_url, .result = out};
    enum err err = migrate_in_scratch(options, scratch_url, fault, self_test, &test);
    return err ? err : verification_verdict(out, fault);
}
