/* The check address of a printed prescription: what a pharmacist learns, and nobody else's code. */
#include "api/document/check.h"
#include "tests/harness/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "checks"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

/* What is printed on the paper of this prescription as it is. */
static const char *code_of(struct world *world, const struct answer *rx, int64_t clinic_id)
{
    struct paper_check check = {.clinic_id = clinic_id,
                                .version =
                                    json_integer_value(json_object_get(rx->json, "version"))};
    strcpy(check.prescription_id, answer_text(rx, "id"));
    return paper_check_code(&check, arena_take(&world->arena, PAPER_CHECK_TEXT));
}

static struct answer check(struct world *world, const char *code)
{
    return ask(world, "GET", arena_format(&world->arena, "/check/%s", code), NULL, NULL);
}

static void expect_paper(const struct answer *answer, const char *status, bool is_current)
{
    expect(answer, 200, NULL);
    assert_string_equal(answer_text(answer, "status"), status);
    assert_int_equal(json_is_true(json_object_get(answer->json, "is_current")), is_current);
}

static void it_says_whose_paper_it_is_and_nothing_of_the_patient(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer answer = check(world, code_of(world, &rx, seed_a.clinic_id));
    expect_paper(&answer, "completed", true);
    assert_string_equal(answer_text(&answer, "clinic"), "Clinic of clinic-a");
    assert_string_equal(answer_text(&answer, "rx_number"), answer_text(&rx, "rx_number"));
    assert_string_equal(answer_text(&answer, "prescriber"), text_in(&rx, "doctor", "name"));
    static const char *const never[] = {"Patient", "PT-20", "8111100001", "Paracetamol",
                                        "0190a000"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (strstr(answer.body, never[i]) || strstr(answer.head, never[i]))
            fail_msg("%s: %s", never[i], answer.body);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE clinic_id = 7001 AND operation = "
                "'papers_check' AND actor_kind = 'anonymous' AND entity_id = '%s' AND patient_id = "
                "'%s' AND status = 200",
                answer_text(&rx, "id"), id_a(world, SEED_PATIENT_OWN)),
        1);
}

static void an_older_paper_is_not_current_and_a_cancelled_one_is_cancelled(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_PENDING);
    const char *draft = code_of(world, &rx, seed_a.clinic_id);
    struct answer answer = check(world, draft);
    expect_paper(&answer, "pending", true);
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    const char *paper = code_of(world, &rx, seed_a.clinic_id);
    answer = check(world, draft);
    expect_paper(&answer, "completed", false);
    rx = rx_step(world, &rx, "doctor", RX_IS_PENDING);
    answer = check(world, paper);
    expect_paper(&answer, "pending", false);
    rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    answer = check(world, paper);
    expect_paper(&answer, "completed", false);
    paper = code_of(world, &rx, seed_a.clinic_id);
    rx = rx_do(world, &rx, "doctor", "PUT", "/admission-recommendation", "{\"reason\": \"Weak\"}");
    expect(&rx, 200, NULL); /* advice is not on the paper */
    answer = check(world, paper);
    expect_paper(&answer, "completed", true);
    rx = rx_step(world, &rx, "doctor", RX_IS_CANCELLED);
    answer = check(world, paper);
    expect_paper(&answer, "cancelled", false);
}

static void a_code_that_is_not_ours_is_not_found(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    const char *code = code_of(world, &rx, seed_a.clinic_id);
    for (size_t i = 0; i < strlen(code); i++) {
        char *other = arena_copy(&world->arena, code);
        other[i] = code[i] == 'A' ? 'B' : 'A';
        struct answer answer = check(world, other);
        if (answer.status == 404)
            continue;
        /* The last character may hold bits that no byte has: another spelling, or none. */
        fail_msg("a code with another character %zu: %d", i, answer.status);
    }
    char *nines = arena_take(&world->arena, 5001);
    memset(nines, '9', 5000);
    const char *const forged[] = {"x",
                                  "",
                                  "%00",
                                  "../version",
                                  nines,
                                  arena_format(&world->arena, "%sA", code),
                                  arena_format(&world->arena, "%.*s", 55, code)};
    for (size_t i = 0; i < sizeof forged / sizeof *forged; i++) {
        struct answer answer = check(world, forged[i]);
        if (answer.status != 400)
            expect(&answer, 404, "not-found");
    }
    /* Signed by us, for a clinic where there is no such prescription, or no such clinic. */
    static const int64_t elsewhere[] = {7002, 7999, 0};
    for (size_t i = 0; i < sizeof elsewhere / sizeof *elsewhere; i++) {
        struct answer answer = check(world, code_of(world, &rx, elsewhere[i]));
        expect(&answer, 404, "not-found");
    }
}

static struct answer check_as(struct world *world, const char *code, const char *accept,
                              const char *language)
{
    struct answer answer;
    http_send(
        world->client, &world->arena,
        &(struct call){.path = arena_format(&world->arena, "/check/%s", code),
                       .headers = {arena_format(&world->arena, "Accept: %s", accept),
                                   arena_format(&world->arena, "Accept-Language: %s", language)}},
        &answer);
    expect(&answer, 200, NULL);
    return answer;
}

static void a_browser_gets_a_page_in_its_language(void **state)
{
    struct world *world = *state;
    static const char browser[] = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    static const struct {
        const char *language, *words;
    } pages[] = {{"en", "is genuine and valid"}, {"hi-IN", "असली और मान्य"}, {"mr", "खरी आणि वैध"}};
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    sql_run(world->boss,
            "UPDATE clinicd.prescription_paper SET facts = jsonb_set(facts::jsonb, "
            "'{clinic,name}', '\"<b>Clinic & Sons</b>\"')::json WHERE prescription_id = '%s'",
            answer_text(&rx, "id"));
    const char *code = code_of(world, &rx, seed_a.clinic_id);
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct answer page = check_as(world, code, browser, pages[i].language);
        assert_string_equal(answer_header(&world->arena, &page, "Content-Type", NULL),
                            "text/html; charset=utf-8");
        assert_non_null(strstr(page.body, pages[i].words));
        assert_non_null(strstr(page.body, answer_text(&rx, "rx_number")));
        assert_non_null(strstr(page.body, "&#60;b&#62;Clinic &#38; Sons&#60;/b&#62;"));
        assert_null(strstr(page.body, "<b>"));
        assert_null(strstr(page.body, "<script"));
    }
    static const char *const programs[] = {"*/*", "application/json", "text/html;q=0, */*",
                                           "application/json, text/html"};
    for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
        assert_non_null(check_as(world, code, programs[i], "en").json);
}

/* A paper does not become a forgery because its clinic has not paid. */
static void papers_of_a_closed_clinic_stay_genuine(void **state)
{
    struct world *world = *state;
    struct answer rx = {.json = json_pack("{s:s, s:i}", "id",
                                          seed_id(&seed_suspended, RX_COMPLETED,
                                                  arena_take(&world->arena, UUID_TEXT)),
                                          "version", 1)};
    struct answer answer = check(world, code_of(world, &rx, seed_suspended.clinic_id));
    expect_paper(&answer, "completed", true);
    json_decref(rx.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_says_whose_paper_it_is_and_nothing_of_the_patient),
        cmocka_unit_test(an_older_paper_is_not_current_and_a_cancelled_one_is_cancelled),
        cmocka_unit_test(a_code_that_is_not_ours_is_not_found),
        cmocka_unit_test(a_browser_gets_a_page_in_its_language),
        cmocka_unit_test(papers_of_a_closed_clinic_stay_genuine),
    };
    return cmocka_run_group_tests_name("checks", tests, begin, end);
}
