/* Wall 2 alone, table by table, straight in SQL as the service's role. The list of tables comes
 * from the catalogue: a new table of a clinic is covered on the day it appears, and its rows must
 * be in tests/harness/clinic.sql, or the first test fails. */
#include "db/verify/probe.h"
#include "tests/harness/postgres.h"
#include "tests/harness/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct state {
    struct postgres_database database;
    struct arena arena;
    PGconn *boss, *app;
    PGresult *tables; /* name, patient column or NULL, may the service read it */
    int tables_n;
    unsigned checks;
};

/* Every ordinary or partitioned table of ours with a clinic_id. */
static const char tables_sql[] =
    "SELECT c.relname, CASE WHEN c.relname = 'patient' THEN 'id' ELSE (SELECT a.attname FROM "
    "pg_attribute a "
    "    WHERE a.attrelid = c.oid AND a.attname = 'patient_id' AND NOT a.attisdropped) END AS "
    "patient_column, "
    "  has_table_privilege('clinicd_app', c.oid, 'SELECT') AS may_select "
    "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
    "JOIN pg_attribute k ON k.attrelid = c.oid AND k.attname = 'clinic_id' AND NOT k.attisdropped "
    "WHERE n.nspname = 'clinicd' AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1";

enum { NAME, PATIENT_COLUMN, MAY_SELECT };

static int setup(void **state)
{
    static struct state it;
    postgres_database("tables", &it.database);
    it.boss = sql_connect(it.database.superuser_url);
    seed_clinic(it.boss, &seed_a);
    seed_clinic(it.boss, &seed_b);
    it.app = sql_connect(it.database.app_url);
    it.tables = sql_rows(it.boss, &it.arena, "%s", tables_sql);
    it.tables_n = PQntuples(it.tables);
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    printf("tables: %d tables, %u checks\n", it->tables_n, it->checks);
    PQfinish(it->boss);
    PQfinish(it->app);
    postgres_drop(&it->database);
    arena_end(&it->arena);
    return 0;
}

static const char *value(const struct state *it, int table, int column)
{
    return PQgetisnull(it->tables, table, column) ? NULL : PQgetvalue(it->tables, table, column);
}

static bool says_yes(const struct state *it, int table, int column)
{
    return strcmp(value(it, table, column), "t") == 0;
}

/* A transaction as the service would open it, but for the context: NULL sets none. */
static void enter(struct state *it, const char *clinic, const char *patient)
{
    sql_run(it->app, "BEGIN");
    if (clinic)
        sql_run(it->app, "SELECT set_config('app.clinic_id', '%s', true)", clinic);
    if (patient)
        sql_run(it->app, "SELECT set_config('app.patient_id', '%s', true)", patient);
    it->checks++;
}

static void leave(struct state *it)
{
    sql_run(it->app, "ROLLBACK");
}

/* Nothing to see and nothing to change: 0 rows, or a refusal that shows no data. */
static void assert_nothing(const char *what, const char *table, const char *context, int rows,
                           const char *sqlstate)
{
    bool is_refusal =
        rows < 0 && (strcmp(sqlstate, "42501") == 0 || strcmp(sqlstate, "22P02") == 0);
    if (rows != 0 && !is_refusal)
        fail_msg("%s on %s in context %s: %d rows, %s", what, table, context ? context : "(none)",
                 rows, sqlstate);
}

static void every_table_has_rows_of_both_clinics(void **state)
{
    struct state *it = *state;
    assert_true(it->tables_n >= 10);
    for (int i = 0; i < it->tables_n; i++) {
        const char *table = value(it, i, NAME);
        for (int clinic = 7001; clinic <= 7002; clinic++)
            if (sql_int(it->boss, "SELECT count(*) FROM clinicd.%s WHERE clinic_id = %d", table,
                        clinic) == 0)
                fail_msg("tests/harness/clinic.sql gives %s no row", table);
    }
}

static void every_text_of_b_carries_a_mark(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    /* Text columns that hold no words of people: keys, hashes, lists of values. */
    PGresult *columns = sql_rows(
        it->boss, &arena,
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = "
        "'clinicd' "
        "AND table_name = ANY (ARRAY['clinic', 'pharmacy', 'patient', 'account', 'audit']) "
        "AND data_type IN ('text', 'jsonb') AND column_name !~ "
        "'(_hash|_key|_number|_sealed|_type|_kind|_role|why)$' "
        "AND column_name NOT IN ('slug', 'status', 'role', 'gender', 'blood_group', 'timezone', "
        "'language', 'zip_code', 'country_code', 'opening_hours', "
        "'phone_number', 'gstin', 'username', 'operation', 'entity', 'client_address', "
        "'emergency_contact_phone') "
        /* what the public directory shows */
        "AND NOT (table_name = 'clinic' AND column_name IN ('name', 'city', 'state'))");
    for (int i = 0; i < PQntuples(columns); i++) {
        const char *table = PQgetvalue(columns, i, 0), *column = PQgetvalue(columns, i, 1);
        if (sql_int(
                it->boss,
                "SELECT count(*) FROM clinicd.%s WHERE clinic_id = 7002 AND %s::text LIKE '%%%s%%'",
                table, column, seed_b.mark) == 0)
            fail_msg("no mark in %s.%s: see tests/harness/clinic.sql", table, column);
    }
}

static void without_a_clinic_nothing_is_seen_or_done(void **state)
{
    struct state *it = *state;
    static const char *const contexts[] = {
        NULL, "", "0", "abc", " 1", "1;2", "-1", "7001 7002", "99999999999999999999"};
    char sqlstate[SQLSTATE_TEXT];
    for (int i = 0; i < it->tables_n; i++) {
        const char *table = value(it, i, NAME);
        for (size_t c = 0; c < sizeof contexts / sizeof *contexts; c++) {
            /* 1 is no test clinic, but the spelling must not be forgiven into one either. */
            enter(it, contexts[c], NULL);
            int rows = sql_try(it->app, sqlstate, "SELECT * FROM clinicd.%s", table);
            bool is_number = rows < 0 && strcmp(sqlstate, "22003") == 0;
            if (!is_number)
                assert_nothing("SELECT", table, contexts[c], rows, sqlstate);
            leave(it);
            enter(it, contexts[c], NULL);
            rows = sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET clinic_id = clinic_id", table);
            if (strcmp(sqlstate, "22003") != 0)
                assert_nothing("UPDATE", table, contexts[c], rows, sqlstate);
            leave(it);
            enter(it, contexts[c], NULL);
            rows = sql_try(it->app, sqlstate, "DELETE FROM clinicd.%s", table);
            if (strcmp(sqlstate, "22003") != 0)
                assert_nothing("DELETE", table, contexts[c], rows, sqlstate);
            leave(it);
        }
    }
}

/* What `clinicd verify isolation` tries, on rows as they really are. */
static void no_probe_finds_a_way_into_another_clinic(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct verification found = {.n = 0};
    const struct probe_clinics clinics = {.own = "7001",
                                          .other = "7002",
                                          .own_ids = "0190a000-0000-7000-8000-aa",
                                          .other_ids = "0190a000-0000-7000-8000-bb"};
    const struct probe_work work = {
        .conn = it->app, .clinics = &clinics, .fault = &fault, .result = &found};
    sql_run(it->app, "BEGIN");
    enum err err = probe_tables(&work);
    sql_run(it->app, "ROLLBACK");
    if (err)
        fail_msg("%s: %s", fault.code, fault.detail);
    for (size_t i = 0; i < found.n; i++)
        print_error("%s %s: %s\n", found.findings[i].object, found.findings[i].check,
                    found.findings[i].detail);
    assert_int_equal(found.n, 0);
    assert_int_equal(found.tables, it->tables_n);
    it->checks += (unsigned)found.checks;
}

/* Every foreign key between tables of clinics, tried with A's row pointing at B's: through the
 * key's own columns that name a row, with everything else as it was. */
static void a_row_does_not_point_into_another_clinic(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    char sqlstate[SQLSTATE_TEXT];
    PGresult *keys = sql_rows(
        it->boss, &arena,
        "SELECT c.relname, co.conname, a.attname, f.relname, b.attname, "
        "has_table_privilege('clinicd_app', c.oid, 'UPDATE') "
        "FROM pg_constraint co JOIN pg_class c ON c.oid = co.conrelid JOIN pg_class f ON f.oid = "
        "co.confrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace, generate_subscripts(co.conkey, 1) i "
        "JOIN LATERAL (SELECT attname, atttypid FROM pg_attribute WHERE attrelid = co.conrelid AND "
        "attnum = co.conkey[i]) a ON a.atttypid = 'uuid'::regtype "
        "JOIN LATERAL (SELECT attname FROM pg_attribute WHERE attrelid = co.confrelid AND attnum = "
        "co.confkey[i]) b ON true "
        "WHERE n.nspname = 'clinicd' AND co.contype = 'f' AND a.attname <> 'clinic_id' AND "
        "co.conparentid = 0 "
        "AND EXISTS (SELECT 1 FROM pg_attribute k WHERE k.attrelid = co.conrelid AND k.attname = "
        "'clinic_id')");
    assert_true(PQntuples(keys) >= 2);
    for (int i = 0; i < PQntuples(keys); i++) {
        const char *table = PQgetvalue(keys, i, 0), *column = PQgetvalue(keys, i, 2);
        /* As the superuser, whom no policy stops, without our triggers: the constraint alone must
         * refuse. */
        sql_run(it->boss,
                "BEGIN; SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE clinicd.%s DISABLE TRIGGER USER",
                table);
        int rows = sql_try(
            it->boss, sqlstate,
            "UPDATE clinicd.%s SET %s = (SELECT %s FROM clinicd.%s WHERE clinic_id = 7002 LIMIT 1) "
            "WHERE ctid = (SELECT ctid FROM clinicd.%s WHERE clinic_id = 7001 AND %s IS NOT NULL "
            "LIMIT 1)",
            table, column, PQgetvalue(keys, i, 4), PQgetvalue(keys, i, 3), table, column);
        sql_run(it->boss, "ROLLBACK");
        it->checks++;
        if (rows >= 0 || strcmp(sqlstate, "23503") != 0)
            fail_msg("%s.%s of A points at B: %d, %s", table, column, rows, sqlstate);
    }
}

static void a_patient_sees_the_own_record_only(void **state)
{
    struct state *it = *state;
    char own[UUID_TEXT], other[UUID_TEXT], sqlstate[SQLSTATE_TEXT];
    seed_id(&seed_a, SEED_PATIENT_OWN, own);
    seed_id(&seed_a, SEED_PATIENT_OTHER, other);
    int seen = 0;
    for (int i = 0; i < it->tables_n; i++) {
        const char *table = value(it, i, NAME), *column = value(it, i, PATIENT_COLUMN);
        if (!column || !says_yes(it, i, MAY_SELECT))
            continue;
        enter(it, "7001", own);
        int rows =
            sql_try(it->app, sqlstate, "SELECT * FROM clinicd.%s WHERE %s IS DISTINCT FROM '%s'",
                    table, column, own);
        assert_nothing("SELECT of another patient", table, "own", rows, sqlstate);
        leave(it);
        enter(it, "7001", own);
        seen += sql_try(it->app, sqlstate, "SELECT * FROM clinicd.%s", table) > 0;
        leave(it);
        enter(it, "7001", own);
        rows = sql_try(it->app, sqlstate, "UPDATE clinicd.%s SET %s = %s WHERE %s = '%s'", table,
                       column, column, column, other);
        assert_nothing("UPDATE of another patient", table, "own", rows, sqlstate);
        leave(it);
        enter(it, "7002", own); /* the patient's id does not widen the clinic */
        rows = sql_try(it->app, sqlstate, "SELECT * FROM clinicd.%s", table);
        assert_nothing("SELECT of A's patient", table, "B", rows, sqlstate);
        leave(it);
    }
    assert_true(seen >= 3); /* patient, account and trail show the own rows */
}

static void the_trail_is_append_only_for_everybody(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    static const char *const statements[] = {
        "UPDATE clinicd.%s SET status = 500",
        "UPDATE clinicd.%s SET after = '{}', chain_hash = 'x'",
        "UPDATE clinicd.%s SET at = at + interval '1 day'",
        "DELETE FROM clinicd.%s",
        "TRUNCATE clinicd.%s",
    };
    static const char *const trails[] = {"audit", "platform_audit", "audit_default"};
    sql_run(it->boss,
            "INSERT INTO clinicd.platform_audit (at, id, actor_kind, operation, status) VALUES "
            "('2026-01-01Z', gen_random_uuid(), 'system', 'test', 200)");
    PGconn *roles[] = {it->app, it->boss, sql_connect(it->database.migrator_url), it->boss};
    for (size_t role = 0; role < 4; role++)
        for (size_t t = 0; t < sizeof trails / sizeof *trails; t++)
            for (size_t s = 0; s < sizeof statements / sizeof *statements; s++) {
                struct arena arena CLEANUP(arena_end) = {0};
                PGconn *conn = roles[role];
                sql_run(conn, "BEGIN");
                if (role == 3) /* the owner; its own rights, all rows */
                    sql_run(conn,
                            "ALTER ROLE clinicd_owner BYPASSRLS; SET LOCAL ROLE clinicd_owner");
                sql_run(conn, "SELECT set_config('app.clinic_id', '7001', true)");
                char *head =
                    strstr(statements[s], "%s")
                        ? arena_copy_n(&arena, statements[s],
                                       (size_t)(strstr(statements[s], "%s") - statements[s]))
                        : NULL;
                int rows = sql_try(conn, sqlstate, "%s%s%s", head, trails[t],
                                   strstr(statements[s], "%s") + 2);
                sql_run(conn, "ROLLBACK");
                it->checks++;
                if (rows >= 0 || strcmp(sqlstate, "42501") != 0)
                    fail_msg("role %zu: %s on %s: %d rows, %s", role, statements[s], trails[t],
                             rows, sqlstate);
            }
    PQfinish(roles[2]);
}

static void the_trail_is_sealed_once(void **state)
{
    struct state *it = *state;
    char sqlstate[SQLSTATE_TEXT];
    sql_run(it->boss, "BEGIN");
    assert_true(sql_try(it->boss, sqlstate,
                        "UPDATE clinicd.audit SET chain_number = 1, chain_hash = '\\x01'") > 0);
    assert_int_equal(sql_try(it->boss, sqlstate,
                             "UPDATE clinicd.audit SET chain_number = 2, chain_hash = '\\x02'"),
                     -1);
    assert_string_equal(sqlstate, "42501");
    sql_run(it->boss, "ROLLBACK");
}

/* Each role, and what it must not be able to do. */
static void forbidden_statements_are_refused(void **state)
{
    struct state *it = *state;
    struct attempt {
        const char *role, *sql;
    };
    static const struct attempt attempts[] = {
        {"app", "SET ROLE clinicd_owner"},
        {"app", "SET ROLE clinicd_migrator"},
        {"app", "SET ROLE clinicd_definer"},
        {"app", "SET ROLE clinicd_backup"},
        {"app", "SET SESSION AUTHORIZATION clinicd_owner"},
        {"app", "CREATE TABLE clinicd.mine (id int)"},
        {"app", "CREATE TABLE public.mine (id int)"},
        {"app", "CREATE TEMP TABLE mine (id int)"},
        {"app", "CREATE SCHEMA mine"},
        {"app", "CREATE ROLE mine"},
        {"app", "CREATE DATABASE mine"},
        {"app", "CREATE FUNCTION clinicd.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'"},
        {"app", "CREATE EXTENSION dblink"},
        {"app", "TRUNCATE clinicd.patient"},
        {"app", "DELETE FROM clinicd.patient"},
        {"app", "DROP TABLE clinicd.patient"},
        {"app", "DROP POLICY clinic ON clinicd.patient"},
        {"app", "ALTER TABLE clinicd.patient DISABLE ROW LEVEL SECURITY"},
        {"app", "ALTER TABLE clinicd.patient DISABLE TRIGGER ALL"},
        {"app", "ALTER ROLE clinicd_app BYPASSRLS"},
        {"app", "ALTER SYSTEM SET fsync = off"},
        {"app", "SET session_replication_role = replica"},
        {"app", "SELECT pg_read_file('/etc/passwd')"},
        {"app", "COPY (SELECT 1) TO PROGRAM 'true'"},
        {"app", "SELECT nextval('clinicd.clinic_number')"},
        {"app", "SELECT * FROM clinicd.audit_default"},
        {"app", "UPDATE clinicd.audit SET status = 1"},
        {"backup",
         "INSERT INTO clinicd.news (at, kind, key) VALUES ('2026-01-01Z', 'clinic', '1')"},
        {"backup", "UPDATE clinicd.patient SET name = 'x'"},
        {"backup", "DELETE FROM clinicd.patient"},
        {"backup", "TRUNCATE clinicd.patient"},
        {"backup", "SET ROLE clinicd_owner"},
        {"backup", "SELECT clinicd.audit_append('[]')"},
        {"backup", "SELECT clinicd.purge_expired('2099-01-01Z')"},
        {"backup", "CREATE TABLE clinicd.mine (id int)"},
        {"migrator", "SET ROLE clinicd_app"},
        {"migrator", "SET ROLE postgres"},
        {"migrator", "CREATE ROLE mine"},
        {"migrator", "ALTER SYSTEM SET fsync = off"},
        {"migrator", "COPY (SELECT 1) TO PROGRAM 'true'"},
    };
    char sqlstate[SQLSTATE_TEXT];
    PGconn *backup SQL_CLOSE = sql_connect(it->database.backup_url);
    PGconn *migrator SQL_CLOSE = sql_connect(it->database.migrator_url);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        char role = *attempts[i].role;
        PGconn *conn = role == 'a' ? it->app : role == 'b' ? backup : migrator;
        int rows = sql_try(conn, sqlstate, "%s", attempts[i].sql);
        it->checks++;
        if (rows >= 0 || strcmp(sqlstate, "42501") != 0)
            fail_msg("%s: %s: %d rows, %s", attempts[i].role, attempts[i].sql, rows, sqlstate);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_table_has_rows_of_both_clinics),
        cmocka_unit_test(every_text_of_b_carries_a_mark),
        cmocka_unit_test(without_a_clinic_nothing_is_seen_or_done),
        cmocka_unit_test(no_probe_finds_a_way_into_another_clinic),
        cmocka_unit_test(a_row_does_not_point_into_another_clinic),
        cmocka_unit_test(a_patient_sees_the_own_record_only),
        cmocka_unit_test(the_trail_is_append_only_for_everybody),
        cmocka_unit_test(the_trail_is_sealed_once),
        cmocka_unit_test(forbidden_statements_are_refused),
    };
    return cmocka_run_group_tests_name("tables", tests, setup, teardown);
}
