#include "db/verify/probe.h"
#include "gen/lists.h"

#include <stdlib.h>
#include <string.h>

static const char disagree[] = "rows that do not agree";

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
                 const char *detail, const PGresult *rows, int row, int count)
{
    int64_t n = strtoll(PQgetvalue(rows, row, count), NULL, 10);
    if (n > 0)
        verification_find(survey->result, survey->fault->arena,
                          &(struct finding){.check = check,
                                            .object = object,
                                            .detail = detail,
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
        note(survey, PQgetvalue(made, i, 0), PQgetvalue(made, i, 1), disagree, rows, 0, 0);
        survey->result->checks++;
    }
    return err;
}

static enum err rules_check(const struct survey *survey, const struct list_statement *rule,
                            const char *detail)
{
    enum err err = ERR_NONE;
    for (; !err && rule->sql; rule++) {
        PGresult *rows = NULL;
        err = probe_run(survey->conn, survey->fault, rule->sql, 1, &survey->clinic, &rows);
        for (int i = 0; !err && i < PQntuples(rows); i++)
            note(survey, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1), detail, rows, i, 2);
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
static enum err survey_begin(struct survey *survey, const char *url, const char *slug)
{
    enum err err = probe_connect(url, NULL, survey->fault, &survey->conn);
    if (!err)
        err = probe_facts(survey->conn, "clinicd_migrator", survey->fault, survey->result);
    if (!err)
        err = probe_run(survey->conn, survey->fault,
                        "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", 0, NULL, NULL);
    return err || !slug ? err : clinic_take(survey, slug);
}

static void survey_end(struct survey *survey)
{
    probe_close(&survey->conn);
}

enum err verify_data(const char *migrator_url, const char *slug, struct fault *fault,
                     struct verification *out)
{
    struct survey survey CLEANUP(survey_end) = {.fault = fault, .result = out};
    enum err err = survey_begin(&survey, migrator_url, slug);
    if (!err)
        err = made_check(&survey);
    if (!err)
        err = rules_check(&survey, verify_data_rules, disagree);
    return err ? err : verification_verdict(out, fault);
}

enum err verify_duplicates(const char *migrator_url, const char *slug, struct fault *fault,
                           struct verification *out)
{
    struct survey survey CLEANUP(survey_end) = {.fault = fault, .result = out};
    enum err err = survey_begin(&survey, migrator_url, slug);
    if (!err)
        err = rules_check(&survey, verify_duplicates_rules, "may be the same twice");
    return err ? err : verification_verdict(out, fault);
}

enum err verify_show(const char *migrator_url, const char *table, struct fault *fault,
                     struct verification *facts, struct schema_line **out, size_t *n)
{
    PGconn *conn PROBE_CLOSE = NULL;
    PGresult *rows = NULL;
    enum err err = probe_connect(migrator_url, NULL, fault, &conn);
    if (!err)
        err = probe_facts(conn, "clinicd_migrator", fault, facts);
    if (!err)
        err = probe_run(conn, fault, verify_schema_shown[table ? 1 : 0].sql, table ? 1 : 0, &table,
                        &rows);
    if (!err && PQntuples(rows) == 0)
        err = fail(fault, ERR_INPUT, "table-unknown", "there is no table %s", table);
    if (err)
        return err;
    *n = (size_t)PQntuples(rows);
    *out = arena_array(fault->arena, struct schema_line, *n);
    for (size_t i = 0; i < *n; i++)
        (*out)[i] = (struct schema_line){.kind = PQgetvalue(rows, (int)i, 0),
                                         .name = PQgetvalue(rows, (int)i, 1),
                                         .definition = PQgetvalue(rows, (int)i, 2)};
    return ERR_NONE;
}
