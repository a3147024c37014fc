/* The proofs of `clinicd verify`: quiet on a database as it should be, and red for each thing that
 * is planted. */
#include "db/verify.h"
#include "gen/lists.h"
#include "tests/harness/postgres.h"
#include "tests/harness/seed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct desk {
    struct postgres_database database;
    struct arena arena;
    struct fault fault;
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("verify", &desk->database);
    desk->fault.arena = &desk->arena;
    desk->boss = sql_connect(desk->database.superuser_url);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static void findings_print(const struct verification *all)
{
    for (size_t i = 0; i < all->n; i++)
        print_error("  %s: %s: %s\n", all->findings[i].check, all->findings[i].object,
                    all->findings[i].detail);
}

static void assert_finds(const struct verification *all, const char *check, const char *object)
{
    for (size_t i = 0; i < all->n; i++)
        if (strcmp(all->findings[i].check, check) == 0 &&
            strcmp(all->findings[i].object, object) == 0)
            return;
    findings_print(all);
    fail_msg("`%s` does not name %s", check, object);
}

static struct verification isolation(struct desk *desk)
{
    struct verification found = {.n = 0};
    fault_reset(&desk->fault);
    enum err err = verify_isolation(desk->database.app_url, &desk->fault, &found);
    if (err && strcmp(desk->fault.code, "verification-failed") != 0)
        fail_msg("%s: %s", desk->fault.code, desk->fault.detail);
    assert_int_equal(err == ERR_NONE, found.n == 0);
    return found;
}

static void the_walls_stand_and_nothing_is_left_behind(void **state)
{
    struct desk *desk = *state;
    const char *count = "SELECT (SELECT count(*) FROM clinicd.clinic) + (SELECT count(*) FROM "
                        "clinicd.audit) + (SELECT count(*) FROM clinicd.news)";
    int64_t before = sql_int(desk->boss, "%s", count);
    struct verification found = isolation(desk);
    findings_print(&found);
    assert_int_equal(found.n, 0);
    assert_true(found.tables >= 30);
    assert_true(found.checks >= found.tables * 11);
    assert_int_equal(sql_int(desk->boss, "%s", count), before);
}

static void a_hole_in_a_wall_is_found_by_its_rows(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "ALTER POLICY clinic ON clinicd.allergy USING (true)");
    struct verification found = isolation(desk);
    assert_finds(&found, "select without a clinic", "allergy");
    assert_finds(&found, "select from another", "allergy");
    assert_finds(&found, "catalogue", "clinicd.allergy");
    sql_run(desk->boss, "DROP POLICY clinic ON clinicd.allergy; "
                        "SELECT clinicd.protect_table('clinicd.allergy')");
    sql_run(desk->boss, "ALTER POLICY clinic ON clinicd.pharmacy WITH CHECK (true)");
    found = isolation(desk);
    assert_finds(&found, "insert into another", "pharmacy");
    assert_finds(&found, "insert without a clinic", "pharmacy");
}

static void a_foreign_key_without_the_clinic_is_found(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss,
            "ALTER TABLE clinicd.account ADD UNIQUE (id); "
            "ALTER TABLE clinicd.session DROP CONSTRAINT session__account, ADD CONSTRAINT loose "
            "FOREIGN KEY (account_id) REFERENCES clinicd.account (id)");
    struct verification found = isolation(desk);
    assert_finds(&found, "foreign key loose", "session");
    assert_finds(&found, "catalogue", "clinicd.session");
}

static void a_table_without_a_row_to_prove_it_is_found(void **state)
{
    struct desk *desk = *state;
    sql_run(desk->boss, "CREATE TABLE clinicd.extra (clinic_id bigint PRIMARY KEY, id uuid); "
                        "SELECT clinicd.protect_table('clinicd.extra'); "
                        "ALTER TABLE clinicd.extra OWNER TO clinicd_owner; "
                        "GRANT SELECT ON clinicd.extra TO clinicd_app");
    struct verification found = isolation(desk);
    assert_finds(&found, "own select", "extra");
}

static void it_asks_as_the_service_and_as_nobody_else(void **state)
{
    struct desk *desk = *state;
    struct verification found = {.n = 0};
    assert_int_equal(verify_isolation(desk->database.migrator_url, &desk->fault, &found),
                     ERR_CONFLICT);
    assert_string_equal(desk->fault.code, "unsafe-role");
}

static void every_wall_that_is_taken_away_is_missed(void **state)
{
    struct desk *desk = *state;
    struct postgres_database scratch;
    struct verification found = {.n = 0};
    const struct migrate_options options = {
        .url = desk->database.migrator_url, .lock_wait_ms = 10000, .to = -1, .data_loss_ok = -1};
    postgres_database_empty("verify_scratch", &scratch);
    enum err err = verify_self_test(&options, desk->database.app_url, scratch.migrator_url,
                                    &desk->fault, &found);
    findings_print(&found);
    if (err)
        fail_msg("%s: %s", desk->fault.code, desk->fault.detail);
    assert_true(found.tables >= 30);
    PGconn *boss SQL_CLOSE = sql_connect(scratch.superuser_url);
    assert_int_equal(sql_int(boss, "SELECT count(*) FROM pg_namespace WHERE nspname IN "
                                   "('clinicd', 'ops')"),
                     0);
    sql_close(&boss);
    postgres_drop(&scratch);
}

static struct verification data(struct desk *desk, const char *slug)
{
    struct verification found = {.n = 0};
    fault_reset(&desk->fault);
    enum err err = verify_data(desk->database.migrator_url, slug, &desk->fault, &found);
    if (err && strcmp(desk->fault.code, "verification-failed") != 0)
        fail_msg("%s: %s", desk->fault.code, desk->fault.detail);
    return found;
}

/* The seed's rows come by SQL: the trail and the quota have not heard of all of them. */
static void seed(struct desk *desk, const struct seed *seed)
{
    seed_clinic(desk->boss, seed);
    sql_run(desk->boss,
            "INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, operation, entity, "
            "entity_id, status) SELECT clinic_id, '2026-01-05Z', gen_random_uuid(), 'system', "
            "'seed', entity, id, 201 FROM (SELECT clinic_id, id, 'patient' FROM clinicd.patient "
            "UNION ALL SELECT clinic_id, id, 'visit' FROM clinicd.visit UNION ALL SELECT "
            "clinic_id, id, 'prescription' FROM clinicd.prescription) AS r (clinic_id, id, "
            "entity) WHERE clinic_id = %d",
            (int)seed->clinic_id);
    sql_run(desk->boss,
            "UPDATE clinicd.quota SET used = 2 WHERE kind = 'patient' AND clinic_id = %d",
            (int)seed->clinic_id);
    sql_run(desk->boss,
            "UPDATE clinicd.counter SET value = 103 WHERE kind IN ('patient', 'prescription') "
            "AND clinic_id = %d",
            (int)seed->clinic_id);
}

static void data_that_agrees_has_no_findings(void **state)
{
    struct desk *desk = *state;
    seed(desk, &seed_a);
    struct verification found = data(desk, NULL);
    findings_print(&found);
    assert_int_equal(found.n, 0);
    assert_true(found.checks > 40);
}

static const struct plant {
    const char *check, *object, *sql;
} plants[] = {
    {"quota", "patient", "UPDATE clinicd.quota SET used = 1 WHERE kind = 'patient'"},
    {"quota", "doctor", "UPDATE clinicd.quota SET used = 9 WHERE kind = 'doctor'"},
    {"quota", "file", "UPDATE clinicd.file_quota SET bytes = bytes + 1"},
    {"counter", "patient", "UPDATE clinicd.counter SET value = 1 WHERE kind = 'patient'"},
    {"counter", "prescription", "DELETE FROM clinicd.counter WHERE kind = 'prescription'"},
    {"figure", "prescription_figure", "UPDATE clinicd.prescription_figure SET pending = 9"},
    {"numbering", "event", "DELETE FROM clinicd.event WHERE number = 2"},
    {"history", "visit", "DELETE FROM clinicd.visit_change WHERE number > 1"},
    {"order", "prescription_test", "DELETE FROM clinicd.lab_order"},
    {"trail", "patient", "DELETE FROM clinicd.audit WHERE entity = 'patient'"},
    {"trail", "chain",
     "UPDATE clinicd.audit SET chain_number = 7, chain_hash = 'x' WHERE at = '2026-01-01Z'"},
    {"foreign key session__account", "session", "DELETE FROM clinicd.account"},
    {"orphan", "audit", "UPDATE clinicd.audit SET clinic_id = 77"},
};

/* Each rule is a statement that begins with its name: some plant must have that, and the object. */
static void no_rule_of_the_data_is_without_a_break(void **state)
{
    struct desk *desk = *state;
    for (const struct list_statement *rule = verify_data_rules; rule->sql; rule++) {
        size_t i = 0;
        for (; i < sizeof plants / sizeof plants[0]; i++) {
            const char *begins = arena_format(&desk->arena, "SELECT '%s', ", plants[i].check);
            if (strncmp(rule->sql, begins, strlen(begins)) == 0 &&
                strstr(rule->sql, arena_format(&desk->arena, "'%s'", plants[i].object)))
                break;
        }
        if (i == sizeof plants / sizeof plants[0])
            fail_msg("nothing here breaks: %.60s", rule->sql);
    }
}

static void every_break_in_the_data_is_found(void **state)
{
    struct desk *desk = *state;
    seed(desk, &seed_a);
    seed(desk, &seed_b);
    for (size_t i = 0; i < sizeof plants / sizeof plants[0]; i++) {
        struct postgres_database copy;
        struct desk other = {.fault = {.arena = &desk->arena}};
        sql_close(&desk->boss);
        postgres_database_copy(&desk->database, "verify_broken", &copy);
        desk->boss = sql_connect(desk->database.superuser_url);
        other.database = copy;
        PGconn *boss SQL_CLOSE = sql_connect(copy.superuser_url);
        sql_run(boss, "SET session_replication_role = replica; %s", plants[i].sql);
        struct verification found = data(&other, NULL);
        assert_finds(&found, plants[i].check, plants[i].object);
        for (size_t k = 0; k < found.n; k++)
            assert_true(found.findings[k].count > 0 && found.findings[k].ids);
        sql_close(&boss);
        postgres_drop(&copy);
    }
}

static void data_of_one_clinic_is_looked_at_alone(void **state)
{
    struct desk *desk = *state;
    seed(desk, &seed_a);
    seed(desk, &seed_b);
    sql_run(desk->boss, "UPDATE clinicd.quota SET used = 9 WHERE clinic_id = 7002");
    assert_int_equal(data(desk, seed_a.slug).n, 0);
    assert_int_equal(data(desk, seed_b.slug).n, 3);
    struct verification found = {.n = 0};
    fault_reset(&desk->fault);
    assert_int_equal(verify_data(desk->database.migrator_url, "no-such", &desk->fault, &found),
                     ERR_INPUT);
}

static enum err schema(struct desk *desk, const char *scratch, struct verification *found)
{
    const struct migrate_options options = {
        .url = desk->database.migrator_url, .lock_wait_ms = 10000, .to = -1, .data_loss_ok = -1};
    *found = (struct verification){.n = 0};
    fault_reset(&desk->fault);
    return verify_schema(&options, scratch, &desk->fault, found);
}

static void a_schema_that_was_changed_by_hand_is_found(void **state)
{
    struct desk *desk = *state;
    struct postgres_database scratch;
    struct verification found;
    postgres_database_empty("verify_fresh", &scratch);
    assert_int_equal(schema(desk, NULL, &found), ERR_NONE);
    assert_int_equal(schema(desk, scratch.migrator_url, &found), ERR_NONE);
    sql_run(desk->boss, "ALTER TABLE clinicd.patient ADD nickname text");
    assert_int_equal(schema(desk, NULL, &found), ERR_INTERNAL);
    assert_finds(&found, "drift", "column patient.nickname");
    /* Whoever changes also what was remembered is found out by what the files make. */
    sql_run(desk->boss, "INSERT INTO ops.catalogue SELECT 'column patient.nickname', definition "
                        "FROM ops.catalogue WHERE object = 'column patient.city'");
    assert_int_equal(schema(desk, NULL, &found), ERR_NONE);
    assert_int_equal(schema(desk, scratch.migrator_url, &found), ERR_INTERNAL);
    assert_finds(&found, "drift", "column patient.nickname");
    postgres_drop(&scratch);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_walls_stand_and_nothing_is_left_behind),
        TEST(a_hole_in_a_wall_is_found_by_its_rows),
        TEST(a_foreign_key_without_the_clinic_is_found),
        TEST(a_table_without_a_row_to_prove_it_is_found),
        TEST(it_asks_as_the_service_and_as_nobody_else),
        TEST(every_wall_that_is_taken_away_is_missed),
        TEST(data_that_agrees_has_no_findings),
        TEST(no_rule_of_the_data_is_without_a_break),
        TEST(every_break_in_the_data_is_found),
        TEST(data_of_one_clinic_is_looked_at_alone),
        TEST(a_schema_that_was_changed_by_hand_is_found),
    };
    return cmocka_run_group_tests_name("verify", tests, NULL, NULL);
}
