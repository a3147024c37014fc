/* `clinicd verify smoke` against a running service: passes, fails where something is broken, and
 * leaves no open clinic either way. */
#include "api/endpoints.h"
#include "api/http/request.h"
#include "db/maintain.h"
#include "tests/harness/ask.h"
#include "tests/harness/program.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>
#include <unistd.h>

enum { DONE = 0, UNVERIFIED = 5, PRECONDITION = 8, CANNOT_CONNECT = 10, ENDPOINTS_MOST = 512 };

/* Shows every clinic what the first that asked may see. */
static enum err patients_get_of_the_first(struct request *request)
{
    static int64_t first;
    struct tx *tx = request_tx(request);
    if (first == 0)
        first = tx->scope.clinic_id;
    tx->scope.clinic_id = first;
    return patients_get(request);
}

static struct handler handlers[ENDPOINTS_MOST];

static const struct handler *handlers_with(const char *operation,
                                           enum err (*run)(struct request *request))
{
    assert_true(endpoints_n <= ENDPOINTS_MOST);
    for (size_t i = 0; i < endpoints_n; i++) {
        handlers[i] = endpoints[i];
        if (strcmp(handlers[i].operation, operation) == 0)
            handlers[i].run = run;
    }
    return handlers;
}

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

/* With the operator's settings for `database`, or none. */
static struct program_end smoke_of(struct world *world, const struct postgres_database *database,
                                   int port, const char *password, int expected)
{
    struct arena *arena = &world->arena;
    const char *const environment[] = {
        arena_format(arena, "PASSWORD=%s", password),
        arena_format(arena, "CLINICD_DATABASE_URL=%s", database ? database->app_url : ""),
        arena_format(arena, "CLINICD_MIGRATE_URL=%s", database ? database->migrator_url : ""),
        NULL};
    const char *line = arena_format(arena,
                                    SOURCE_DIR "/tests/command/asking.sh " CLINICD_PROGRAM
                                               " verify smoke --http http://127.0.0.1:%d"
                                               " --username boss --password-stdin",
                                    port);
    struct program_end end = program_run(arena, line, environment);
    if (end.exit != expected)
        fail_msg("smoke ended with %d:\n%s%s", end.exit, end.text, end.said);
    return end;
}

static struct program_end smoke(struct world *world, int port, const char *password, int expected)
{
    return smoke_of(world, NULL, port, password, expected);
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

static void order(struct world *world, const char *url)
{
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = url, .lock_wait_ms = 60000};
    int ended = -1;
    assert_int_equal(
        maintain_on(&options, &(struct maintain_order){.is_fence = false}, &fault, &ended),
        ERR_NONE);
}

static void a_record_that_another_clinic_sees_turns_it_red(void **state)
{
    (void)state;
    static struct world world;
    world_begin(&world, &(struct world_options){
                            .name = "smoke_leak",
                            .handlers = handlers_with("patients_get", patients_get_of_the_first),
                            .handlers_n = endpoints_n});
    struct program_end end = smoke(&world, service_port(world.service), SEED_PASSWORD, UNVERIFIED);
    assert_non_null(strstr(end.text, "ok     another clinic does not find it: 404\n"));
    assert_non_null(strstr(end.text, "FAILED nor in its own records: 200\n"));
    assert_int_equal(open_clinics(&world), 0);
    world_end(&world);
}

/* Whose pass it is must be the database's that the service works on. */
static void the_service_of_another_database_proves_nothing(void **state)
{
    struct world *world = *state;
    struct postgres_database other;
    const char *const ready = "/health/ready";
    int port = service_port(world->service);
    postgres_database("smoke_other", &other);
    order(world, world->database.migrator_url);
    for (int i = 0; i < 500 && ask(world, "GET", ready, NULL, NULL).status != 503; i++)
        usleep(10 * 1000);
    struct program_end end = smoke_of(world, &other, port, SEED_PASSWORD, PRECONDITION);
    assert_non_null(strstr(end.said, "not by an order that this database holds"));
    order(world, other.migrator_url);
    end = smoke_of(world, &other, port, SEED_PASSWORD, UNVERIFIED);
    assert_non_null(strstr(end.text, "FAILED the platform signs in: 503\n"));
    end = smoke_of(world, &world->database, port, SEED_PASSWORD, DONE);
    assert_non_null(strstr(end.text, "ok     the platform signs in: 200\n"));
    assert_int_equal(open_clinics(world), 0);
    postgres_drop(&other);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_sound_service_passes_and_nothing_stays_open),
        TEST(a_step_that_fails_is_named_and_all_is_closed),
        TEST(who_does_not_get_in_is_told_so),
        cmocka_unit_test(a_record_that_another_clinic_sees_turns_it_red),
        TEST(the_service_of_another_database_proves_nothing),
    };
    return cmocka_run_group_tests_name("smoke", tests, NULL, NULL);
}
