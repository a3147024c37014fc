/* Doctors over HTTP: account and profile are one, within the quota, and read by everybody. */
#include "tests/harness/ask.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "doctors"});
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
    world_restore(*state);
    return 0;
}

static const char *doctor(struct world *world, const char *id)
{
    return path_a(world, "/doctors/%s", id);
}

static const char *body(struct arena *arena, const char *name, const char *license)
{
    return arena_format(arena,
                        "{\"username\":\"%s\",\"first_name\":\"Ravi\",\"last_name\":\"Test\","
                        "\"email\":\"%s@made.example\",\"mobile_number\":\"+91 80 5550 0143\","
                        "\"specialization\":\"Cardiology\",\"license_number\":\"%s\","
                        "\"consultation_fee\":80000,\"experience_years\":12,\"office_hours\":"
                        "[{\"day\":\"monday\",\"from\":\"09:00\",\"to\":\"13:00\"}]}",
                        name, name, license);
}

static struct answer create(struct world *world, const char *name, const char *license)
{
    return ask(world, "POST", path_a(world, "/doctors"), token_a(world, "admin"),
               body(&world->arena, name, license));
}

static struct answer change(struct world *world, const char *id, const char *etag, const char *what)
{
    return ask_if(world, "PATCH", doctor(world, id), token_a(world, "admin"), what, etag);
}

static int64_t used(struct world *world)
{
    return sql_int(world->boss,
                   "SELECT used FROM clinicd.quota WHERE clinic_id = 7001 AND kind = 'doctor'");
}

static void allow(struct world *world, int64_t more)
{
    sql_run(world->boss,
            "UPDATE clinicd.quota SET allowed = used + %lld WHERE clinic_id = 7001 AND kind = "
            "'doctor'",
            (long long)more);
}

static void a_doctor_is_made_whole_and_signs_in_once(void **state)
{
    struct world *world = *state;
    struct answer made = create(world, "ravi.test", "KMC-1");
    expect(&made, 201, NULL);
    const char *id = answer_text(&made, "id");
    assert_string_equal(text_in(&made, "account", "id"), id);
    assert_string_equal(text_in(&made, "account", "role"), "doctor");
    assert_string_equal(answer_text(&made, "availability_status"), "available");
    assert_int_equal(json_integer_value(json_object_get(made.json, "consultation_fee")), 80000);
    assert_string_equal(answer_header(&world->arena, &made, "Location", NULL), doctor(world, id));
    assert_int_equal(used(world), 2);
    struct answer in = sign_in_a(world, "ravi.test", answer_text(&made, "one_time_password"));
    expect(&in, 200, NULL);
    assert_true(json_is_true(json_object_get(in.json, "must_change_password")));
    struct answer seen = ask(world, "GET", doctor(world, id), token_a(world, "admin"), NULL);
    expect(&seen, 200, NULL);
    assert_string_equal(text_in(&seen, "account", "email"), "ravi.test@made.example");
    json_t *hours = json_array_get(json_object_get(seen.json, "office_hours"), 0);
    assert_string_equal(json_string_value(json_object_get(hours, "to")), "13:00");
}

static void what_collides_leaves_nothing_behind(void **state)
{
    struct world *world = *state;
    struct answer made = create(world, "ravi.test", "KMC 1234");
    expect(&made, 201, NULL);
    int64_t accounts = sql_int(world->boss, "SELECT count(*) FROM clinicd.account");
    struct answer answer = create(world, "other.test", "kmc1234");
    expect(&answer, 409, "license-taken");
    answer = create(world, "Ravi.Test", "KMC-2");
    expect(&answer, 409, "username-taken");
    answer =
        ask(world, "POST", path_a(world, "/doctors"), token_a(world, "admin"),
            arena_format(&world->arena,
                         "{\"id\":\"%s\",\"username\":\"id.test\",\"first_name\":\"I\","
                         "\"last_name\":\"D\",\"specialization\":\"S\",\"license_number\":\"L\"}",
                         answer_text(&made, "id")));
    expect(&answer, 409, "id-taken");
    assert_string_equal(answer_header(&world->arena, &answer, "Location", NULL),
                        doctor(world, answer_text(&made, "id")));
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.account"), accounts);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.doctor WHERE clinic_id = "
                                          "7001"),
                     2);
    assert_int_equal(used(world), 2);
}

/* --- many at once ---------------------------------------------------------------------------- */

enum { RACERS = 16, PLACES = 5 };

struct racer {
    struct world *world;
    pthread_barrier_t *line;
    int number;
    struct arena arena;
    int status;
    const char *flaw;
};

static void *run(void *user)
{
    struct racer *racer = user;
    char token[TOKEN_TEXT];
    struct answer answer;
    struct client *client =
        client_make(service_port(racer->world->service), racer->world->document);
    const char *name = arena_format(&racer->arena, "racer.%d", racer->number);
    const struct call call = {.method = "POST",
                              .path = "/clinics/clinic-a/doctors",
                              .token = seed_token(&seed_a, "admin", token),
                              .body = body(&racer->arena, name, name)};
    pthread_barrier_wait(racer->line);
    do { /* hashing lets so many in at a time, and asks the rest to come again */
        http_ask(client, &racer->arena, &call, &answer);
    } while (answer.status == 429);
    racer->status = answer.status;
    racer->flaw = answer.flaw;
    client_free(client);
    return NULL;
}

static void many_at_once_never_pass_the_quota(void **state)
{
    struct world *world = *state;
    static struct racer racers[RACERS];
    pthread_t threads[RACERS];
    pthread_barrier_t line;
    int made = 0;
    allow(world, PLACES);
    pthread_barrier_init(&line, NULL, RACERS);
    for (int i = 0; i < RACERS; i++) {
        racers[i] = (struct racer){.world = world, .line = &line, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, run, &racers[i]), 0);
    }
    for (int i = 0; i < RACERS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < RACERS; i++) {
        assert_null(racers[i].flaw);
        assert_true(racers[i].status == 201 || racers[i].status == 409);
        made += racers[i].status == 201;
        arena_end(&racers[i].arena);
    }
    pthread_barrier_destroy(&line);
    assert_int_equal(made, PLACES);
    assert_int_equal(used(world), 1 + PLACES);
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.account WHERE clinic_id = 7001 AND role "
                             "= 'doctor' AND is_active"),
                     1 + PLACES);
}

/* --- reading --------------------------------------------------------------------------------- */

static void everybody_reads_doctors_and_few_their_contacts(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *who;
        bool sees_contacts, sees_username;
    } readers[] = {{"admin", true, true},
                   {"doctor", false, true},
                   {"receptionist", false, true},
                   {"lab_tech", false, true},
                   {"patient", false, false}};
    for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
        const char *token = token_a(world, readers[i].who);
        struct answer answers[] = {
            ask(world, "GET", path_a(world, "/doctors"), token, NULL),
            ask(world, "GET", doctor(world, id_a(world, SEED_DOCTOR)), token, NULL)};
        for (int j = 0; j < 2; j++) {
            const char *text = answers[j].body;
            expect(&answers[j], 200, NULL);
            assert_non_null(strstr(text, arena_format(&world->arena, "First%s", seed_a.mark)));
            assert_int_equal(strstr(text, seed_a.digits) != NULL, readers[i].sees_contacts);
            assert_int_equal(strstr(text, "\"email\"") != NULL, readers[i].sees_contacts);
            assert_int_equal(strstr(text, "doctor-aa") != NULL, readers[i].sees_username);
            assert_int_equal(strstr(text, "last_login_at") != NULL, readers[i].sees_username);
        }
    }
    struct answer staff =
        ask(world, "GET", doctor(world, id_a(world, SEED_LAB_TECH)), token_a(world, "admin"), NULL);
    expect(&staff, 404, NULL);
}

static void the_list_is_filtered_and_paged(void **state)
{
    struct world *world = *state;
    struct answer made = create(world, "ravi.test", "KMC-1");
    expect(&made, 201, NULL);
    static const struct {
        const char *query;
        int n;
    } cases[] = {{"count=exact", 2},
                 {"q=cardio", 1},
                 {"q=ravi", 1},
                 {"q=nobody", 0},
                 {"availability_status=on_leave", 0},
                 {"availability_status=available", 2},
                 {"is_active=false", 0},
                 {"is_active=true&limit=1", 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer list = ask(world, "GET", path_a(world, "/doctors?%s", cases[i].query),
                                 token_a(world, "receptionist"), NULL);
        expect(&list, 200, NULL);
        assert_int_equal(json_array_size(json_object_get(list.json, "items")), cases[i].n);
    }
    struct answer first =
        ask(world, "GET", path_a(world, "/doctors?limit=1"), token_a(world, "patient"), NULL);
    struct answer second =
        ask(world, "GET",
            path_a(world, "/doctors?limit=1&cursor=%s", answer_text(&first, "next_cursor")),
            token_a(world, "patient"), NULL);
    expect(&second, 200, NULL);
    assert_true(json_is_null(json_object_get(second.json, "next_cursor")));
    assert_string_not_equal(first.body, second.body);
}

/* --- changing -------------------------------------------------------------------------------- */

static void profile_and_account_share_one_version(void **state)
{
    struct world *world = *state;
    const char *id = id_a(world, SEED_DOCTOR);
    struct answer answer =
        change(world, id, "\"1\"", "{\"availability_status\":\"on_leave\",\"qualification\":null}");
    expect(&answer, 200, NULL);
    assert_string_equal(answer_text(&answer, "availability_status"), "on_leave");
    assert_true(json_is_null(json_object_get(answer.json, "qualification")));
    assert_int_equal(json_integer_value(json_object_get(answer.json, "experience_years")), 7);
    assert_string_equal(answer_header(&world->arena, &answer, "ETag", NULL), "\"2\"");
    answer = change(world, id, "\"1\"", "{\"experience_years\":8}");
    expect(&answer, 412, NULL);
    answer = ask_if(world, "PATCH", path_a(world, "/staff/%s", id), token_a(world, "admin"),
                    "{\"last_name\":\"Changed\"}", "\"2\"");
    expect(&answer, 200, NULL);
    answer = change(world, id, "\"3\"", "{\"office_hours\":[]}");
    expect(&answer, 200, NULL);
    assert_string_equal(text_in(&answer, "account", "last_name"), "Changed");
    struct answer made = create(world, "ravi.test", "KMC-1");
    expect(&made, 201, NULL);
    answer = change(world, id, "\"4\"", "{\"license_number\":\"kmc-1\"}");
    expect(&answer, 409, "license-taken");
}

static void hours_end_after_they_begin_and_do_not_overlap(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *hours, *pointer;
    } bad[] = {
        {"[{\"day\":\"monday\",\"from\":\"13:00\",\"to\":\"09:00\"}]", "#/office_hours/0"},
        {"[{\"day\":\"monday\",\"from\":\"09:00\",\"to\":\"09:00\"}]", "#/office_hours/0"},
        {"[{\"day\":\"friday\",\"from\":\"09:00\",\"to\":\"12:00\"},{\"day\":\"friday\",\"from\":"
         "\"11:59\",\"to\":\"13:00\"}]",
         "#/office_hours/1"},
        {"[{\"day\":\"someday\",\"from\":\"09:00\",\"to\":\"12:00\"}]", "#/office_hours/0/day"},
        {"[{\"day\":\"friday\",\"from\":\"9:00\",\"to\":\"12:00\"}]", "#/office_hours/0/from"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer answer =
            change(world, id_a(world, SEED_DOCTOR), "\"1\"",
                   arena_format(&world->arena, "{\"office_hours\":%s}", bad[i].hours));
        expect(&answer, 422, "validation-failed");
        assert_non_null(strstr(answer.body, bad[i].pointer));
    }
    struct answer good =
        change(world, id_a(world, SEED_DOCTOR), "\"1\"",
               "{\"office_hours\":[{\"day\":\"friday\",\"from\":\"09:00\",\"to\":\"12:00\"},"
               "{\"day\":\"friday\",\"from\":\"12:00\",\"to\":\"24:00\"}]}");
    expect(&good, 200, NULL);
}

static void closing_frees_the_place_and_the_staff_opens_again(void **state)
{
    struct world *world = *state;
    const char *id = id_a(world, SEED_DOCTOR), *admin = token_a(world, "admin");
    const char *reactivate = path_a(world, "/staff/%s/reactivate", id);
    const char *me = path_a(world, "/auth/me"), *token = token_a(world, "doctor");
    assert_int_equal(ask(world, "GET", me, token, NULL).status, 200);
    struct answer answer = ask_if(world, "DELETE", doctor(world, id), admin, NULL, "\"1\"");
    expect(&answer, 204, NULL);
    assert_int_equal(ask(world, "GET", me, token, NULL).status, 401);
    assert_int_equal(used(world), 0);
    answer = ask_if(world, "DELETE", doctor(world, id), admin, NULL, "\"2\"");
    expect(&answer, 409, "account-inactive");
    answer = ask(world, "GET", doctor(world, id), admin, NULL);
    expect(&answer, 200, NULL);
    assert_true(
        json_is_false(json_object_get(json_object_get(answer.json, "account"), "is_active")));
    allow(world, 0);
    answer = ask(world, "POST", reactivate, admin, NULL);
    expect(&answer, 409, "quota-exceeded");
    allow(world, 1);
    answer = ask(world, "POST", reactivate, admin, NULL);
    expect(&answer, 200, NULL);
    assert_int_equal(used(world), 1);
    answer =
        ask_if(world, "DELETE", doctor(world, id_a(world, SEED_LAB_TECH)), admin, NULL, "\"1\"");
    expect(&answer, 404, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_doctor_is_made_whole_and_signs_in_once, fresh),
        cmocka_unit_test_setup(what_collides_leaves_nothing_behind, fresh),
        cmocka_unit_test_setup(many_at_once_never_pass_the_quota, fresh),
        cmocka_unit_test_setup(everybody_reads_doctors_and_few_their_contacts, fresh),
        cmocka_unit_test_setup(the_list_is_filtered_and_paged, fresh),
        cmocka_unit_test_setup(profile_and_account_share_one_version, fresh),
        cmocka_unit_test_setup(hours_end_after_they_begin_and_do_not_overlap, fresh),
        cmocka_unit_test_setup(closing_frees_the_place_and_the_staff_opens_again, fresh),
    };
    return cmocka_run_group_tests_name("doctors", tests, setup, teardown);
}
