/* `clinicd verify smoke` against a running service: passes, fails where something is broken, and
 * leaves no open clinic either way. */
#include "tests/harness/program.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

enum { DONE = 0, UNVERIFIED = 5, CANNOT_CONNECT = 10 };

static int begin(void **state)
{
    struct world *world = test_calloc(1, sizeof *world);
    world_begin(world, &(struct world_options){.name = "smoke"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    test_free(*state);
    return 0;
}

static struct program_end smoke(struct world *world, int port, const char *password, int expected)
{
    const char *const environment[] = {arena_format(&world->arena, "PASSWORD=%s", password), NULL};
    const char *line = arena_format(
        &world->arena,
        SOURCE_DIR "/tests/command/smoke.sh " CLINICD_PROGRAM " http://127.0.0.1:%d boss", port);
    struct program_end end = program_run(&world->arena, line, environment);
    if (end.exit != expected)
        fail_msg("smoke ended with %d:\n%s%s", end.exit, end.text, end.said);
    return end;
}

static int64_t open_clinics(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic WHERE slug LIKE 'smoke-%%' "
                                "AND status <> 'inactive'");
}

static void a_sound_service_passes_and_nothing_stays_open(void **state)
{
    struct world *world = *state;
    struct program_end end = smoke(world, service_port(world->service), SEED_PASSWORD, DONE);
    assert_non_null(strstr(end.text, "ok     another clinic does not find it: 404\n"));
    assert_null(strstr(end.text, "FAILED"));
    assert_int_equal(open_clinics(world), 0);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE name = "
                                          "'Smoke Test' AND deleted_at IS NULL"),
                     0);
}

static void a_step_that_fails_is_named_and_all_is_closed(void **state)
{
    struct world *world = *state;
    sql_run(world->boss, "ALTER TABLE clinicd.patient ADD CONSTRAINT patient__broken CHECK (name "
                         "<> 'Smoke Test') NOT VALID");
    struct program_end end = smoke(world, service_port(world->service), SEED_PASSWORD, UNVERIFIED);
    assert_non_null(strstr(end.text, "FAILED a patient is registered: "));
    assert_int_equal(open_clinics(world), 0);
}

static void who_does_not_get_in_is_told_so(void **state)
{
    struct world *world = *state;
    struct program_end end =
        smoke(world, service_port(world->service), "not the password", UNVERIFIED);
    assert_non_null(strstr(end.text, "FAILED the platform signs in: 401\n"));
    smoke(world, 1, SEED_PASSWORD, CANNOT_CONNECT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_sound_service_passes_and_nothing_stays_open),
        TEST(a_step_that_fails_is_named_and_all_is_closed),
        TEST(who_does_not_get_in_is_told_so),
    };
    return cmocka_run_group_tests_name("smoke", tests, NULL, NULL);
}
