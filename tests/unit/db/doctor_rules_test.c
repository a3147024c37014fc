/* What the doctor's facts mean. Each check has its cases here: `cases` is what turns it, and a rule
 * that nothing turns fails the test, so that no check can be one that is always green. */
#include "db/fixes.h"
#include "db/verify/rules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#define GIB INT64_C(1073741824)

/* As it should be. */
static const char healthy[] =
    "{'database.app': '', 'database.migrator': '', 'server.version': 150020, 'server.fixes': 0,"
    " 'server.pooler': 'no', 'server.primary': 'primary', 'server.encoding': 'UTF8',"
    " 'server.collation': '', 'server.timezone': '', 'server.clock': 0.2,"
    " 'server.checksums': 'on', 'server.fsync': 'on', 'server.full_page_writes': 'on',"
    " 'server.synchronous_commit': 'on', 'server.wraparound': 1000, 'server.connections': 50,"
    " 'server.prepared': '', 'server.transactions': '', 'server.statements': 'off',"
    " 'server.disk': 60.5, 'wal.archive': 'on', 'wal.archiver': '', 'wal.replicas': 0,"
    " 'wal.slots': 0, 'role.clinicd_app': '', 'role.clinicd_migrator': '',"
    " 'role.clinicd_backup': '', 'role.public': '', 'schema.migrations': '',"
    " 'schema.history': '', 'schema.drift': '', 'schema.walls': '', 'schema.indexes': '',"
    " 'schema.constraints': '', 'schema.partitions': '', 'backup.verified': 3600,"
    " 'files.store': '', 'key.file': '', 'disk.data': 1000000, 'program.libpq': 150020,"
    " 'program.pg_dump': '', 'program.pg_restore': '', 'program.document': '',"
    " 'scale.rung': 0.1, 'scale.standby': 0}";

struct turn {
    const char *id;
    enum level level;
    const char *fact; /* in place of the healthy one */
    enum purpose purpose;
};

static const struct turn turns[] = {
    {"database.app", LEVEL_RED, "'connection refused'", 0},
    {"database.migrator", LEVEL_RED, "'no password supplied'", 0},
    {"server.version", LEVEL_RED, "140009", 0}, /* 14.9 */
    {"server.version", LEVEL_RED, "90624", 0},
    {"server.fixes", LEVEL_AMBER, "-1", 0},
    {"server.fixes", LEVEL_AMBER, "-20", 0},
    {"server.pooler", LEVEL_RED, "'yes'", 0},
    {"server.primary", LEVEL_RED, "'standby'", 0},
    {"server.encoding", LEVEL_RED, "'SQL_ASCII'", 0},
    {"server.collation", LEVEL_RED, "'made with 2.31, now 2.36'", 0},
    {"server.timezone", LEVEL_RED, "'no zones'", 0},
    {"server.clock", LEVEL_AMBER, "1.5", 0},
    {"server.clock", LEVEL_RED, "31", 0},
    {"server.checksums", LEVEL_AMBER, "'off'", 0},
    {"server.fsync", LEVEL_RED, "'off'", 0},
    {"server.full_page_writes", LEVEL_RED, "'off'", 0},
    {"server.synchronous_commit", LEVEL_RED, "'off'", 0},
    {"server.wraparound", LEVEL_AMBER, "500000001", 0},
    {"server.wraparound", LEVEL_RED, "1500000001", 0},
    {"server.connections", LEVEL_AMBER, "4", 0},
    {"server.connections", LEVEL_RED, "-1", 0},
    {"server.prepared", LEVEL_AMBER, "'half-done'", 0},
    {"server.transactions", LEVEL_AMBER, "'process 7 (psql), 90 s'", 0},
    {"server.transactions", LEVEL_RED, "'process 7 (psql), 90 s'", FOR_MIGRATE},
    {"server.statements", LEVEL_AMBER, "'on'", 0},
    {"server.disk", LEVEL_AMBER, "19.5", 0},
    {"server.disk", LEVEL_RED, "9.5", 0},
    {"wal.archive", LEVEL_AMBER, "'off'", 0},
    {"wal.archiver", LEVEL_RED, "'3 failed, last 00000001000000000000002A'", 0},
    {"wal.replicas", LEVEL_AMBER, "67108865", 0},
    {"wal.replicas", LEVEL_RED, "1073741825", 0},
    {"wal.slots", LEVEL_AMBER, "268435457", 0},
    {"wal.slots", LEVEL_RED, "1e15", 0},
    {"role.clinicd_app", LEVEL_RED, "'passes walls'", 0},
    {"role.clinicd_migrator", LEVEL_RED, "'is behind the walls'", 0},
    {"role.clinicd_backup", LEVEL_RED, "'is not there'", 0},
    {"role.public", LEVEL_RED, "'public'", 0},
    {"schema.migrations", LEVEL_AMBER, "'2 pending'", 0},
    {"schema.migrations", LEVEL_RED, "'2 pending'", FOR_SERVE},
    {"schema.migrations", LEVEL_RED, "'2 pending'", FOR_IMPORT},
    {"schema.migrations", LEVEL_GREEN, "'2 pending'", FOR_MIGRATE},
    {"schema.history", LEVEL_RED, "'1 not as they were'", FOR_MIGRATE},
    {"schema.drift", LEVEL_RED, "'column patient.nickname'", 0},
    {"schema.walls", LEVEL_RED, "'1, first: no policy clinicd.visit'", 0},
    {"schema.indexes", LEVEL_RED, "'clinicd.patient_by_phone'", 0},
    {"schema.constraints", LEVEL_AMBER, "'loose'", 0},
    {"schema.partitions", LEVEL_AMBER, "'audit_2026_12'", 0},
    {"backup.verified", LEVEL_AMBER, "100000", 0},
    {"backup.verified", LEVEL_AMBER, "1e12", FOR_MIGRATE},
    {"backup.verified", LEVEL_RED, "1e12", 0}, /* never */
    {"files.store", LEVEL_RED, "'store-unavailable'", 0},
    {"files.store", LEVEL_AMBER, "'store-unavailable'", FOR_MIGRATE},
    {"key.file", LEVEL_RED, "'others may read it: its mode is 0644'", 0},
    {"disk.data", LEVEL_RED, "-1", 0},
    {"disk.data", LEVEL_AMBER, "-1", FOR_SERVE},
    {"program.libpq", LEVEL_RED, "140009", 0},
    {"program.pg_dump", LEVEL_RED, "'not there'", 0},
    {"program.pg_dump", LEVEL_AMBER, "'not there'", FOR_SERVE},
    {"program.pg_restore", LEVEL_RED, "'not there'", 0},
    {"program.document", LEVEL_RED, "'patients_get: GET /x has no route in the program'", 0},
    {"scale.rung", LEVEL_AMBER, "0.81", 0},
    {"scale.rung", LEVEL_RED, "2", 0},
    {"scale.standby", LEVEL_RED, "1", 0},
};

enum { TURNS = sizeof turns / sizeof turns[0] };

struct desk {
    struct arena arena;
    struct checkup checkup;
};

static int end(void **state)
{
    struct desk *desk = *state;
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static int begin(void **state)
{
    *state = test_calloc(1, sizeof(struct desk));
    return 0;
}

/* JSON that is written with single quotes, for C's sake. */
static json_t *facts_of(struct desk *desk, const char *text)
{
    char *json = arena_copy(&desk->arena, text);
    for (char *c = json; *c; c++) {
        if (*c == '\'')
            *c = '"';
    }
    json_t *facts = json_loads(json, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(facts);
    return arena_json(&desk->arena, facts);
}

static const struct check *judged(struct desk *desk, const json_t *facts, enum purpose purpose,
                                  const char *id)
{
    desk->checkup = (struct checkup){.n = 0};
    doctor_judge(facts, purpose, &desk->arena, &desk->checkup);
    for (size_t i = 0; i < desk->checkup.n; i++) {
        if (strcmp(desk->checkup.checks[i].id, id) == 0)
            return &desk->checkup.checks[i];
    }
    return NULL;
}

static void what_is_as_it_should_be_is_green_in_every_check(void **state)
{
    struct desk *desk = *state;
    judged(desk, facts_of(desk, healthy), FOR_ANYTHING, "");
    assert_int_equal(desk->checkup.n, doctor_rules_n);
    for (size_t i = 0; i < desk->checkup.n; i++) {
        if (desk->checkup.checks[i].level != LEVEL_GREEN)
            fail_msg("%s is not green", desk->checkup.checks[i].id);
    }
}

static void each_ill_turns_its_check_and_no_other(void **state)
{
    struct desk *desk = *state;
    for (size_t i = 0; i < TURNS; i++) {
        json_t *facts = facts_of(desk, healthy);
        json_object_set(facts, turns[i].id, facts_of(desk, turns[i].fact));
        const struct check *check = judged(desk, facts, turns[i].purpose, turns[i].id);
        if (!check || check->level != turns[i].level)
            fail_msg("%s is %d by %s", turns[i].id, check ? (int)check->level : -1, turns[i].fact);
        assert_true(check->measured[0] && check->wanted[0] && check->fix[0]);
        for (size_t k = 0; k < desk->checkup.n; k++) {
            if (&desk->checkup.checks[k] != check)
                assert_int_equal(desk->checkup.checks[k].level, LEVEL_GREEN);
        }
    }
}

/* Of a rule with two limits both; of one with a level for a purpose that, too. */
static bool is_turned(const struct rule *rule, enum level level, unsigned purposes)
{
    for (size_t i = 0; i < TURNS; i++) {
        if (strcmp(turns[i].id, rule->id) == 0 && turns[i].level == level &&
            (purposes == 0 || (turns[i].purpose & purposes)))
            return true;
    }
    return false;
}

static void no_check_is_without_a_case_that_turns_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < doctor_rules_n; i++) {
        const struct rule *rule = &doctor_rules[i];
        bool is_number = rule->kind == RULE_MOST || rule->kind == RULE_LEAST;
        bool can_be_red = !is_number || rule->red > -1e9;
        bool is_proven = is_number
                             ? (!can_be_red || is_turned(rule, LEVEL_RED, 0)) &&
                                   (rule->amber == rule->red || is_turned(rule, LEVEL_AMBER, 0))
                             : is_turned(rule, rule->level, 0);
        if (!is_proven)
            fail_msg("nothing here turns %s", rule->id);
        if (rule->green_for && !is_turned(rule, LEVEL_GREEN, rule->green_for))
            fail_msg("nothing here shows for what %s may be green", rule->id);
    }
    for (size_t i = 0; i < TURNS; i++) {
        size_t k = 0;
        while (k < doctor_rules_n && strcmp(doctor_rules[k].id, turns[i].id) != 0)
            k++;
        if (k == doctor_rules_n)
            fail_msg("%s is no check", turns[i].id);
    }
}

static void what_this_role_may_not_see_is_amber_and_says_so(void **state)
{
    struct desk *desk = *state;
    const struct check *check = judged(desk, facts_of(desk, "{'server.transactions': null}"),
                                       FOR_ANYTHING, "server.transactions");
    assert_int_equal(check->level, LEVEL_AMBER);
    assert_string_equal(check->measured, "not visible to this role");
    assert_int_equal(desk->checkup.n, 1);
}

static void the_size_says_which_rung_and_when_the_next_is_due(void **state)
{
    struct desk *desk = *state;
    static const struct size {
        int64_t clinics, patients, bytes;
        int standbys;
        const char *begins;
        enum level rung, standby;
    } sizes[] = {
        {3, 800, GIB / 20, 0, "rung 0, one node: 3 clinics, 800 patients, 0.05 GiB;", LEVEL_GREEN,
         LEVEL_GREEN},
        {801, 800, GIB, 0, "rung 0", LEVEL_AMBER, LEVEL_GREEN},
        {3, 9000000, GIB, 0, "rung 0", LEVEL_AMBER, LEVEL_GREEN},
        {3, 800, 240 * GIB, 0, "rung 0", LEVEL_AMBER, LEVEL_GREEN},
        {1001, 800, GIB, 0, "rung 1", LEVEL_GREEN, LEVEL_RED},
        {1001, 800, GIB, 1, "rung 1", LEVEL_GREEN, LEVEL_GREEN},
        {3, 800, 2600 * GIB, 2, "rung 2", LEVEL_RED, LEVEL_GREEN},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        json_t *facts = arena_json(&desk->arena, json_object());
        scale_facts(sizes[i].clinics, sizes[i].patients, sizes[i].bytes, sizes[i].standbys,
                    &desk->arena, facts);
        const struct check *rung = judged(desk, facts, FOR_SCALE, "scale.rung");
        assert_memory_equal(rung->measured, sizes[i].begins, strlen(sizes[i].begins));
        assert_int_equal(rung->level, sizes[i].rung);
        assert_int_equal(judged(desk, facts, FOR_SCALE, "scale.standby")->level, sizes[i].standby);
    }
}

static void a_line_that_nobody_knows_has_no_least_minor(void **state)
{
    (void)state;
    assert_int_equal(fixes_least_minor(150001), fixes_least_minor(150099));
    assert_true(fixes_least_minor(150001) > 0);
    assert_int_equal(fixes_least_minor(140009), -1);
    assert_int_equal(fixes_least_minor(990001), -1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(what_is_as_it_should_be_is_green_in_every_check),
        TEST(each_ill_turns_its_check_and_no_other),
        TEST(no_check_is_without_a_case_that_turns_it),
        TEST(what_this_role_may_not_see_is_amber_and_says_so),
        TEST(the_size_says_which_rung_and_when_the_next_is_due),
        TEST(a_line_that_nobody_knows_has_no_least_minor),
    };
    return cmocka_run_group_tests_name("the doctor's rules", tests, NULL, NULL);
}
