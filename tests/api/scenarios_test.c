/* Acceptance scenarios of the domain (its appendix C) by number, told through the public API alone:
 * nothing here looks behind it. They build on one another, in order. */
#include "tests/harness/world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CLINIC "/clinics/riverside-clinic"
#define ADMIN_PASSWORD "seven herons over a wet field"
#define DOCTOR_PASSWORD "a slow river carries old leaves"
#define DESK_PASSWORD "four brass bells under the stairs"

/* What one scenario leaves for the next. */
struct story {
    struct world world;
    const char *admin, *doctor, *desk; /* access tokens */
    const char *doctor_id;
    const char *patient; /* path */
    const char *secrets[8];
    int secrets_n;
};

static int setup(void **state)
{
    static struct story story;
    world_begin(&story.world, &(struct world_options){.name = "scenarios"});
    *state = &story;
    return 0;
}

static int teardown(void **state)
{
    struct story *story = *state;
    world_end(&story->world);
    return 0;
}

static struct answer ask(struct story *story, const char *method, const char *path,
                         const char *token, const char *body, const char *if_match)
{
    struct answer answer;
    http_send(
        story->world.client, &story->world.arena,
        &(struct call){
            .method = method, .path = path, .token = token, .body = body, .if_match = if_match},
        &answer);
    return answer;
}

static struct answer get(struct story *story, const char *path, const char *token)
{
    return ask(story, "GET", path, token, NULL, NULL);
}

static struct answer post(struct story *story, const char *path, const char *token,
                          const char *body)
{
    return ask(story, "POST", path, token, body, NULL);
}

static void assert_refused(const struct answer *answer, int status, const char *code)
{
    assert_int_equal(answer->status, status);
    assert_string_equal(answer_code(answer), code);
}

static const char *etag(struct story *story, const struct answer *answer)
{
    return answer_header(&story->world.arena, answer, "ETag", NULL);
}

static struct answer sign_in(struct story *story, const char *username, const char *password)
{
    return post(story, CLINIC "/auth/login", NULL,
                arena_format(&story->world.arena, "{\"username\": \"%s\", \"password\": \"%s\"}",
                             username, password));
}

/* Signs in with what was shown once, is held until the password is changed, and changes it. */
static const char *first_sign_in(struct story *story, const char *username, const char *once,
                                 const char *password)
{
    struct answer in = sign_in(story, username, once);
    assert_int_equal(in.status, 200);
    assert_true(json_is_true(json_object_get(in.json, "must_change_password")));
    const char *token = answer_text(&in, "access_token");
    struct answer held = get(story, CLINIC "/patients", token);
    assert_refused(&held, 403, "password-change-required");
    struct answer changed = post(
        story, CLINIC "/auth/password", token,
        arena_format(&story->world.arena,
                     "{\"current_password\": \"%s\", \"new_password\": \"%s\"}", once, password));
    assert_int_equal(changed.status, 204);
    struct answer again = sign_in(story, username, once);
    assert_refused(&again, 401, "invalid-credentials");
    assert_int_equal(get(story, CLINIC "/patients", token).status, 200);
    story->secrets[story->secrets_n++] = once;
    story->secrets[story->secrets_n++] = password;
    return token;
}

static const char *new_doctor(struct story *story, const char *username, const char *license)
{
    return arena_format(&story->world.arena,
                        "{\"username\": \"%s\", \"first_name\": \"Ravi\", \"last_name\": \"Iyer\", "
                        "\"specialization\": \"Cardiology\", \"license_number\": \"%s\"}",
                        username, license);
}

static const char *new_receptionist(struct story *story, const char *username)
{
    return arena_format(&story->world.arena,
                        "{\"role\": \"receptionist\", \"username\": \"%s\", \"first_name\": "
                        "\"Asha\", \"last_name\": \"Rao\"}",
                        username);
}

/* Register clinic → admin logs in with one-time secret → must change it → creates doctor and
 * receptionist up to the quota; the next is refused. */
static void scenario_1_a_clinic_is_registered_and_staffed_up_to_its_quota(void **state)
{
    struct story *story = *state;
    struct answer boss = post(story, "/auth/login", NULL,
                              "{\"username\": \"boss\", \"password\": \"" SEED_PASSWORD "\"}");
    assert_int_equal(boss.status, 200);
    struct answer clinic = post(
        story, "/clinics", answer_text(&boss, "access_token"),
        "{\"name\": \"Riverside Clinic\", \"slug\": \"riverside-clinic\", \"address\": \"3 River "
        "Road\", \"city\": \"Pune\", \"state\": \"Maharashtra\", \"zip_code\": \"411001\", "
        "\"phone_number\": \"+91-20-XXXX-XXXX\", \"email\": \"desk@riverside.example\", "
        "\"registration_number\": \"REG-RIVER\", \"subscription_status\": \"active\", "
        "\"max_doctors\": 1, \"max_patients\": 1000, \"max_receptionists\": 1}");
    assert_int_equal(clinic.status, 201);
    const json_t *admin = json_object_get(clinic.json, "admin");
    story->admin = first_sign_in(story, json_string_value(json_object_get(admin, "username")),
                                 json_string_value(json_object_get(admin, "one_time_password")),
                                 ADMIN_PASSWORD);

    struct answer doctor =
        post(story, CLINIC "/doctors", story->admin, new_doctor(story, "ravi.iyer", "MMC-1"));
    assert_int_equal(doctor.status, 201);
    story->doctor_id = answer_text(&doctor, "id");
    story->doctor = first_sign_in(story, "ravi.iyer", answer_text(&doctor, "one_time_password"),
                                  DOCTOR_PASSWORD);
    struct answer desk =
        post(story, CLINIC "/staff", story->admin, new_receptionist(story, "asha.rao"));
    assert_int_equal(desk.status, 201);
    story->desk =
        first_sign_in(story, "asha.rao", answer_text(&desk, "one_time_password"), DESK_PASSWORD);

    struct answer more_doctors =
        post(story, CLINIC "/doctors", story->admin, new_doctor(story, "second.iyer", "MMC-2"));
    assert_refused(&more_doctors, 409, "quota-exceeded");
    struct answer more_desks =
        post(story, CLINIC "/staff", story->admin, new_receptionist(story, "second.rao"));
    assert_refused(&more_desks, 409, "quota-exceeded");
}

static const char *new_patient(struct arena *arena, const char *name, const char *phone,
                               const char *more)
{
    return arena_format(arena,
                        "{\"name\": \"%s\", \"date_of_birth\": \"1992-04-17\", \"phone_number\": "
                        "\"%s\", \"address\": \"14 Temple Road\"%s}",
                        name, phone, more);
}

enum { DESKS = 50, NUMBER_TEXT = 24 };

struct desk {
    struct story *story;
    int i;
    char number[NUMBER_TEXT];
};

static void *desk_run(void *user)
{
    struct desk *desk = user;
    struct arena arena = {0};
    struct client *client =
        client_make(service_port(desk->story->world.service), desk->story->world.document);
    struct answer answer;
    http_ask(
        client, &arena,
        &(struct call){.method = "POST",
                       .path = CLINIC "/patients",
                       .token = desk->story->desk,
                       .body = new_patient(&arena, "Queue Row",
                                           arena_format(&arena, "70000 111%02d", desk->i), "")},
        &answer);
    if (answer.status == 201)
        snprintf(desk->number, NUMBER_TEXT, "%s", answer_text(&answer, "patient_number"));
    client_free(client);
    arena_end(&arena);
    return NULL;
}

/* Receptionist registers a patient; same phone again → conflict list → confirmed as family member;
 * numbers unique under 50 parallel requests. */
static void scenario_2_a_family_shares_a_phone_and_numbers_are_unique(void **state)
{
    struct story *story = *state;
    struct arena *arena = &story->world.arena;
    struct answer mother = post(story, CLINIC "/patients", story->desk,
                                new_patient(arena, "Meera Kulkarni", "098800 12345", ""));
    assert_int_equal(mother.status, 201);
    story->patient = answer_header(arena, &mother, "Location", NULL);
    struct answer twin = post(story, CLINIC "/patients", story->desk,
                              new_patient(arena, "Anil Kulkarni", "+91 98800-12345", ""));
    assert_refused(&twin, 409, "duplicate-phone");
    const json_t *known = json_array_get(json_object_get(twin.json, "candidates"), 0);
    assert_string_equal(json_string_value(json_object_get(known, "id")),
                        answer_text(&mother, "id"));
    struct answer son = post(
        story, CLINIC "/patients", story->desk,
        new_patient(arena, "Anil Kulkarni", "+91 98800-12345", ", \"confirm_duplicate\": true"));
    assert_int_equal(son.status, 201);

    struct desk desks[DESKS];
    pthread_t threads[DESKS];
    for (int i = 0; i < DESKS; i++) {
        desks[i] = (struct desk){.story = story, .i = i};
        assert_int_equal(pthread_create(&threads[i], NULL, desk_run, &desks[i]), 0);
    }
    for (int i = 0; i < DESKS; i++)
        pthread_join(threads[i], NULL);
    for (int i = 0; i < DESKS; i++) {
        assert_string_not_equal(desks[i].number, "");
        for (int k = 0; k < i; k++)
            assert_string_not_equal(desks[i].number, desks[k].number);
    }
}

/* Deactivate doctor: … login refused; sessions revoked. (That what he prescribed keeps his name is
 * in scenarios_day_test.c.) */
static void scenario_12_a_deactivated_doctor_is_out_at_once(void **state)
{
    struct story *story = *state;
    struct arena *arena = &story->world.arena;
    struct answer second = sign_in(story, "ravi.iyer", DOCTOR_PASSWORD);
    assert_int_equal(second.status, 200);
    const char *phone = answer_text(&second, "access_token");
    const char *path = arena_format(arena, CLINIC "/doctors/%s", story->doctor_id);
    struct answer doctor = get(story, path, story->admin);
    assert_int_equal(ask(story, "DELETE", path, story->admin, NULL, etag(story, &doctor)).status,
                     204);

    assert_int_equal(get(story, CLINIC "/patients", story->doctor).status, 401);
    assert_int_equal(get(story, CLINIC "/patients", phone).status, 401);
    struct answer renewed = post(
        story, CLINIC "/auth/refresh", NULL,
        arena_format(arena, "{\"refresh_token\": \"%s\"}", answer_text(&second, "refresh_token")));
    assert_int_equal(renewed.status, 401);
    struct answer in = sign_in(story, "ravi.iyer", DOCTOR_PASSWORD);
    assert_refused(&in, 401, "invalid-credentials");
    struct answer kept = get(story, path, story->admin);
    assert_int_equal(kept.status, 200);
    const json_t *account = json_object_get(kept.json, "account");
    assert_true(json_is_false(json_object_get(account, "is_active")));
    assert_string_equal(json_string_value(json_object_get(account, "last_name")), "Iyer");
}

/* Two admins edit the same patient → second gets 409/412. */
static void scenario_14_of_two_who_edit_one_patient_the_second_is_told(void **state)
{
    struct story *story = *state;
    struct answer first = get(story, story->patient, story->admin);
    struct answer second = get(story, story->patient, story->desk);
    struct answer saved = ask(story, "PATCH", story->patient, story->admin,
                              "{\"city\": \"Nashik\"}", etag(story, &first));
    assert_int_equal(saved.status, 200);
    struct answer refused = ask(story, "PATCH", story->patient, story->desk,
                                "{\"city\": \"Mumbai\"}", etag(story, &second));
    assert_refused(&refused, 412, "precondition-failed");
    struct answer now = get(story, story->patient, story->desk);
    assert_string_equal(answer_text(&now, "city"), "Nashik");
    assert_int_equal(ask(story, "PATCH", story->patient, story->desk, "{\"city\": \"Mumbai\"}",
                         etag(story, &now))
                         .status,
                     200);
}

/* Every page of the trail, one behind the other. */
static const char *whole_trail(struct story *story)
{
    struct arena *arena = &story->world.arena;
    const char *all = "", *cursor = NULL;
    do {
        struct answer page = get(story,
                                 arena_format(arena, CLINIC "/audit?limit=200%s%s",
                                              cursor ? "&cursor=" : "", cursor ? cursor : ""),
                                 story->admin);
        assert_int_equal(page.status, 200);
        all = arena_format(arena, "%s%s", all, page.body);
        cursor = json_string_value(json_object_get(page.json, "next_cursor"));
    } while (cursor);
    return all;
}

/* Audit shows who, what, when, before/after for 1–14; contains no secrets. */
static void scenario_15_the_trail_tells_it_all_and_no_secret(void **state)
{
    struct story *story = *state;
    const char *trail = whole_trail(story);
    static const char *const told[] = {"\"auth_login\"",
                                       "\"auth_password\"",
                                       "\"staff_create\"",
                                       "\"doctors_create\"",
                                       "\"patients_create\"",
                                       "\"patients_update\"",
                                       "\"doctors_deactivate\"",
                                       "\"patients_get\"",
                                       "\"asha.rao\"",
                                       "\"Nashik\"",
                                       "\"Mumbai\""};
    for (size_t i = 0; i < sizeof told / sizeof *told; i++)
        if (!strstr(trail, told[i]))
            fail_msg("the trail does not tell %s", told[i]);
    assert_int_equal(story->secrets_n, 6);
    for (int i = 0; i < story->secrets_n; i++)
        if (strstr(trail, story->secrets[i]))
            fail_msg("the trail holds a secret");
    assert_null(strstr(trail, "argon2"));
    assert_null(strstr(trail, story->desk));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_1_a_clinic_is_registered_and_staffed_up_to_its_quota),
        cmocka_unit_test(scenario_2_a_family_shares_a_phone_and_numbers_are_unique),
        cmocka_unit_test(scenario_12_a_deactivated_doctor_is_out_at_once),
        cmocka_unit_test(scenario_14_of_two_who_edit_one_patient_the_second_is_told),
        cmocka_unit_test(scenario_15_the_trail_tells_it_all_and_no_secret),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
