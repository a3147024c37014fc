/* What a clinic's state means to its people, from the request after the change on. */
#include "db/clock.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { HANG_US = 60000000 };

/* For an hour: what makes the service forget in these tests are the news. */
static void sessions_are_remembered(struct service_options *options)
{
    options->session_cache_ms = 3600 * 1000;
}

static int setup(void **state)
{
    static struct world world;
    world_begin(&world,
                &(struct world_options){.name = "api_states", .adjust = sessions_are_remembered});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int put_back(void **state)
{
    world_restore(*state);
    return 0;
}

static struct answer ask(struct world *world, const char *method, const char *path, const char *who,
                         const char *body, const char *if_match)
{
    struct answer answer;
    char token[TOKEN_TEXT];
    bool is_boss = who && strcmp(who, "boss") == 0;
    if (who)
        seed_token(is_boss ? NULL : &seed_a, who, token);
    http_send(world->client, &world->arena,
              &(struct call){.method = method,
                             .path = path,
                             .token = who ? token : NULL,
                             .body = body,
                             .if_match = if_match},
              &answer);
    return answer;
}

static const char patients[] = "/clinics/clinic-a/patients";
static const char login[] = "/clinics/clinic-a/auth/login";
static const char doctor[] = "{\"username\": \"doctor-aa\", \"password\": \"" SEED_PASSWORD "\"}";

static void subscribe(struct world *world, const char *body)
{
    struct answer now = ask(world, "GET", "/clinics/clinic-a", "boss", NULL, NULL);
    assert_int_equal(ask(world, "PATCH", "/clinics/clinic-a/subscription", "boss", body,
                         answer_header(&world->arena, &now, "ETag", NULL))
                         .status,
                     200);
}

static int reads(struct world *world)
{
    return ask(world, "GET", patients, "receptionist", NULL, NULL).status;
}

static struct answer writes(struct world *world)
{
    return ask(world, "POST", patients, "receptionist",
               "{\"name\": \"X\", \"age_years\": 1, \"phone_number\": \"9000000009\", "
               "\"address\": \"x\", \"confirm_duplicate\": true}",
               NULL);
}

static bool is_in_directory(struct world *world)
{
    struct answer list = ask(world, "GET", "/clinics?limit=200", NULL, NULL, NULL);
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(list.json, "items"), i, item)
    {
        if (strcmp(json_string_value(json_object_get(item, "slug")), "clinic-a") == 0)
            return true;
    }
    return false;
}

static void assert_shut(struct world *world)
{
    struct answer refused = ask(world, "GET", patients, "receptionist", NULL, NULL);
    assert_int_equal(refused.status, 401);
    assert_string_equal(answer_code(&refused), "clinic-inactive");
    struct answer in = ask(world, "POST", login, NULL, doctor, NULL);
    assert_int_equal(in.status, 401);
    assert_string_equal(answer_code(&in), "clinic-inactive");
    assert_false(is_in_directory(world));
    /* The platform still looks in. */
    assert_int_equal(ask(world, "GET", patients, "boss", NULL, NULL).status, 200);
}

static void assert_open(struct world *world)
{
    assert_int_equal(reads(world), 200);
    assert_int_equal(writes(world).status, 201);
    assert_int_equal(ask(world, "POST", login, NULL, doctor, NULL).status, 200);
    assert_true(is_in_directory(world));
}

static void a_suspended_clinic_is_shut_until_it_is_active_again(void **state)
{
    struct world *world = *state;
    assert_open(world);
    subscribe(world, "{\"subscription_status\": \"suspended\"}");
    assert_shut(world);
    subscribe(world, "{\"subscription_status\": \"active\"}");
    assert_open(world);
}

static void a_deactivated_clinic_is_shut_until_it_is_activated(void **state)
{
    struct world *world = *state;
    assert_int_equal(reads(world), 200);
    assert_int_equal(ask(world, "DELETE", "/clinics/clinic-a", "boss", NULL, "\"1\"").status, 204);
    assert_shut(world);
    subscribe(world, "{\"is_active\": true}");
    assert_open(world);
}

static void an_expired_clinic_reads_and_does_not_write(void **state)
{
    struct world *world = *state;
    subscribe(world, "{\"subscription_status\": \"expired\"}");
    assert_int_equal(reads(world), 200);
    assert_int_equal(ask(world, "GET", "/clinics/clinic-a/settings", "doctor", NULL, NULL).status,
                     200);
    struct answer refused = writes(world);
    assert_int_equal(refused.status, 403);
    assert_string_equal(answer_code(&refused), "subscription-inactive");
    struct answer settings = ask(world, "PATCH", "/clinics/clinic-a/settings", "admin",
                                 "{\"language\": \"hi\"}", "\"2\"");
    assert_int_equal(settings.status, 403);
    /* They may come and go: nobody's records are held back. */
    assert_int_equal(ask(world, "POST", login, NULL, doctor, NULL).status, 200);
    assert_false(is_in_directory(world));
    subscribe(world, "{\"subscription_status\": \"trial\"}");
    assert_open(world);
}

/* Another process changed it: this one has the clinic, and the member, in memory. */
static void what_another_process_suspends_is_shut(void **state)
{
    struct world *world = *state;
    assert_int_equal(reads(world), 200);
    sql_run(world->boss,
            "BEGIN; UPDATE clinicd.clinic SET status = 'suspended' WHERE slug = 'clinic-a'; "
            "SELECT clinicd.announce('clinic', '%ld', now()); COMMIT",
            (long)seed_a.clinic_id);
    int64_t since_us = clock_monotonic_us();
    while (reads(world) == 200 && clock_monotonic_us() - since_us < HANG_US)
        usleep(1000);
    print_message("shut after %lld us\n", (long long)(clock_monotonic_us() - since_us));
    assert_int_equal(reads(world), 401);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_suspended_clinic_is_shut_until_it_is_active_again, put_back),
        cmocka_unit_test_teardown(a_deactivated_clinic_is_shut_until_it_is_activated, put_back),
        cmocka_unit_test_teardown(an_expired_clinic_reads_and_does_not_write, put_back),
        cmocka_unit_test_teardown(what_another_process_suspends_is_shut, put_back),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
