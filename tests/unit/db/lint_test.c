/* Every rule of the migrations' lint: a file that breaks it, and one beside it that does not. */
#include "db/migrate.h"
#include "db/migrate/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define TX "-- migrate: kind=expand tx=yes\n-- section up\n"
#define NO_TX "-- migrate: kind=expand tx=no\n-- section up\n"
#define CONTRACT "-- migrate: kind=contract tx=yes\n-- section up\n"
#define T "clinicd.t (clinic_id bigint NOT NULL, id uuid NOT NULL, "
#define KEY "PRIMARY KEY (clinic_id, id)"
#define WALL "SELECT clinicd.protect_table('clinicd.t');\n"
#define MADE "CREATE TABLE " T KEY ");\n" WALL

static const struct {
    const char *rule, *bad, *good;
} cases[] = {
    {"L01", TX "ALTER TABLE clinicd.t ADD COLUMN a uuid DEFAULT gen_random_uuid();",
     TX "ALTER TABLE clinicd.t ADD COLUMN a text DEFAULT 'x';"},
    {"L01", TX "ALTER TABLE clinicd.t ADD COLUMN a text GENERATED ALWAYS AS (lower(b)) STORED;",
     TX MADE "ALTER TABLE clinicd.t ADD COLUMN a uuid DEFAULT gen_random_uuid();"},
    {"L02", TX "ALTER TABLE clinicd.t ALTER COLUMN a SET NOT NULL;",
     TX "ALTER TABLE clinicd.t VALIDATE CONSTRAINT t_a;\n"
        "ALTER TABLE clinicd.t ALTER COLUMN a SET NOT NULL;"},
    {"L03", TX "ALTER TABLE clinicd.t ADD CONSTRAINT c CHECK (a > 0);",
     TX "ALTER TABLE clinicd.t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;"},
    {"L03",
     TX
     "ALTER TABLE clinicd.t ADD FOREIGN KEY (clinic_id, a) REFERENCES clinicd.p (clinic_id, id);",
     TX MADE
     "ALTER TABLE clinicd.t ADD FOREIGN KEY (clinic_id, a) REFERENCES clinicd.p (clinic_id, id);"},
    {"L04", TX "ALTER TABLE clinicd.t ADD CONSTRAINT c UNIQUE (clinic_id, a);",
     TX "ALTER TABLE clinicd.t ADD CONSTRAINT c UNIQUE USING INDEX c_index;"},
    {"L05", TX "CREATE INDEX i ON clinicd.t (a);", TX MADE "CREATE INDEX i ON clinicd.t (a);"},
    {"L05", TX "DROP INDEX clinicd.i;", NO_TX "DROP INDEX CONCURRENTLY IF EXISTS clinicd.i;"},
    {"L06", TX "CREATE INDEX CONCURRENTLY i ON clinicd.t (a);",
     NO_TX "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON clinicd.t (a);"},
    {"L07", TX "ALTER TABLE clinicd.t ALTER COLUMN a TYPE bigint;",
     TX "ALTER TABLE clinicd.t ADD COLUMN type bigint;"},
    {"L08", TX "ALTER TABLE clinicd.t RENAME COLUMN a TO b;",
     TX "ALTER TABLE clinicd.t RENAME CONSTRAINT a TO b;"},
    {"L09", TX "ALTER TABLE clinicd.t DROP COLUMN a;",
     CONTRACT "ALTER TABLE clinicd.t DROP COLUMN a;"},
    {"L09", TX "DROP TABLE clinicd.t;", CONTRACT "DROP TABLE clinicd.t;"},
    {"L10", CONTRACT "DROP TABLE clinicd.t CASCADE;", CONTRACT "DROP TABLE clinicd.t;"},
    {"L10", TX "TRUNCATE clinicd.t;", TX "DELETE FROM clinicd.t WHERE clinic_id = 1;"},
    {"L11", NO_TX "VACUUM FULL clinicd.t;", NO_TX "VACUUM clinicd.t;"},
    {"L11", NO_TX "REINDEX TABLE clinicd.t;", NO_TX "REINDEX TABLE CONCURRENTLY clinicd.t;"},
    {"L12", TX "ALTER TYPE clinicd.e ADD VALUE 'x';", NO_TX "ALTER TYPE clinicd.e ADD VALUE 'x';"},
    {"L13", TX "UPDATE clinicd.t SET a = 1;", TX "UPDATE clinicd.t SET a = 1 WHERE clinic_id = 7;"},
    {"L14", TX "ALTER TABLE clinicd.t ADD COLUMN a int;\nALTER TABLE clinicd.u ADD COLUMN a int;",
     TX "ALTER TABLE clinicd.t ADD COLUMN a int;\nALTER TABLE clinicd.t ADD COLUMN b int;"},
    {"L15",
     TX "ALTER TABLE clinicd.t ADD COLUMN "
        "a123456789012345678901234567890123456789012345678901234567890123 int;",
     TX "ALTER TABLE clinicd.t ADD COLUMN "
        "a12345678901234567890123456789012345678901234567890123456789012 int;"},
    {"L16", TX "CREATE TABLE " T "n bigserial, " KEY ");\n" WALL,
     TX "CREATE TABLE " T "n bigint GENERATED ALWAYS AS IDENTITY, " KEY ");\n" WALL},
    {"L17", TX "ALTER TABLE clinicd.t ADD COLUMN a char(3);",
     TX "ALTER TABLE clinicd.t ADD COLUMN a text CHECK (length(a) = 3) NOT VALID;"},
    {"L18", TX "ALTER TABLE clinicd.t ADD COLUMN a timestamp;",
     TX "ALTER TABLE clinicd.t ADD COLUMN a timestamp with time zone;"},
    {"L19", TX MADE "CREATE INDEX IF NOT EXISTS i ON clinicd.t (a);",
     NO_TX "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON clinicd.t (a);"},
    {"L20", NO_TX "CREATE INDEX CONCURRENTLY i ON clinicd.t (a);",
     NO_TX "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON clinicd.t (a);"},
    {"L20", NO_TX "INSERT INTO clinicd.t VALUES (1);",
     NO_TX "INSERT INTO clinicd.t VALUES (1) ON CONFLICT DO NOTHING;"},
    {"L21", TX "SET lock_timeout = '1min';", TX "SET work_mem = '64MB';"},
    {"L21", TX "SELECT set_config('statement_timeout', '0', true);", TX "SELECT 'lock_timeout';"},
    {"M1", TX "CREATE TABLE clinicd.t (id uuid PRIMARY KEY);", TX MADE},
    {"M1", TX "CREATE TABLE " T "PRIMARY KEY (id, clinic_id));\n" WALL, TX MADE},
    {"M2", TX "CREATE TABLE " T "a text UNIQUE, " KEY ");\n" WALL,
     TX "CREATE TABLE " T "a text, UNIQUE (clinic_id, a), " KEY ");\n" WALL},
    {"M2", TX "CREATE UNIQUE INDEX i ON clinicd.t (a);",
     TX "CREATE UNIQUE INDEX i ON clinicd.t (clinic_id, a);"},
    {"M3", TX "CREATE TABLE " T "p uuid REFERENCES clinicd.p (id), " KEY ");\n" WALL,
     TX "CREATE TABLE " T
        "p uuid, FOREIGN KEY (clinic_id, p) REFERENCES clinicd.p (clinic_id, id), " KEY
        ");\n" WALL},
    {"M4", TX "CREATE TABLE " T KEY ");", TX MADE},
    {"M4", TX "CREATE POLICY p ON clinicd.t USING (true);", TX WALL},
    {"M4", TX "ALTER TABLE clinicd.t NO FORCE ROW LEVEL SECURITY;",
     TX "ALTER TABLE clinicd.t FORCE ROW LEVEL SECURITY;"},
    {"M5", TX "ALTER FUNCTION clinicd.f() OWNER TO clinicd_app;",
     TX "ALTER FUNCTION clinicd.f() OWNER TO clinicd_definer;"},
    {"M5", TX "GRANT clinicd_owner TO clinicd_app;",
     TX "GRANT SELECT ON clinicd.t TO clinicd_app;"},
    {"M5", TX "ALTER ROLE clinicd_app BYPASSRLS;", TX "GRANT clinicd_owner TO clinicd_migrator;"},
    {"M6", TX "CREATE VIEW clinicd.v AS SELECT 1;",
     TX "CREATE VIEW clinicd.v WITH (security_invoker = true) AS SELECT 1;"},
    {"M7",
     TX "CREATE FUNCTION clinicd.f() RETURNS int LANGUAGE sql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS $$ SELECT 1 $$;",
     TX "CREATE FUNCTION clinicd.f() RETURNS int LANGUAGE sql SECURITY DEFINER"
        " SET search_path = pg_catalog, pg_temp AS $$ SELECT 1 $$;\n"
        "COMMENT ON FUNCTION clinicd.f() IS 'tenant-safe: reads nothing';"},
    {"M7",
     TX "CREATE FUNCTION clinicd.f() RETURNS int LANGUAGE sql SECURITY DEFINER"
        " AS $$ SELECT 1 $$;\nCOMMENT ON FUNCTION clinicd.f() IS 'tenant-safe: reads nothing';",
     TX "CREATE FUNCTION clinicd.f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;"},
    {"M9", TX "CREATE TYPE clinicd.e AS ENUM ('a');", TX "CREATE TYPE clinicd.e AS (a int);"},
    {"M9",
     TX "CREATE TABLE " T "price numeric(10,2), " KEY ");\n" WALL
        "CREATE INDEX i ON clinicd.t (clinic_id, price);",
     TX "CREATE TABLE " T "price bigint, " KEY ");\n" WALL
        "CREATE INDEX i ON clinicd.t (clinic_id, price);"},
    {"M9", TX "ALTER TABLE clinicd.t ADD COLUMN data jsonb;\nCREATE INDEX i ON clinicd.t (data);",
     TX "ALTER TABLE clinicd.t ADD COLUMN data jsonb;\n"
        "CREATE INDEX i ON clinicd.t USING gin (data);"},
    {"M10", TX "ALTER TABLE clinicd.t ADD COLUMN name_key text;",
     TX "ALTER TABLE clinicd.t ADD COLUMN name_key text COLLATE \"C\";"},
    {"M10", TX "CREATE TABLE " T "code_key text NOT NULL, " KEY ");\n" WALL,
     TX "CREATE TABLE " T "code_key uuid NOT NULL, " KEY ");\n" WALL},
    {"M12", TX "CREATE TABLE " T "n bigint GENERATED ALWAYS AS IDENTITY, " KEY ");\n" WALL,
     TX "CREATE TABLE clinicd.t (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY);"},
    {"M12", TX "ALTER TABLE clinicd.t ADD COLUMN n bigint DEFAULT nextval('clinicd.s');",
     TX "ALTER TABLE clinicd.t ADD COLUMN n bigint DEFAULT 1;"},
    {"M11", TX "SET row_security = on;", TX "SELECT 'row security';"},
    {"M13",
     TX "ALTER TABLE clinicd.t ADD FOREIGN KEY (clinic_id, a) REFERENCES clinicd.p (clinic_id, id)"
        " ON DELETE SET NULL (a) NOT VALID;",
     TX "ALTER TABLE clinicd.t ADD FOREIGN KEY (clinic_id, a) REFERENCES clinicd.p (clinic_id, id)"
        " NOT VALID;"},
    {"M13", TX "ALTER TABLE clinicd.t ADD EXCLUDE USING gist (a WITH &&);",
     TX "ALTER TABLE clinicd.t ADD EXCLUDE USING gist (clinic_id WITH =, a WITH &&);"},
};

enum { CASES_N = sizeof cases / sizeof cases[0] };

/* How often the rule is broken; -1 where it is waived. */
static int findings_of(struct arena *arena, const char *text, const char *rule, const char **all)
{
    struct fault fault = {.arena = arena};
    struct lint_finding *found = NULL;
    size_t n = 0;
    int hits = 0;
    *all = "";
    assert_int_equal(lint_text("0001_case.sql", text, NULL, arena, &fault, &found, &n), ERR_NONE);
    for (size_t i = 0; i < n; i++) {
        *all = arena_format(arena, "%s %s", *all, found[i].rule->id);
        if (strcmp(found[i].rule->id, rule) == 0)
            hits += found[i].reason ? -1 : 1;
    }
    return hits;
}

static void each_rule_flags_what_breaks_it_and_nothing_else(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *all;
    for (size_t i = 0; i < CASES_N; i++) {
        if (findings_of(&arena, cases[i].bad, cases[i].rule, &all) < 1)
            fail_msg("%s (case %zu) is not flagged in: %s", cases[i].rule, i, cases[i].bad);
        if (findings_of(&arena, cases[i].good, cases[i].rule, &all) != 0)
            fail_msg("%s (case %zu) is flagged in: %s", cases[i].rule, i, cases[i].good);
    }
}

static void no_rule_is_without_its_case(void **state)
{
    (void)state;
    for (size_t r = 0; lint_rule_at(r); r++) {
        bool is_tried = false;
        for (size_t i = 0; i < CASES_N; i++)
            is_tried |= strcmp(cases[i].rule, lint_rule_at(r)->id) == 0;
        if (!is_tried)
            fail_msg("%s has no case", lint_rule_at(r)->id);
    }
}

static void a_waiver_needs_the_rule_and_a_reason(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *all;
#define INDEX "CREATE INDEX i ON clinicd.t (a);"
    assert_int_equal(
        findings_of(&arena, TX "-- lint: allow L05 reason=\"empty\"\n" INDEX, "L05", &all), -1);
    assert_int_equal(
        findings_of(&arena, TX "-- lint: allow L04 reason=\"empty\"\n" INDEX, "L05", &all), 1);
    assert_int_equal(findings_of(&arena, TX "-- lint: allow L05 reason=\"\"\n" INDEX, "L05", &all),
                     1);
    assert_int_equal(findings_of(&arena, TX "-- lint: allow L05\n" INDEX, "L05", &all), 1);
    assert_int_equal(findings_of(&arena,
                                 TX "-- lint: allow L05 reason=\"empty\"\n" INDEX "\n" INDEX, "L05",
                                 &all),
                     0); /* one waived, one not */
}

static void what_only_looks_like_a_rule_is_none(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *all;
    static const char text[] =
        TX "SELECT 'ALTER TABLE clinicd.t DROP COLUMN a', $$TRUNCATE x; VACUUM FULL$$;\n"
           "/* CREATE INDEX i ON clinicd.t (a); */ SELECT 1; -- DROP TABLE clinicd.t CASCADE;\n"
           "-- section down loss=none\nDROP TABLE clinicd.t CASCADE;";
    assert_int_equal(findings_of(&arena, text, "L10", &all), 0);
    assert_string_equal(all, "");
}

static void a_table_without_rows_is_not_in_use(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    static const char *const in_use[][2] = {{NULL}, {"u"}, {"t"}};
    static const size_t expected[] = {0, 0, 1};
    for (size_t i = 0; i < 3; i++) {
        struct lint_finding *found = NULL;
        size_t n = 0;
        assert_int_equal(lint_text("db/migrations/0001_case.sql", TX INDEX, in_use[i], &arena,
                                   &fault, &found, &n),
                         ERR_NONE);
        assert_int_equal(n, expected[i]);
        if (n > 0)
            assert_string_equal(found[0].path, "db/migrations/0001_case.sql");
    }
}

static void what_is_no_sql_is_refused(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct lint_finding *found = NULL;
    size_t n = 0;
    assert_int_equal(lint_text("x.sql", "SELECT 'open", NULL, &arena, &fault, &found, &n),
                     ERR_INPUT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rule_flags_what_breaks_it_and_nothing_else),
        cmocka_unit_test(no_rule_is_without_its_case),
        cmocka_unit_test(a_waiver_needs_the_rule_and_a_reason),
        cmocka_unit_test(what_only_looks_like_a_rule_is_none),
        cmocka_unit_test(a_table_without_rows_is_not_in_use),
        cmocka_unit_test(what_is_no_sql_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
