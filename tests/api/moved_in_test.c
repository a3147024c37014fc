/* The service over a database that an import filled: what people meet on the first day. */
#include "tests/harness/legacy_move.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define SLUG "/clinics/sample-clinic"
#define LEGACY_PASSWORD "Long-Sample-Pass-1"
#define LEGACY_HASH                                                                                \
    "pbkdf2_sha256$1000$SampleSaltOf22Letters0$KQMu+bpV8ofzQUYFTGpnhDArk/E4BJ6ihmDOpLhk15I="

struct moved {
    struct world world;
    struct move move; /* over the world's database */
};

static void import(struct moved *moved)
{
    struct move *move = &moved->move;
    move->options.url = moved->world.database.migrator_url;
    move_pack(move, LEGACY_SUGAR, LEGACY_SOUND, 60);
    move_well(move);
    sql_run(moved->world.boss, "UPDATE clinicd.account SET password_hash = '" LEGACY_HASH "'"
                               " WHERE password_hash LIKE 'pbkdf2%%'");
}

static int setup(void **state)
{
    static struct moved moved;
    world_begin(&moved.world, &(struct world_options){.name = "moved"});
    move_begin(&moved.move, "moved_other");
    import(&moved);
    *state = &moved;
    return 0;
}

static int teardown(void **state)
{
    struct moved *moved = *state;
    move_end(&moved->move);
    world_end(&moved->world);
    return 0;
}

static struct answer ask(struct world *world, const char *method, const char *path,
                         const char *token, const char *body)
{
    struct answer answer;
    struct call call = {.method = method, .path = path, .token = token, .body = body};
    http_send(world->client, &world->arena, &call, &answer);
    return answer;
}

static struct answer login(struct world *world, const char *username, const char *password)
{
    return ask(world, "POST", SLUG "/auth/login", NULL,
               arena_format(&world->arena, "{\"username\":\"%s\",\"password\":\"%s\"}", username,
                            password));
}

static void activate(struct moved *moved)
{
    assert_int_equal(import_activate(moved->world.database.migrator_url, moved->move.result.id,
                                     &moved->move.fault),
                     ERR_NONE);
    for (int i = 0; i < 100; i++) { /* the service hears of it, or looks a second later */
        if (ask(&moved->world, "GET", SLUG, NULL, NULL).status == 200)
            return;
        usleep(100000);
    }
    fail_msg("the clinic was not opened");
}

static void a_clinic_that_comes_in_is_not_there_until_it_is_opened(void **state)
{
    struct moved *moved = *state;
    assert_int_equal(ask(&moved->world, "GET", SLUG, NULL, NULL).status, 404);
    assert_int_equal(login(&moved->world, "receptionist0-3", LEGACY_PASSWORD).status, 404);
    activate(moved);
    assert_int_equal(ask(&moved->world, "GET", SLUG, NULL, NULL).status, 200);
}

static void a_legacy_password_opens_once_and_must_be_changed(void **state)
{
    struct moved *moved = *state;
    struct world *world = &moved->world;
    activate(moved);
    assert_int_equal(login(world, "receptionist0-3", "wrong").status, 401);
    struct answer answer = login(world, "receptionist0-3", LEGACY_PASSWORD);
    assert_int_equal(answer.status, 200);
    const char *token = answer_text(&answer, "access_token");
    assert_string_equal(sql_text(world->boss, &world->arena,
                                 "SELECT left(password_hash, 10) FROM clinicd.account"
                                 " WHERE username = 'receptionist0-3'"),
                        "$argon2id$");
    assert_int_equal(ask(world, "GET", SLUG "/patients", token, NULL).status, 403);
    answer = ask(world, "POST", SLUG "/auth/password", token,
                 "{\"current_password\":\"" LEGACY_PASSWORD
                 "\",\"new_password\":\"seven herons over a wet field\"}");
    assert_true(answer.status == 204 || answer.status == 200);
    answer = login(world, "receptionist0-3", "seven herons over a wet field");
    assert_int_equal(answer.status, 200);
    answer = ask(world, "GET", SLUG "/patients?q=PT5-2026-00003",
                 answer_text(&answer, "access_token"), NULL);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "PT5-2026-00003"));
    assert_null(answer.flaw);
}

static void a_patient_gets_in_by_no_old_password(void **state)
{
    struct moved *moved = *state;
    activate(moved);
    const char *name = sql_text(moved->world.boss, &moved->world.arena,
                                "SELECT min(username) FROM clinicd.account WHERE role = 'patient' "
                                "AND username LIKE 'pt5%%'");
    assert_non_null(name);
    assert_int_equal(login(&moved->world, name, "pw000001").status, 401);
    assert_int_equal(login(&moved->world, name, LEGACY_PASSWORD).status, 401);
}

static void what_came_in_is_read_as_anything_else(void **state)
{
    struct moved *moved = *state;
    struct world *world = &moved->world;
    activate(moved);
    sql_run(world->boss,
            "UPDATE clinicd.account SET must_change_password = false WHERE role = 'doctor'");
    struct answer answer = login(world, "DrSample0-1", LEGACY_PASSWORD);
    assert_int_equal(answer.status, 200);
    const char *token = answer_text(&answer, "access_token");
    static const char *const paths[] = {"/patients",
                                        "/visits",
                                        "/prescriptions",
                                        "/catalog/medicines",
                                        "/catalog/tests",
                                        "/templates",
                                        "/tests",
                                        "/doctors",
                                        "/queue",
                                        "/admission-recommendations",
                                        "/admissions?active=false",
                                        "/admissions?active=true",
                                        "/dashboards/admissions",
                                        "/dashboards/doctor"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        answer = ask(world, "GET", arena_format(&world->arena, SLUG "%s", paths[i]), token, NULL);
        if (answer.status != 200 || answer.flaw)
            print_error("%s: %d %s\n", paths[i], answer.status, answer.flaw ? answer.flaw : "");
        assert_int_equal(answer.status, 200);
        assert_null(answer.flaw);
    }
}

/* The first that came in of such a kind. */
static const char *stay_of(struct world *world, const char *which)
{
    const char *id =
        sql_text(world->boss, &world->arena,
                 "SELECT min(id::text) FROM clinicd.admission WHERE is_imported AND %s", which);
    assert_non_null(id);
    return id;
}

static void a_stay_without_a_room_is_shown_printed_and_goes_on(void **state)
{
    struct moved *moved = *state;
    struct world *world = &moved->world;
    static const char *const stays[] = {"room_number IS NULL AND ended_at IS NULL",
                                        "reason_for_admission IS NULL AND status = 'shifted'",
                                        "status = 'discharged'", "room_number IS NOT NULL"};
    static const char *const parts[] = {"", "/status-history", "/treatments",
                                        "/document?format=pdf"};
    activate(moved);
    sql_run(world->boss,
            "UPDATE clinicd.account SET must_change_password = false WHERE role = 'doctor'");
    struct answer answer = login(world, "DrSample0-1", LEGACY_PASSWORD);
    const char *token = answer_text(&answer, "access_token");
    for (size_t i = 0; i < 16; i++) {
        const char *path = arena_format(&world->arena, SLUG "/admissions/%s%s",
                                        stay_of(world, stays[i / 4]), parts[i % 4]);
        answer = ask(world, "GET", path, token, NULL);
        if (answer.status != 200 || answer.flaw)
            print_error("%s: %d %s\n", path, answer.status, answer.flaw ? answer.flaw : "");
        assert_int_equal(answer.status, 200);
        assert_null(answer.flaw);
    }
    const char *stay = stay_of(world, stays[0]);
    const char *path = arena_format(&world->arena, SLUG "/admissions/%s", stay);
    answer = ask(world, "GET", path, token, NULL);
    assert_non_null(strstr(answer.body, "\"room_number\":null"));
    struct call end = {.method = "POST",
                       .path = arena_format(&world->arena, "%s/discharge", path),
                       .token = token,
                       .if_match = "\"2\"",
                       .body =
                           "{\"outcome\":\"discharged\",\"final_diagnosis\":\"Sample diagnosis\","
                           "\"discharge_notes\":\"Sample farewell\"}"};
    http_send(world->client, &world->arena, &end, &answer);
    assert_int_equal(answer.status, 200);
    assert_null(answer.flaw);
    answer =
        ask(world, "GET", arena_format(&world->arena, "%s/document?format=pdf", path), token, NULL);
    assert_int_equal(answer.status, 200);
}

/* What the state of the clinic is, and until the service has heard of it. */
static void state_set(struct world *world, const char *status, int expected)
{
    sql_run(world->boss, "UPDATE clinicd.clinic SET status = '%s' WHERE slug = 'sample-clinic'",
            status);
    sql_run(world->boss, "SELECT clinicd.announce('clinic', clinic_id::text, now())"
                         " FROM clinicd.clinic WHERE slug = 'sample-clinic'");
    for (int i = 0; i < 100; i++) {
        if (ask(world, "GET", SLUG, NULL, NULL).status == expected)
            return;
        usleep(100000);
    }
    fail_msg("the service did not hear of it");
}

/* 308 to where the clinic is now; or nothing, as of a clinic that never was. */
static void assert_leads(struct world *world, const char *method, const char *path,
                         const char *where)
{
    struct answer answer = ask(world, method, path, NULL, NULL);
    assert_int_equal(answer.status, where ? 308 : 404);
    if (where)
        assert_string_equal(answer_header(&world->arena, &answer, "Location", NULL), where);
}

static void the_old_address_leads_to_the_new_one_while_it_is_open(void **state)
{
    struct moved *moved = *state;
    struct world *world = &moved->world;
    state_set(world, "importing", 404);
    assert_leads(world, "GET", "/clinics/sample_clinic", NULL);
    assert_leads(world, "GET", "/clinics/sample_clinic/patients?limit=5", NULL);
    state_set(world, "active", 200);
    assert_leads(world, "GET", "/clinics/sample_clinic", SLUG);
    assert_leads(world, "HEAD", "/clinics/sample_clinic", SLUG);
    assert_leads(world, "GET", "/clinics/sample_clinic/patients?limit=5&q=a%20b",
                 SLUG "/patients?limit=5&q=a%20b");
    assert_leads(world, "POST", "/clinics/sample_clinic/auth/login", SLUG "/auth/login");
    assert_leads(world, "GET", "/clinics/other_clinic/patients", NULL);
    assert_leads(world, "GET", "/clinics/sample_clinic/nonsense", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clinic_that_comes_in_is_not_there_until_it_is_opened),
        cmocka_unit_test(a_legacy_password_opens_once_and_must_be_changed),
        cmocka_unit_test(a_patient_gets_in_by_no_old_password),
        cmocka_unit_test(what_came_in_is_read_as_anything_else),
        cmocka_unit_test(a_stay_without_a_room_is_shown_printed_and_goes_on),
        cmocka_unit_test(the_old_address_leads_to_the_new_one_while_it_is_open),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
