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

/* The second clinic takes the sessions of the first for its own administrator's. */
static void a_route_that_lets_another_clinic_in_is_named(void **state)
{
    struct world *world = *state;
    sql_run(
        world->boss,
        "CREATE FUNCTION clinicd.hole() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ "
        "BEGIN INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, "
        "access_expires_at, family_hash, refresh_hash, refresh_expires_at, ends_at, "
        "idle_seconds, last_seen_at, created_at) SELECT NEW.clinic_id, gen_random_uuid(), "
        "NEW.id, s.access_hash, s.access_expires_at, s.family_hash, s.refresh_hash, "
        "s.refresh_expires_at, s.ends_at, s.idle_seconds, s.last_seen_at, s.created_at FROM "
        "clinicd.session s JOIN clinicd.clinic c USING (clinic_id) WHERE c.slug LIKE 'smoke-%%' "
        "AND c.status <> 'inactive' AND c.clinic_id <> NEW.clinic_id AND s.revoked_at IS NULL "
        "ON CONFLICT (clinic_id, access_hash) DO UPDATE SET revoked_at = NULL; "
        "RETURN NULL; END $$; "
        "CREATE TRIGGER hole AFTER UPDATE OF password_hash ON clinicd.account FOR EACH ROW "
        "EXECUTE FUNCTION clinicd.hole()");
    struct program_end end = verify(world, UNVERIFIED);
    assert_non_null(strstr(end.text, "FAILED GET /clinics/{slug}/visits with the token of another "
                                     "clinic: 200\n"));
    assert_null(strstr(end.text, "clinic itself"));
    assert_int_equal(open_clinics(world), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(every_route_of_another_clinic_is_not_found),
        TEST(a_route_that_lets_another_clinic_in_is_named),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
