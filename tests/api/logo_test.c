/* A clinic's logo over HTTP: everybody sees it, the administrator sets it, and nothing of what was
 * sent is kept but the picture. */
#include "tests/harness/race.h"
#include "tests/harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LOGO "/clinics/clinic-a/logo"

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_logo"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer see(struct world *world, const char *who, const char *header)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){
                  .path = LOGO, .token = who ? token_a(world, who) : NULL, .headers = {header}},
              &answer);
    return answer;
}

static const char *etag(struct world *world, const struct answer *answer)
{
    const char *value = answer_header(&world->arena, answer, "ETag", NULL);
    return value ? value : "";
}

static struct paper png(struct world *world, uint32_t width, uint32_t height)
{
    return (struct paper){"shop.png", "image/png",
                          specimen_png(&world->arena, width, height, "Comment\0secret", true)};
}

static struct call put_call(struct world *world, struct paper paper, const char *if_match)
{
    struct form form;
    form_begin(&form, &world->arena);
    form_file(&form, paper.name, paper.type, paper.bytes.text, paper.bytes.length);
    form_end(&form);
    return (struct call){.method = "PUT",
                         .path = LOGO,
                         .token = token_a(world, "admin"),
                         .body = form.body.text,
                         .body_length = form.body.length,
                         .type = FORM_TYPE,
                         .if_match = if_match};
}

static struct answer put(struct world *world, struct paper paper, const char *if_match)
{
    struct answer answer;
    const struct call call = put_call(world, paper, if_match);
    http_send(world->client, &world->arena, &call, &answer);
    return answer;
}

static void everybody_sees_it(void **state)
{
    struct world *world = *state;
    static const char *const everybody[] = {NULL, "admin", "doctor", "lab_tech", "patient"};
    for (size_t i = 0; i < sizeof everybody / sizeof *everybody; i++) {
        struct answer answer = see(world, everybody[i], NULL);
        expect(&answer, 200, NULL);
        assert_string_equal(answer.body, "\x89PNG\r\n\x1a\nlogo.png");
        assert_string_equal(answer_header(&world->arena, &answer, "Content-Type", NULL),
                            "image/png");
        assert_non_null(
            strstr(answer_header(&world->arena, &answer, "Content-Disposition", NULL), "inline"));
        struct answer same =
            see(world, everybody[i],
                arena_format(&world->arena, "If-None-Match: %s", etag(world, &answer)));
        expect(&same, 304, NULL);
    }
    struct answer part = see(world, NULL, "Range: bytes=1-3");
    expect(&part, 206, NULL);
    assert_string_equal(part.body, "PNG");
    struct answer beyond = see(world, NULL, "Range: bytes=99-");
    expect(&beyond, 416, "range-not-satisfiable");
}

static void a_new_one_is_painted_anew(void **state)
{
    struct world *world = *state;
    struct answer old = see(world, NULL, NULL);
    struct answer made = put(world, png(world, 40, 20), etag(world, &old));
    expect(&made, 200, NULL);
    assert_string_equal(answer_text(&made, "media_type"), "image/png");
    struct answer now = see(world, NULL, NULL);
    expect(&now, 200, NULL);
    assert_string_equal(etag(world, &now), etag(world, &made));
    assert_string_not_equal(etag(world, &now), etag(world, &old));
    assert_memory_equal(now.body, "\x89PNG\r\n\x1a\n", 8);
    assert_null(memmem(now.body, now.length, "secret", 6));
    struct paper jpeg = {"shop.jpg", "image/jpeg",
                         specimen_jpeg(&world->arena, 64, 48, "a telephone's secret")};
    made = put(world, jpeg, etag(world, &now));
    expect(&made, 200, NULL);
    now = see(world, "patient", NULL);
    assert_memory_equal(now.body, "\x89PNG\r\n\x1a\n", 8);
    assert_null(memmem(now.body, now.length, "secret", 6));
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.file WHERE clinic_id = %d AND kind = "
                             "'logo' AND deleted_at IS NULL",
                             (int)seed_a.clinic_id),
                     1);
    reports_restore(world);
}

static void what_is_no_picture_is_refused(void **state)
{
    struct world *world = *state;
    struct answer old = see(world, NULL, NULL);
    struct objects before = objects_now(world);
    struct buf page;
    buf_begin(&page, &world->arena, 64);
    buf_text(&page, "<html><script>alert(1)</script></html>");
    const struct {
        struct paper paper;
        int status;
    } asked[] = {
        {paper_pdf(world), 415},
        {{"shop.png", "image/png", page}, 415},
        {{"shop.svg", "image/svg+xml", page}, 415},
        {{"shop.png", "image/png", specimen_png(&world->arena, 60000, 60000, NULL, false)}, 422},
    };
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct answer answer = put(world, asked[i].paper, etag(world, &old));
        expect(&answer, asked[i].status, NULL);
    }
    struct paper big = {"shop.png", "image/png", {0}};
    buf_begin(&big.bytes, &world->arena, 3 * 1024 * 1024);
    for (int i = 0; i < 3 * 1024 * 1024; i++)
        buf_char(&big.bytes, 'x');
    struct answer answer = put(world, big, etag(world, &old));
    expect(&answer, 413, "payload-too-large");
    assert_int_equal(objects_now(world).objects, before.objects);
    assert_string_equal(etag(world, &(struct answer){.head = see(world, NULL, NULL).head}),
                        etag(world, &old));
}

static void only_an_administrator_writes_and_only_what_was_seen(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {"doctor", "receptionist", "lab_tech", "patient"};
    struct objects before = objects_now(world);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct call call = put_call(world, png(world, 4, 4), "\"1\"");
        struct answer answer;
        call.token = token_a(world, others[i]);
        http_send(world->client, &world->arena, &call, &answer);
        expect(&answer, 403, "missing-permission");
        answer = ask_if(world, "DELETE", LOGO, token_a(world, others[i]), NULL, "\"1\"");
        expect(&answer, 403, "missing-permission");
    }
    struct answer answer = put(world, png(world, 4, 4), NULL);
    expect(&answer, 428, NULL);
    answer = put(world, png(world, 4, 4), "\"9\"");
    expect(&answer, 412, NULL);
    answer = ask_if(world, "DELETE", LOGO, token_a(world, "admin"), NULL, "\"9\"");
    expect(&answer, 412, NULL);
    assert_int_equal(objects_now(world).objects, before.objects);
}

static void without_one_the_clinic_stands_for_it(void **state)
{
    enum { AT_ONCE = 4 };
    struct world *world = *state;
    struct racer racers[AT_ONCE] = {0};
    struct answer old = see(world, NULL, NULL);
    struct answer gone =
        ask_if(world, "DELETE", LOGO, token_a(world, "admin"), NULL, etag(world, &old));
    expect(&gone, 204, NULL);
    struct answer none = see(world, NULL, NULL);
    expect(&none, 404, "not-found");
    gone = ask_if(world, "DELETE", LOGO, token_a(world, "admin"), NULL, etag(world, &old));
    expect(&gone, 404, "not-found");
    struct answer clinic = ask(world, "GET", "/clinics/clinic-a", token_a(world, "admin"), NULL);
    struct objects before = objects_now(world);
    for (int i = 0; i < AT_ONCE; i++)
        racers[i].call = put_call(world, png(world, 8, 8), etag(world, &clinic));
    race(world, racers, AT_ONCE);
    assert_int_equal(race_count(racers, AT_ONCE, 200), 1);
    assert_int_equal(race_count(racers, AT_ONCE, 412), AT_ONCE - 1);
    race_forget(racers, AT_ONCE);
    assert_int_equal(objects_now(world).objects, before.objects + 1);
    struct answer now = see(world, NULL, NULL);
    assert_string_not_equal(etag(world, &now), etag(world, &old));
    reports_restore(world);
}

static void a_full_clinic_gets_no_logo(void **state)
{
    struct world *world = *state;
    struct answer old = see(world, NULL, NULL);
    sql_run(world->boss, "UPDATE clinicd.file_quota SET max_bytes = bytes WHERE clinic_id = %d",
            (int)seed_a.clinic_id);
    struct objects before = objects_now(world);
    struct answer answer = put(world, png(world, 40, 40), etag(world, &old));
    expect(&answer, 409, "quota-exceeded");
    assert_int_equal(objects_now(world).objects, before.objects);
    reports_restore(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_sees_it),
        cmocka_unit_test(a_new_one_is_painted_anew),
        cmocka_unit_test(what_is_no_picture_is_refused),
        cmocka_unit_test(only_an_administrator_writes_and_only_what_was_seen),
        cmocka_unit_test(without_one_the_clinic_stands_for_it),
        cmocka_unit_test(a_full_clinic_gets_no_logo),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
