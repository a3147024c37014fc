/* Share links over HTTP: who makes, lists and ends them, what opens, and when it is over. */
#include "models/clinic/directory.h"
#include "tests/harness/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { HOUR_S = 3600 };
static const int64_t hour_us = (int64_t)HOUR_S * 1000 * 1000;

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "shares"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static int fresh(void **state)
{
    world_restore(*state);
    rx_colleague(*state);
    return 0;
}

static json_int_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static const char *text(const json_t *object, const char *member)
{
    const char *found = json_string_value(json_object_get(object, member));
    return found ? found : "";
}

static void the_author_and_the_patient_share_what_is_completed(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED), draft = rx_in(world, RX_IS_PENDING);
    struct answer cancelled = rx_in(world, RX_IS_CANCELLED);
    struct answer other =
        rx_make(world, SEED_PATIENT_OTHER, ", \"medicines\": [{" RX_MEDICINE "}]");
    other = rx_step(world, &other, "doctor", RX_IS_COMPLETED);
    const struct {
        const struct answer *rx;
        const char *who;
        int status;
        const char *code;
    } tries[] = {
        {&rx, "doctor", 201, NULL},
        {&rx, "patient", 201, NULL},
        {&rx, "colleague", 403, "not-the-author"},
        {&rx, "admin", 403, "missing-permission"},
        {&rx, "receptionist", 403, "missing-permission"},
        {&rx, "lab_tech", 403, "missing-permission"},
        {&draft, "doctor", 409, "not-completed"},
        {&draft, "colleague", 403, "not-the-author"},
        {&draft, "patient", 404, "not-found"},
        {&cancelled, "doctor", 409, "not-completed"},
        {&cancelled, "patient", 404, "not-found"},
        {&other, "doctor", 201, NULL},
        {&other, "patient", 404, "not-found"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        struct answer answer = share(world, tries[i].rx, tries[i].who, NULL);
        if (answer.status != tries[i].status)
            print_error("try %zu\n", i);
        expect(&answer, tries[i].status, tries[i].code);
    }
    char token[TOKEN_TEXT];
    struct answer elsewhere =
        ask(world, "POST", share_path(world, &rx, ""), seed_token(&seed_b, "doctor", token), "{}");
    expect(&elsewhere, 404, NULL);
    struct answer nothing =
        ask(world, "POST", path_a(world, "/prescriptions/%s/share-links", id_a(world, SEED_NOBODY)),
            token_a(world, "doctor"), "{}");
    expect(&nothing, 404, NULL);
}

static void what_was_asked_for_is_what_is_made(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer plain = share_made(world, &rx, "{}");
    const json_t *listed = share_listed(world, &rx, &plain);
    assert_string_equal(text(listed, "state"), "active");
    assert_string_equal(text(listed, "expires_at"), answer_text(&plain, "expires_at"));
    assert_true(json_is_null(json_object_get(plain.json, "most_views")));
    assert_true(json_is_null(json_object_get(plain.json, "send_url"))); /* no number is known */
    assert_true(json_is_null(json_object_get(plain.json, "phone_e164")));
    assert_string_equal(text(json_object_get(listed, "created_by"), "id"),
                        id_a(world, SEED_DOCTOR));
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.share_link WHERE id = '%s' AND "
                             "expires_at - created_at = interval '72 hours'",
                             answer_text(&plain, "id")),
                     1);
    struct answer long_ = share_made(world, &rx, "{\"expires_in_hours\": 720, \"most_views\": 3}");
    assert_int_equal(number(long_.json, "most_views"), 3);
    static const char *const bad[] = {"{\"expires_in_hours\": 0}", "{\"expires_in_hours\": 721}",
                                      "{\"most_views\": 0}",       "{\"expires_in_hours\": \"1\"}",
                                      "{\"most_views\": 1001}",    "{\"lang\": \"fr\"}",
                                      "{\"token\": \"mine\"}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct answer refused = share(world, &rx, "doctor", bad[i]);
        expect(&refused, 422, "validation-failed");
    }
}

static void the_message_is_in_the_language_that_is_wanted(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    sql_run(world->boss, "UPDATE clinicd.clinic SET language = 'mr' WHERE clinic_id = 7001");
    static const struct {
        const char *body, *word;
    } wishes[] = {
        {"{}", "औषधचिठ्ठी"}, {"{\"lang\": \"en\"}", "Greetings"}, {"{\"lang\": \"hi\"}", "नमस्ते"}};
    for (size_t i = 0; i < sizeof wishes / sizeof *wishes; i++) {
        struct answer made = share_made(world, &rx, wishes[i].body);
        const char *message = answer_text(&made, "message");
        assert_non_null(strstr(message, wishes[i].word));
        assert_non_null(strstr(message, "Clinic of clinic-a"));
        assert_non_null(strstr(message, answer_text(&made, "url")));
        static const char *const never[] = {"alphamark",   "PT-20", "RX-20",
                                            "Paracetamol", "Fever", "0190a000"};
        for (size_t n = 0; n < sizeof never / sizeof *never; n++)
            if (strstr(message, never[n]))
                fail_msg("the message says %s: %s", never[n], message);
    }
}

static void a_link_shows_the_paper_and_each_look_is_counted(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED), made = share_made(world, &rx, "{}");
    const char *link = share_link(&made);
    struct answer pdf = ask(world, "GET", link, NULL, NULL);
    expect(&pdf, 200, NULL);
    assert_memory_equal(pdf.body, "%PDF-", 5);
    assert_string_equal(answer_header(&world->arena, &pdf, "X-Robots-Tag", NULL), "noindex");
    struct answer page =
        ask(world, "GET", arena_format(&world->arena, "%s?format=html&lang=hi", link), NULL, NULL);
    expect(&page, 200, NULL);
    assert_non_null(strstr(page.body, "Paracetamol"));
    struct answer data = share_open(world, link);
    expect(&data, 200, NULL);
    assert_string_equal(answer_text(&data, "number"), answer_text(&rx, "rx_number"));
    struct answer ahead = ask(world, "HEAD", link, NULL, NULL);
    expect(&ahead, 200, NULL);
    const json_t *listed = share_listed(world, &rx, &made);
    assert_int_equal(number(listed, "views"), 3);
    assert_true(strlen(text(listed, "last_viewed_at")) > 0);
    struct answer again;
    const char *tag = answer_header(&world->arena, &data, "ETag", NULL);
    http_send(world->client, &world->arena,
              &(struct call){.path = arena_format(&world->arena, "%s?format=json", link),
                             .headers = {arena_format(&world->arena, "If-None-Match: %s", tag)}},
              &again);
    expect(&again, 304, NULL);
    assert_int_equal(number(share_listed(world, &rx, &made), "views"), 4);
}

static void each_look_stands_in_the_patients_access_log(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED), made = share_made(world, &rx, "{}");
    struct answer shown = share_open(world, share_link(&made));
    expect(&shown, 200, NULL);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE clinic_id = 7001 AND operation = "
                "'shared_get' AND actor_kind = 'anonymous' AND actor_id IS NULL AND entity = "
                "'share_link' AND entity_id = '%s' AND patient_id = '%s' AND status = 200",
                answer_text(&made, "id"), id_a(world, SEED_PATIENT_OWN)),
        1);
    struct answer log =
        ask(world, "GET", path_a(world, "/patients/%s/access-log", id_a(world, SEED_PATIENT_OWN)),
            token_a(world, "patient"), NULL);
    expect(&log, 200, NULL);
    assert_string_equal(rx_text(&log, "items", 0, "operation"), "shared_get");
    assert_string_equal(rx_text(&log, "items", 1, "operation"), "share_links_create");
}

static const char *without_id(struct world *world, const struct answer *answer)
{
    const char *id = answer_header(&world->arena, answer, "X-Request-Id", NULL);
    struct buf out;
    buf_begin(&out, &world->arena, 1024);
    for (const char *at = arena_format(&world->arena, "%s%s", answer->head, answer->body); *at;) {
        bool is_date = strncmp(at, "Date:", 5) == 0;
        if (is_date)
            at += strcspn(at, "\r");
        else if (strncmp(at, id, strlen(id)) == 0)
            at += strlen(id);
        else
            buf_char(&out, *at++);
    }
    return out.text;
}

static void what_never_was_a_link_is_as_any_place_that_is_not(void **state)
{
    struct world *world = *state;
    struct answer nowhere = ask(world, "GET", "/nowhere", NULL, NULL);
    expect(&nowhere, 404, "not-found");
    char *nines = arena_take(&world->arena, 6001);
    memset(nines, '9', 6000);
    const char *const tokens[] = {
        "4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyKM",  /* whole, and nobody's */
        "4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyK",   /* short */
        "4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyKMM", /* long */
        "4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyK=",
        "share-clinic-a-101AAAAAAAAAAAAAAAAAAAAAAAA%00",
        "%27%20OR%201%3D1--",
        "..%2f..%2fversion",
        "%F0%9F%92%8A",
        nines};
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct answer answer =
            ask(world, "GET", arena_format(&world->arena, "/shared/%s", tokens[i]), NULL, NULL);
        if (answer.status == 400) /* a bad escape is no path at all */
            continue;
        expect(&answer, 404, "not-found");
        assert_string_equal(without_id(world, &answer), without_id(world, &nowhere));
    }
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = "
                                          "'shared_get' AND status = 404"),
                     0);
}

static void expire(struct world *world, struct answer *rx, const struct answer *made)
{
    (void)world, (void)rx, (void)made;
    later(72 * hour_us);
}

static void revoke(struct world *world, struct answer *rx, const struct answer *made)
{
    struct answer gone =
        ask(world, "DELETE",
            share_path(world, rx, arena_format(&world->arena, "/%s", answer_text(made, "id"))),
            token_a(world, "doctor"), NULL);
    expect(&gone, 204, NULL);
}

static void use_up(struct world *world, struct answer *rx, const struct answer *made)
{
    (void)rx;
    for (int i = 0; i < 2; i++) {
        struct answer shown = share_open(world, share_link(made));
        expect(&shown, 200, NULL);
    }
}

static void reopen(struct world *world, struct answer *rx, const struct answer *made)
{
    (void)made;
    *rx = rx_step(world, rx, "doctor", RX_IS_PENDING);
    expect(rx, 200, NULL);
}

static void cancel(struct world *world, struct answer *rx, const struct answer *made)
{
    (void)made;
    *rx = rx_step(world, rx, "doctor", RX_IS_CANCELLED);
    expect(rx, 200, NULL);
}

static void change_and_complete(struct world *world, struct answer *rx, const struct answer *made)
{
    reopen(world, rx, made);
    *rx = rx_step(world, rx, "doctor", RX_IS_COMPLETED);
    expect(rx, 200, NULL);
}

static void every_end_is_410_and_stands_in_the_trail(void **state)
{
    struct world *world = *state;
    static const struct {
        void (*over)(struct world *world, struct answer *rx, const struct answer *made);
        const char *state;
    } ends[] = {{revoke, "revoked"},
                {use_up, "used_up"},
                {reopen, "revoked"},
                {cancel, "revoked"},
                {change_and_complete, "revoked"},
                {expire, "expired"}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct answer rx = rx_in(world, RX_IS_COMPLETED);
        struct answer made = share_made(world, &rx, "{\"most_views\": 2}");
        ends[i].over(world, &rx, &made);
        struct answer shown = share_open(world, share_link(&made));
        if (shown.status != 410)
            print_error("end %zu\n", i);
        expect(&shown, 410, "share-link-expired");
        shown = ask(world, "HEAD", share_link(&made), NULL, NULL);
        expect(&shown, 410, NULL);
        assert_string_equal(share_state(world, &rx, &made), ends[i].state);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.audit WHERE clinic_id = 7001 AND "
                                 "operation = 'shared_get' AND status = 410 AND entity_id = '%s'",
                                 answer_text(&made, "id")),
                         2);
    }
}

static void nothing_opens_while_the_patient_is_hidden_or_the_clinic_closed(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED), made = share_made(world, &rx, "{}");
    struct fault fault = {.arena = &world->arena};
    const char *hidden[] = {"'2026-01-01'", "NULL"}, *status[] = {"suspended", "expired"};
    for (int to = 0; to < 4; to++) {
        sql_run(world->boss,
                "SET session_replication_role = replica; "
                "UPDATE clinicd.patient SET deleted_at = %s WHERE id = '%s'; "
                "RESET session_replication_role; "
                "UPDATE clinicd.clinic SET status = '%s' WHERE clinic_id = 7001",
                hidden[to % 2], id_a(world, SEED_PATIENT_OWN), status[to / 2]);
        assert_int_equal(directory_refresh_all(world->service->directory, &fault), ERR_NONE);
        struct answer shown = share_open(world, share_link(&made));
        expect(&shown, to == 3 ? 200 : 410, to == 3 ? NULL : "share-link-expired");
    }
    assert_int_equal(sql_int(world->boss, "SELECT views FROM clinicd.share_link WHERE id = '%s'",
                             answer_text(&made, "id")),
                     1);
}

static void links_are_listed_and_revoked_by_the_author_the_patient_and_admins(void **state)
{
    struct world *world = *state;
    static const struct {
        const char *who;
        int list, revoke;
    } people[] = {{"colleague", 404, 403}, {"receptionist", 403, 403}, {"lab_tech", 403, 403},
                  {"doctor", 200, 204},    {"patient", 200, 204},      {"admin", 200, 204}};
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    for (size_t i = 0; i < sizeof people / sizeof *people; i++) {
        struct answer made = share_made(world, &rx, "{}");
        const char *bearer = token_a(world, people[i].who);
        struct answer list =
            ask(world, "GET", share_path(world, &rx, "?count=exact"), bearer, NULL);
        expect(&list, people[i].list, NULL);
        if (list.status == 200) {
            assert_int_equal(number(list.json, "total"), (json_int_t)i + 1);
            assert_string_equal(rx_text(&list, "items", 0, "id"), answer_text(&made, "id"));
            assert_null(strstr(list.body, share_link(&made) + strlen("/shared/")));
        }
        const char *path =
            share_path(world, &rx, arena_format(&world->arena, "/%s", answer_text(&made, "id")));
        struct answer gone = ask(world, "DELETE", path, bearer, NULL);
        expect(&gone, people[i].revoke, NULL);
        struct answer shown = share_open(world, share_link(&made));
        expect(&shown, gone.status == 204 ? 410 : 200, NULL);
        if (gone.status == 204) { /* what is over stays over, since when it was */
            const char *since = text(share_listed(world, &rx, &made), "revoked_at");
            later(1000 * 1000);
            gone = ask(world, "DELETE", path, bearer, NULL);
            expect(&gone, 204, NULL);
            assert_string_equal(text(share_listed(world, &rx, &made), "revoked_at"), since);
        }
    }
    struct answer another = rx_in(world, RX_IS_COMPLETED), made = share_made(world, &rx, "{}");
    struct answer not_its = ask(
        world, "DELETE",
        share_path(world, &another, arena_format(&world->arena, "/%s", answer_text(&made, "id"))),
        token_a(world, "doctor"), NULL);
    expect(&not_its, 404, NULL);
}

static void the_answer_that_is_given_again_has_the_same_link(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    const char *path = share_path(world, &rx, ""), *doctor = token_a(world, "doctor");
    struct answer first = ask_keyed(world, "POST", path, doctor, "{}", "once");
    expect(&first, 201, NULL);
    struct answer again = ask_keyed(world, "POST", path, doctor, "{}", "once");
    expect(&again, 201, NULL);
    assert_string_equal(again.body, first.body);
    assert_non_null(answer_header(&world->arena, &again, "Idempotency-Replayed", NULL));
    struct answer shown = share_open(world, share_link(&again));
    expect(&shown, 200, NULL);
    struct answer otherwise =
        ask_keyed(world, "POST", share_path(world, &rx, "?method=sms"), doctor, "{}", "once");
    expect(&otherwise, 422, "idempotency-key-reused");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup(test, fresh)
        EACH(the_author_and_the_patient_share_what_is_completed),
        EACH(what_was_asked_for_is_what_is_made),
        EACH(the_message_is_in_the_language_that_is_wanted),
        EACH(a_link_shows_the_paper_and_each_look_is_counted),
        EACH(each_look_stands_in_the_patients_access_log),
        EACH(what_never_was_a_link_is_as_any_place_that_is_not),
        EACH(every_end_is_410_and_stands_in_the_trail),
        EACH(nothing_opens_while_the_patient_is_hidden_or_the_clinic_closed),
        EACH(links_are_listed_and_revoked_by_the_author_the_patient_and_admins),
        EACH(the_answer_that_is_given_again_has_the_same_link),
    };
    return cmocka_run_group_tests_name("shares", tests, begin, end);
}
