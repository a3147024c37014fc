/* The service while the operator has taken it away: who is refused, what is still answered, how
 * streams end, and that it hears of it by itself. */
#include "db/clock.h"
#include "db/maintain.h"
#include "tests/harness/answer.h"
#include "tests/harness/ask.h"
#include "tests/harness/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { POLL_US = 10 * 1000, POLLS_MOST = 3000 };

static struct notes notes;

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "maintenance"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int fresh(void **state)
{
    queue_fresh(*state, &notes);
    return 0;
}

static struct answer ready(struct world *world)
{
    return ask(world, "GET", "/health/ready", NULL, NULL);
}

/* The service hears by itself, in its own time. */
static void wait_for(struct world *world, const char *method, const char *path, int status)
{
    struct answer answer = ask(world, method, path, NULL, NULL);
    for (int i = 0; i < POLLS_MOST && answer.status != status; i++, usleep(POLL_US))
        answer = ask(world, method, path, NULL, NULL);
    assert_int_equal(answer.status, status);
}

static void order(struct world *world, const struct maintain_order *what)
{
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    int ended = -1;
    assert_int_equal(maintain_on(&options, what, &fault, &ended), ERR_NONE);
    assert_int_equal(ended, 0);
    wait_for(world, "POST", "/auth/login", 503);
}

static void withdraw(struct world *world)
{
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    bool was_on = false;
    assert_int_equal(maintain_off(&options, NULL, false, &fault, &was_on), ERR_NONE);
    assert_true(was_on);
    wait_for(world, "GET", "/health/ready", 200);
    wait_for(world, "POST", "/auth/login", 415); /* heard, and nothing was said */
}

static const char *patients(struct world *world)
{
    return path_a(world, "/patients?limit=1");
}

static void all_are_refused_with_the_reason_and_when_to_come_back(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    order(world, &(struct maintain_order){.reason = "moving in", .ends_in_ms = 600000});
    struct answer answer = ask(world, "GET", patients(world), doctor, NULL);
    expect(&answer, 503, "maintenance");
    assert_string_equal(answer_text(&answer, "detail"), "moving in");
    int wait = atoi(answer_header(&world->arena, &answer, "Retry-After", NULL));
    assert_in_range(wait, 500, 601);
    answer = ask(world, "POST", path_a(world, "/patients"), doctor, "{}");
    expect(&answer, 503, "maintenance");
    answer = ask(world, "POST", path_a(world, "/auth/login"), NULL, "{}");
    expect(&answer, 503, "maintenance");
    answer = ask(world, "GET", "/clinics/no-such-clinic/patients", NULL, NULL);
    expect(&answer, 503, "maintenance");
    answer = ask(world, "GET", "/nowhere", NULL, NULL);
    expect(&answer, 404, "not-found");
    withdraw(world);
    answer = ask(world, "GET", patients(world), doctor, NULL);
    expect(&answer, 200, NULL);
}

static void alive_it_stays_and_not_ready(void **state)
{
    struct world *world = *state;
    order(world, &(struct maintain_order){.reason = "a new disk"});
    struct answer answer = ready(world);
    expect(&answer, 503, "maintenance");
    assert_string_equal(answer_text(&answer, "detail"), "a new disk");
    static const char *const open[] = {"/health/live", "/version", "/openapi.json", "/docs"};
    for (size_t i = 0; i < sizeof open / sizeof open[0]; i++) {
        answer = ask(world, "GET", open[i], NULL, NULL);
        expect(&answer, 200, NULL);
    }
    answer = ask(world, "OPTIONS", patients(world), NULL, NULL);
    expect(&answer, 204, NULL);
    withdraw(world);
}

static void read_only_shows_all_and_changes_nothing(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    order(world, &(struct maintain_order){.is_read_only = true});
    struct answer answer = ask(world, "GET", patients(world), doctor, NULL);
    expect(&answer, 200, NULL);
    answer = ask(world, "HEAD", patients(world), doctor, NULL);
    expect(&answer, 200, NULL);
    answer = ready(world);
    expect(&answer, 200, NULL);
    int64_t rows = sql_int(world->boss, "SELECT count(*) FROM clinicd.patient");
    answer = ask(world, "POST", path_a(world, "/patients"), token_a(world, "receptionist"), "{}");
    expect(&answer, 503, "maintenance");
    assert_true(answer_header(&world->arena, &answer, "Retry-After", NULL) != NULL);
    answer = ask(world, "PATCH", path_a(world, "/patients/%s", id_a(world, SEED_PATIENT_OTHER)),
                 doctor, "{}");
    expect(&answer, 503, "maintenance");
    answer = ask(world, "DELETE", path_a(world, "/patients/%s", id_a(world, SEED_PATIENT_OTHER)),
                 doctor, NULL);
    expect(&answer, 503, "maintenance");
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.patient"), rows);
    withdraw(world);
}

static void streams_end_cleanly_and_are_taken_again_afterwards(void **state)
{
    struct world *world = *state;
    struct ears ears;
    struct ear *ear = queue_ear(world, &ears, &notes);
    order(world, &(struct maintain_order){.is_read_only = true});
    queue_change(world, 1); /* a stream is a read */
    queue_hear(&ears, &notes, 2);
    order(world, &(struct maintain_order){.is_read_only = false});
    queue_hear_end(&ears, ear, "the service is down for maintenance");
    assert_true(ear_open(&ears, ear));
    assert_int_equal(ears_answered(&ears, 503, QUEUE_WAIT_MS), 1);
    ear_close(ear);
    withdraw(world);
    assert_true(ear_open(&ears, ear));
    assert_int_equal(ears_answered(&ears, 200, QUEUE_WAIT_MS), 1);
    ears_end(&ears);
}

static void a_lost_notification_is_made_up_for(void **state)
{
    struct world *world = *state;
    sql_run(world->boss,
            "INSERT INTO ops.maintenance (is_read_only, is_fenced, app_limit, since, ordered_by,"
            "    run_id) VALUES (false, false, -1, now(), 'nobody', 0)");
    wait_for(world, "GET", "/health/ready", 503);
    withdraw(world);
}

static void the_problem_speaks_the_languages_of_the_clinics(void **state)
{
    struct world *world = *state;
    static const char *const languages[] = {"hi", "mr"};
    static const char *const titles[] = {"सेवा रखरखाव के लिए बंद है", "सेवा देखभालीसाठी बंद आहे"};
    order(world, &(struct maintain_order){.is_read_only = false});
    for (int i = 0; i < 2; i++) {
        struct answer answer;
        const char *header = arena_format(&world->arena, "Accept-Language: %s", languages[i]);
        http_send(world->client, &world->arena,
                  &(struct call){.path = patients(world), .headers = {header}}, &answer);
        expect(&answer, 503, "maintenance");
        assert_string_equal(answer_text(&answer, "title"), titles[i]);
    }
    withdraw(world);
}

static void a_refused_request_reaches_neither_database_nor_trail(void **state)
{
    struct world *world = *state;
    static const char trail[] = "SELECT count(*) FROM clinicd.audit";
    order(world, &(struct maintain_order){.is_read_only = false});
    int64_t rows = sql_int(world->boss, trail);
    struct answer answer = ask(world, "GET", patients(world), token_a(world, "doctor"), NULL);
    expect(&answer, 503, "maintenance");
    withdraw(world);
    answer = ask(world, "GET", patients(world), token_a(world, "doctor"), NULL);
    expect(&answer, 200, NULL);
    assert_int_equal(sql_int(world->boss, trail), rows + 1);
}

static void the_services_role_reads_the_order_and_cannot_give_one(void **state)
{
    struct world *world = *state;
    char sqlstate[SQLSTATE_TEXT];
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    assert_int_equal(sql_try(app, sqlstate, "SELECT * FROM ops.maintenance"), 0);
    static const char *const forbidden[] = {
        "INSERT INTO ops.maintenance (is_read_only, is_fenced, app_limit, since, ordered_by,"
        " run_id) VALUES (false, false, -1, now(), 'me', 0)",
        "UPDATE ops.maintenance SET is_read_only = true", "DELETE FROM ops.maintenance",
        "TRUNCATE ops.maintenance"};
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        assert_int_equal(sql_try(app, sqlstate, "%s", forbidden[i]), -1);
        assert_string_equal(sqlstate, "42501");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_are_refused_with_the_reason_and_when_to_come_back),
        cmocka_unit_test(alive_it_stays_and_not_ready),
        cmocka_unit_test(read_only_shows_all_and_changes_nothing),
        cmocka_unit_test_setup(streams_end_cleanly_and_are_taken_again_afterwards, fresh),
        cmocka_unit_test(a_lost_notification_is_made_up_for),
        cmocka_unit_test(the_problem_speaks_the_languages_of_the_clinics),
        cmocka_unit_test(a_refused_request_reaches_neither_database_nor_trail),
        cmocka_unit_test(the_services_role_reads_the_order_and_cannot_give_one),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
