/* `clinicd verify isolation --http` against a running service: every route that there is, with the
 * token of another clinic. */
#include "tests/harness/program.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

enum { DONE = 0, UNVERIFIED = 5 };

static int begin(void **state)
{
    struct world *world = test_calloc(1, sizeof *world);
    world_begin(world, &(struct world_options){.name = "crossing"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    test_free(*state);
    return 0;
}

static struct program_end verify(struct world *world, int expected)
{
    const char *const environment[] = {"PASSWORD=" SEED_PASSWORD, NULL};
    const char *line = arena_format(&world->arena,
                                    SOURCE_DIR "/tests/command/crossing.sh " CLINICD_PROGRAM
                                               " http://127.0.0.1:%d boss",
                                    service_port(world->service));
    struct program_end end = program_run(&world->arena, line, environment);
    if (end.exit != expected)
        fail_msg("it ended with %d:\n%s%s", end.exit, end.text, end.said);
    return end;
}

static int64_t open_clinics(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic WHERE slug LIKE 'smoke-%%' "
                                "AND status <> 'inactive'");
}

static void every_route_of_another_clinic_is_not_found(void **state)
{
    struct world *world = *state;
    int tried = 0, answered = 0;
    struct program_end end = verify(world, DONE);
    const char *line = strstr(end.text, " routes of another clinic are not found");
    assert_non_null(line);
    while (line[-1] != ' ')
        line--;
    assert_int_equal(
        sscanf(line, "%d routes of another clinic are not found, %d", &tried, &answered), 2);
    assert_true(tried > 100);
    assert_true(answered > 15);
    assert_int_equal(open_clinics(world), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_route_of_another_clinic_is_not_found),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
