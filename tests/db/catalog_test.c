/* The audit of the catalogue is empty on our schema, and finds every kind of defect that we know to
 * plant. A plant happens in a transaction that is rolled back: roles belong to the whole cluster,
 * and other tests run beside this one. */
#include "gen/lists.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct plant {
    const char *defect; /* what the audit must call it: the beginning of the name */
    const char *sql;
};

static const struct plant plants[] = {
    {"no_clinic_id_and_not_allow_listed", "CREATE TABLE clinicd.loose (id uuid PRIMARY KEY)"},
    {"allow_listed_but_absent", "DROP TABLE clinicd.news"},
    {"rls_off", "ALTER TABLE clinicd.patient DISABLE ROW LEVEL SECURITY"},
    {"rls_not_forced", "ALTER TABLE clinicd.session NO FORCE ROW LEVEL SECURITY"},
    {"no_policy", "DROP POLICY clinic ON clinicd.account"},
    {"no_policy",
     "ALTER POLICY clinic ON clinicd.clinic RENAME TO gone; DROP POLICY gone ON clinicd.clinic"},
    {"policy_not_canonical", "ALTER POLICY clinic ON clinicd.patient USING (true)"},
    {"policy_not_canonical", "ALTER POLICY clinic ON clinicd.quota WITH CHECK (true)"},
    {"policy_not_canonical",
     "ALTER POLICY clinic ON clinicd.counter USING (true OR clinic_id = (SELECT "
     "NULLIF(current_setting('app.clinic_id', true), '')::bigint))"},
    {"policy_not_canonical", "ALTER POLICY clinic ON clinicd.patient USING (clinic_id >= (SELECT "
                             "NULLIF(current_setting('app.clinic_id', true), '')::bigint))"},
    {"policy_not_canonical", "DROP POLICY clinic ON clinicd.pharmacy; CREATE POLICY clinic ON "
                             "clinicd.pharmacy FOR SELECT USING (clinic_id = (SELECT "
                             "NULLIF(current_setting('app.clinic_id', true), '')::bigint))"},
    {"policy_or_widens", "CREATE POLICY more ON clinicd.account USING (true)"},
    {"policy_for_some_roles", "ALTER POLICY patient ON clinicd.account TO clinicd_backup"},
    {"no_patient_policy", "DROP POLICY patient ON clinicd.patient"},
    {"no_patient_policy", "DROP POLICY patient ON clinicd.audit"},
    {"no_patient_policy", "ALTER TABLE clinicd.pharmacy ADD patient_id uuid"},
    {"patient_policy_not_canonical", "ALTER POLICY patient ON clinicd.account USING (true)"},
    {"patient_policy_not_canonical", "ALTER POLICY patient ON clinicd.patient WITH CHECK (true)"},
    {"patient_policy_not_canonical",
     "DROP POLICY patient ON clinicd.account; CREATE POLICY patient "
     "ON clinicd.account AS RESTRICTIVE FOR SELECT USING (false)"},
    {"no_completed_policy", "DROP POLICY completed ON clinicd.prescription_notes"},
    {"completed_policy_not_canonical",
     "ALTER POLICY completed ON clinicd.prescription USING (true)"},
    {"completed_policy_not_canonical", "ALTER POLICY completed ON clinicd.lab_order USING (EXISTS "
                                       "(SELECT FROM clinicd.prescription))"},
    {"unknown_restrictive_policy",
     "CREATE POLICY other ON clinicd.quota AS RESTRICTIVE USING (true)"},
    {"clinic_id_nullable", "CREATE TABLE clinicd.loose (clinic_id bigint, id uuid)"},
    {"clinic_id_type", "CREATE TABLE clinicd.loose (clinic_id int NOT NULL, id uuid)"},
    {"key_without_clinic_id_first",
     "CREATE TABLE clinicd.loose (clinic_id bigint NOT NULL, id uuid, "
     "PRIMARY KEY (id, clinic_id))"},
    {"fk_without_clinic_id",
     "ALTER TABLE clinicd.patient ADD UNIQUE (id); ALTER TABLE "
     "clinicd.account ADD FOREIGN KEY (patient_id) REFERENCES clinicd.patient (id)"},
    {"fk_without_clinic_id",
     "ALTER TABLE clinicd.account ADD other bigint, ADD UNIQUE (other, id); ALTER TABLE "
     "clinicd.session "
     "ADD FOREIGN KEY (clinic_id, account_id) REFERENCES clinicd.account (other, id)"},
    {"fk_cascades", "ALTER TABLE clinicd.session DROP CONSTRAINT session__account, ADD FOREIGN KEY "
                    "(clinic_id, account_id) REFERENCES clinicd.account ON DELETE CASCADE"},
    {"fk_without_patient_id", "ALTER TABLE clinicd.pharmacy ADD owner uuid, ADD FOREIGN KEY "
                              "(clinic_id, owner) REFERENCES clinicd.patient"},
    {"unique_without_clinic_id", "CREATE UNIQUE INDEX ON clinicd.account (username_key)"},
    {"view_not_invoker", "CREATE VIEW clinicd.peep AS SELECT * FROM clinicd.patient; "
                         "GRANT SELECT ON clinicd.peep TO clinicd_app"},
    {"matview_readable", "CREATE MATERIALIZED VIEW clinicd.peep AS SELECT * FROM clinicd.patient; "
                         "GRANT SELECT ON clinicd.peep TO clinicd_app"},
    {"sequence_visible", "GRANT SELECT ON SEQUENCE clinicd.clinic_number TO clinicd_app"},
    {"forbidden_privilege", "GRANT TRUNCATE ON clinicd.patient TO clinicd_app"},
    {"forbidden_privilege", "GRANT TRIGGER ON clinicd.patient TO clinicd_app"},
    {"delete_not_allow_listed", "GRANT DELETE ON clinicd.patient TO clinicd_app"},
    {"audit_can_be_changed", "GRANT UPDATE ON clinicd.audit TO clinicd_app"},
    {"audit_can_be_changed", "GRANT UPDATE (reason) ON clinicd.platform_audit TO clinicd_app"},
    {"audit_trigger_missing:row", "ALTER TABLE clinicd.audit DISABLE TRIGGER audit_append_only"},
    {"audit_trigger_missing:truncate", "DROP TRIGGER audit_no_truncate ON clinicd.audit"},
    {"audit_trigger_missing:truncate", "CREATE TABLE clinicd.audit_2020_01 PARTITION OF "
                                       "clinicd.audit FOR VALUES FROM ('2020-01-01') TO "
                                       "('2020-02-01')"},
    {"rls_off", "GRANT SELECT ON clinicd.audit_default TO clinicd_app"},
    {"backup_can_write", "GRANT INSERT ON clinicd.patient TO clinicd_backup"},
    {"public_privilege", "GRANT SELECT ON clinicd.news TO PUBLIC"},
    {"other_schema",
     "CREATE SCHEMA side; CREATE TABLE side.copy AS SELECT * FROM clinicd.patient; "
     "GRANT USAGE ON SCHEMA side TO clinicd_app; GRANT SELECT ON side.copy TO clinicd_app"},
    {"schema_create", "GRANT CREATE ON SCHEMA clinicd TO clinicd_app"},
    {"default_privileges_widen",
     "ALTER DEFAULT PRIVILEGES IN SCHEMA clinicd GRANT SELECT ON TABLES TO clinicd_app"},
    {"secdef_callable",
     "CREATE FUNCTION clinicd.peep() RETURNS bigint LANGUAGE sql SECURITY DEFINER "
     "SET search_path = pg_catalog, pg_temp AS 'SELECT count(*) FROM clinicd.patient'"},
    {"secdef_search_path", "ALTER FUNCTION clinicd.clinic_allot_id() RESET search_path"},
    {"secdef_search_path", "ALTER FUNCTION clinicd.clinic_allot_id() SET search_path = public"},
    {"secdef_public", "GRANT EXECUTE ON FUNCTION clinicd.audit_append(jsonb) TO PUBLIC"},
    {"secdef_owner_is_superuser", "ALTER FUNCTION clinicd.clinic_allot_id() OWNER TO postgres"},
    {"role_attr", "ALTER ROLE clinicd_app BYPASSRLS"},
    {"role_attr", "ALTER ROLE clinicd_app CREATEROLE"},
    {"role_attr", "ALTER ROLE clinicd_migrator SUPERUSER"},
    {"nobody_signs_in_as", "ALTER ROLE clinicd_definer LOGIN"},
    {"not_owned_by_the_owner", "ALTER TABLE clinicd.quota OWNER TO clinicd_migrator"},
    {"app_owns", "ALTER TABLE clinicd.quota OWNER TO clinicd_app"},
    {"app_member_of", "GRANT clinicd_definer TO clinicd_app"},
    {"foreign_server",
     "CREATE FOREIGN DATA WRAPPER far; CREATE SERVER away FOREIGN DATA WRAPPER far"},
    {"publication", "CREATE PUBLICATION everything FOR ALL TABLES"},
    {"db_temp_or_create", "DO $$ BEGIN EXECUTE format('GRANT TEMP ON DATABASE %I TO PUBLIC', "
                          "current_database()); END $$"},
};

struct state {
    struct postgres_database database;
    struct arena arena;
    PGconn *boss;
};

static int setup(void **state)
{
    static struct state it;
    postgres_database("catalog", &it.database);
    it.boss = sql_connect(it.database.superuser_url);
    sql_run(it.boss, "SET search_path = pg_catalog"); /* as `clinicd verify` asks */
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    PQfinish(it->boss);
    postgres_drop(&it->database);
    arena_end(&it->arena);
    return 0;
}

/* True when the audit names the defect; prints all that it found otherwise. */
static bool audit_names(struct state *it, const char *defect)
{
    struct arena arena CLEANUP(arena_end) = {0};
    PGresult *rows = sql_rows(it->boss, &arena, "%s", verify_catalogue[0].sql);
    for (int i = 0; i < PQntuples(rows); i++)
        if (strncmp(PQgetvalue(rows, i, 0), defect, strlen(defect)) == 0)
            return true;
    for (int i = 0; i < PQntuples(rows); i++)
        print_error("  %s %s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
    return false;
}

static void migrated_schema_has_no_defect(void **state)
{
    struct state *it = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    PGresult *rows = sql_rows(it->boss, &arena, "%s", verify_catalogue[0].sql);
    for (int i = 0; i < PQntuples(rows); i++)
        print_error("%s: %s\n", PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1));
    assert_int_equal(PQntuples(rows), 0);
}

static void every_planted_defect_is_found(void **state)
{
    struct state *it = *state;
    size_t n = sizeof plants / sizeof *plants, found = 0;
    for (size_t i = 0; i < n; i++) {
        sql_run(it->boss, "BEGIN");
        sql_run(it->boss, "%s", plants[i].sql);
        if (audit_names(it, plants[i].defect))
            found++;
        else
            print_error("not found: %s: %s\n", plants[i].defect, plants[i].sql);
        sql_run(it->boss, "ROLLBACK");
    }
    printf("catalogue: %zu of %zu planted defects found\n", found, n);
    assert_int_equal(found, n);
}

/* The rules' names are read from the statement itself: "SELECT 'rls_off'", "SELECT 'fk_cascades:'".
 */
static void no_rule_is_without_a_planted_defect(void **state)
{
    (void)state;
    static const char rule[] = "\nUNION ALL SELECT '";
    size_t rules = 0;
    for (const char *at = verify_catalogue[0].sql; (at = strstr(at, rule)); rules++) {
        at += sizeof rule - 1;
        size_t length = strcspn(at, ":'"), i = 0;
        while (i < sizeof plants / sizeof *plants &&
               (strncmp(plants[i].defect, at, length) != 0 ||
                (plants[i].defect[length] != '\0' && plants[i].defect[length] != ':')))
            i++;
        /* An old server cannot be had: tests/command/doctor_test.c has one that says it is. */
        if (i == sizeof plants / sizeof *plants && strncmp(at, "version_floor'", 14) != 0)
            fail_msg("nothing here turns %.*s", (int)length, at);
    }
    assert_true(rules > 40);
}

static void a_partition_made_by_the_owner_s_function_has_no_defect(void **state)
{
    struct state *it = *state;
    sql_run(it->boss, "SELECT clinicd.audit_partitions_ensure('2031-05-17')");
    assert_int_equal(
        sql_int(it->boss, "SELECT count(*) FROM pg_class WHERE relname IN "
                          "('audit_2031_05', 'audit_2031_06', 'audit_2031_07', 'audit_2031_08')"),
        4);
    migrated_schema_has_no_defect(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(migrated_schema_has_no_defect),
        cmocka_unit_test(every_planted_defect_is_found),
        cmocka_unit_test(no_rule_is_without_a_planted_defect),
        cmocka_unit_test(a_partition_made_by_the_owner_s_function_has_no_defect),
    };
    return cmocka_run_group_tests_name("catalogue", tests, setup, teardown);
}
