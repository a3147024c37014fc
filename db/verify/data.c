#include "db/verify/probe.h"
#include "gen/lists.h"

#include <stdlib.h>
#include <string.h>

struct survey {
    PGconn *conn;
    const char *clinic; /* NULL: all */
    struct fault *fault;
    struct verification *result;
};

static const char *value(const PGresult *rows, int row, int column)
{
    return PQgetisnull(rows, row, column) ? NULL : PQgetvalue(rows, row, column);
}

/* Count and ids stand behind one another. */
static void note(const struct survey *survey, const char *check, const char *object,
                 const PGresult *rows, int row, int count)
{
    int64_t n = strtoll(PQgetvalue(rows, row, count), NULL, 10);
    if (n > 0)
        verification_find(survey->result, survey->fault->arena,
                          &(struct finding){.check = check,
                                            .object = object,
                                            .detail = "rows that do not agree",
                                            .count = n,
                                            .ids = value(rows, row, count + 1)});
}

static enum err made_check(const struct survey *survey)
{
    PGresult *made = NULL;
    enum err err = probe_run(survey->conn, survey->fault, verify_data_made[0].sql, 0, NULL, &made);
    for (int i = 0; !err && i < PQntuples(made); i++) {
        PGresult *rows = NULL;
        err = probe_run(survey->conn, survey->fault, PQgetvalue(made, i, 2), 1, &survey->clinic,
                        &rows);
        if (err)
            break;
        note(survey, PQgetvalue(made, i, 0), PQgetvalue(made, i, 1), rows, 0, 0);
        survey->result->checks++;
    }
    return err;
}

static enum err rules_check(const struct survey *survey)
{
    enum err err = ERR_NONE;
    for (const struct list_statement *rule = verify_data_rules; !err && rule->sql; rule++) {
        PGresult *rows = NULL;
        err = probe_run(survey->conn, survey->fault, rule->sql, 1, &survey->clinic, &rows);
        for (int i = 0; !err && i < PQntuples(rows); i++)
            note(survey, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), rows, i, 2);
        survey->result->checks += !err;
    }
    return err;
}

static enum err clinic_take(struct survey *survey, const char *slug)
{
    PGresult *rows = NULL;
    enum err err =
        probe_run(survey->conn, survey->fault, verify_clinic_named[0].sql, 1, &slug, &rows);
    if (!err && PQntuples(rows) == 0)
        err = fail(survey->fault, ERR_INPUT, "clinic-unknown", "there is no clinic %s", slug);
    if (!err)
        survey->clinic = PQgetvalue(rows, 0, 0);
    return err;
}

/* One snapshot, so that a clinic at work does not look broken. */
enum err verify_data(const char *migrator_url, const char *slug, struct fault *fault,
                     struct verification *out)
{
    PGconn *conn PROBE_CLOSE = NULL;
    enum err err = probe_connect(migrator_url, NULL, fault, &conn);
    struct survey survey = {.conn = conn, .fault = fault, .result = out};
    if (!err)
        err = probe_facts(conn, "clinicd_migrator", fault, out);
    if (!err)
        err = probe_run(conn, fault, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0, NULL,
                        NULL);
    if (!err && slug)
        err = clinic_take(&survey, slug);
    if (!err)
        err = made_check(&survey);
    if (!err)
        err = rules_check(&survey);
    if (!err)
        err = probe_run(conn, fault, "COMMIT", 0, NULL, NULL);
    return err ? err : verification_verdict(out, fault);
}
