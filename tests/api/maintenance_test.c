/* The service while the operator has taken it away: who is refused, what is still answered, how
 * streams end, and that it hears of it by itself; who passes all the same, and what must be proven
 * before it is given back. */
#include "api/http/log.h"
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
    assert_int_equal(maintain_off(&options, NULL, true, &fault, &was_on), ERR_NONE);
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

/* --- the pass --------------------------------------------------------------------------------- */

static struct maintain_pass pass_give(struct world *world)
{
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    struct maintain_pass pass;
    assert_int_equal(maintain_pass_give(&options, &fault, &pass), ERR_NONE);
    assert_int_equal(strlen(pass.token), 43);
    return pass;
}

static enum err pass_end(struct world *world, const struct maintain_pass *pass, enum err verdict)
{
    struct fault fault = {.arena = &world->arena, .err = verdict, .code = "verification-failed"};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    if (!verdict)
        fault = (struct fault){.arena = &world->arena};
    return maintain_pass_end(&options, pass, verdict, "{}", &fault);
}

static struct answer ask_passing(struct world *world, const char *path, const char *token,
                                 const char *pass)
{
    struct answer answer;
    struct call call = {.path = path, .token = token};
    if (pass)
        call.headers[0] = arena_format(&world->arena, "Maintenance-Pass: %s", pass);
    http_send(world->client, &world->arena, &call, &answer);
    return answer;
}

/* The service hears by itself: of a pass that is given, of one that has ended. */
static void wait_for_pass(struct world *world, const char *pass, int status)
{
    struct answer answer = ask_passing(world, patients(world), NULL, pass);
    for (int i = 0; i < POLLS_MOST && answer.status != status; i++, usleep(POLL_US))
        answer = ask_passing(world, patients(world), NULL, pass);
    assert_int_equal(answer.status, status);
}

static void who_has_the_pass_is_let_in_and_has_no_other_right(void **state)
{
    struct world *world = *state;
    const char *doctor = token_a(world, "doctor");
    order(world, &(struct maintain_order){.reason = "moving in"});
    struct maintain_pass pass = pass_give(world);
    wait_for_pass(world, pass.token, 401);
    struct answer answer = ask_passing(world, patients(world), doctor, pass.token);
    expect(&answer, 200, NULL);
    answer = ask_passing(world, "/clinics/clinic-b/patients", doctor, pass.token);
    expect(&answer, 404, "not-found");
    answer = ask_passing(world, path_a(world, "/audit"), doctor, pass.token);
    expect(&answer, 403, "missing-permission");
    answer = ask_passing(world, "/health/ready", NULL, pass.token);
    expect(&answer, 503, "maintenance");
    answer = ask_passing(world, patients(world), doctor, NULL);
    expect(&answer, 503, "maintenance");
    assert_int_equal(pass_end(world, &pass, ERR_NONE), ERR_NONE);
    withdraw(world);
}

static void another_word_than_the_pass_is_none(void **state)
{
    struct world *world = *state;
    order(world, &(struct maintain_order){.reason = "moving in"});
    struct maintain_pass pass = pass_give(world);
    wait_for_pass(world, pass.token, 401);
    char *wrong = arena_copy(&world->arena, pass.token);
    wrong[42] = wrong[42] == 'A' ? 'B' : 'A';
    const char *const digest =
        sql_text(world->boss, &world->arena, "SELECT pass_sha256 FROM ops.maintenance");
    assert_string_not_equal(digest, pass.token);
    const char *const words[] = {wrong, "x", digest,
                                 arena_format(&world->arena, "%sA", pass.token)};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        struct answer answer = ask_passing(world, patients(world), NULL, words[i]);
        expect(&answer, 503, "maintenance");
    }
    withdraw(world);
}

static void a_pass_ends_with_its_time_its_order_its_run_or_the_next(void **state)
{
    struct world *world = *state;
    order(world, &(struct maintain_order){.is_read_only = false});
    struct maintain_pass first = pass_give(world);
    wait_for_pass(world, first.token, 401);
    later(11 * 60 * (int64_t)1000000);
    wait_for_pass(world, first.token, 503);
    later(-11 * 60 * (int64_t)1000000);
    wait_for_pass(world, first.token, 401);
    struct maintain_pass second = pass_give(world);
    wait_for_pass(world, second.token, 401);
    wait_for_pass(world, first.token, 503);
    assert_int_equal(pass_end(world, &first, ERR_NONE), ERR_CONFLICT);
    assert_int_equal(pass_end(world, &second, ERR_NONE), ERR_NONE);
    wait_for_pass(world, second.token, 503);
    struct maintain_pass third = pass_give(world);
    wait_for_pass(world, third.token, 401);
    order(world, &(struct maintain_order){.reason = "another order"});
    wait_for_pass(world, third.token, 503);
    assert_int_equal(pass_end(world, &third, ERR_NONE), ERR_CONFLICT);
    withdraw(world);
}

static enum err try_off(struct world *world, const char **code)
{
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    bool was_on = false;
    enum err err = maintain_off(&options, NULL, false, &fault, &was_on);
    *code = fault.code;
    return err;
}

static void off_is_missing_its_proof(struct world *world)
{
    const char *code = NULL;
    assert_int_equal(try_off(world, &code), ERR_CONFLICT);
    assert_string_equal(code, "smoke-missing");
}

/* Green, of this order, and nothing migrated since. */
static void it_is_given_back_when_it_is_proven_to_serve(void **state)
{
    struct world *world = *state;
    const char *code = NULL;
    struct fault fault = {.arena = &world->arena};
    struct migrate_options options = {.url = world->database.migrator_url, .lock_wait_ms = 60000};
    order(world, &(struct maintain_order){.is_read_only = false});
    off_is_missing_its_proof(world);
    struct maintain_pass pass = pass_give(world);
    assert_int_equal(pass_end(world, &pass, ERR_INTERNAL), ERR_INTERNAL);
    off_is_missing_its_proof(world);
    pass = pass_give(world);
    assert_int_equal(pass_end(world, &pass, ERR_NONE), ERR_NONE);
    struct migrate_options all = options;
    all.to = -1;
    int applied = -1;
    assert_int_equal(migrate_up(&all, &fault, &applied), ERR_NONE);
    assert_int_equal(applied, 0);
    off_is_missing_its_proof(world);
    pass = pass_give(world);
    assert_int_equal(pass_end(world, &pass, ERR_NONE), ERR_NONE);
    order(world, &(struct maintain_order){.reason = "again"});
    off_is_missing_its_proof(world);
    pass = pass_give(world);
    assert_int_equal(pass_end(world, &pass, ERR_NONE), ERR_NONE);
    assert_int_equal(try_off(world, &code), ERR_NONE);
    wait_for(world, "GET", "/health/ready", 200);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM ops.run WHERE command = 'verify "
                                          "smoke' AND outcome = 'verification-failed'"),
                     1);
}

static void the_pass_is_nowhere_in_the_log(void **state)
{
    struct world *world = *state;
    order(world, &(struct maintain_order){.is_read_only = false});
    struct maintain_pass pass = pass_give(world);
    wait_for_pass(world, pass.token, 401);
    char *text = NULL;
    size_t length = 0;
    FILE *file = tmpfile();
    assert_non_null(file);
    log_stop();
    log_start(LOG_DEBUG_, fileno(file));
    struct answer answer =
        ask_passing(world, patients(world), token_a(world, "doctor"), pass.token);
    expect(&answer, 200, NULL);
    const char *id = answer_header(&world->arena, &answer, "X-Request-Id", NULL);
    log_stop();
    log_start(LOG_ERROR_, -1);
    rewind(file);
    ssize_t got = getdelim(&text, &length, '\0', file);
    assert_true(got > 0 && id && strstr(text, id)); /* the request is */
    assert_null(strstr(text, pass.token));
    free(text);
    fclose(file);
    withdraw(world);
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
        cmocka_unit_test(who_has_the_pass_is_let_in_and_has_no_other_right),
        cmocka_unit_test(another_word_than_the_pass_is_none),
        cmocka_unit_test(a_pass_ends_with_its_time_its_order_its_run_or_the_next),
        cmocka_unit_test(it_is_given_back_when_it_is_proven_to_serve),
        cmocka_unit_test(the_pass_is_nowhere_in_the_log),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
