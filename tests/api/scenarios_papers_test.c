/* Acceptance scenario 5 of the domain (its appendix C), told through the public API alone: "Every
 * schedule × food value prints correctly; 40 medicines paginate; Devanagari footer renders; pending
 * prints DRAFT; patient cannot fetch pending." */
#include "db/buf.h"
#include "tests/harness/pdf.h"
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { SCHEDULES = 10, FOODS = 4, FORTY = 40 };

static const struct {
    const char *value, *printed;
} schedules[SCHEDULES] = {
    {"\"morning\"", "1-0-0-0"},         {"\"afternoon\"", "0-1-0-0"},
    {"\"evening\"", "0-0-1-0"},         {"\"night\"", "0-0-0-1"},
    {"\"morning_evening\"", "1-0-1-0"}, {"\"morning_night\"", "1-0-0-1"},
    {"\"afternoon_night\"", "0-1-0-1"}, {"\"morning_afternoon_night\"", "1-1-0-1"},
    {"\"sos\"", "If needed"},           {"null", "3 times a day"},
};

static const struct {
    const char *value, *printed;
} foods[FOODS] = {
    {"\"before\"", "Before food"},
    {"\"after\"", "After food"},
    {"\"anytime\"", "At any time"},
    {"null", "–"},
};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "scenarios_papers"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer paper(struct world *world, const char *who, const struct answer *rx,
                           const char *query)
{
    return ask(world, "GET",
               arena_format(&world->arena, "%s%s", rx_path(world, rx, "/document"), query),
               token_a(world, who), NULL);
}

static const char *medicine_at(struct world *world, int i)
{
    return arena_format(
        &world->arena,
        "{\"medicine_name\": \"Medicine %c%c\", \"medicine_type\": \"tablet\", "
        "\"dosage\": \"%d mg\", \"frequency_per_day\": 3, \"duration\": \"%d days\", "
        "\"quantity\": %d, \"schedule\": %s, \"food_instruction\": %s}",
        'A' + i / 26, 'A' + i % 26, 10 + i, 2 + i, 100 + i, schedules[i % SCHEDULES].value,
        foods[i / SCHEDULES].value);
}

/* Forty medicines: every schedule with every food rule. */
static struct answer forty(struct world *world)
{
    struct buf list;
    buf_begin(&list, &world->arena, 16384);
    buf_text(&list, ", \"medicines\": [");
    for (int i = 0; i < FORTY; i++)
        buf_format(&list, "%s%s", i ? ", " : "", medicine_at(world, i));
    buf_char(&list, ']');
    return rx_make(world, SEED_PATIENT_OWN, list.text);
}

/* The line of the page that has this text; NULL: none has. */
static const char *line_with(struct arena *arena, const char *text, const char *what)
{
    const char *at = strstr(text, what);
    if (!at)
        return NULL;
    const char *from = at;
    while (from > text && from[-1] != '\n')
        from--;
    return arena_copy_n(arena, from, strcspn(from, "\n"));
}

static void every_schedule_and_food_rule_prints_right(struct world *world, const char *text)
{
    for (int i = 0; i < FORTY; i++) {
        const char *name = arena_format(&world->arena, "Medicine %c%c", 'A' + i / 26, 'A' + i % 26);
        const char *line = line_with(&world->arena, text, name);
        assert_non_null(line);
        const char *const parts[] = {schedules[i % SCHEDULES].printed, foods[i / SCHEDULES].printed,
                                     arena_format(&world->arena, "%d days", 2 + i),
                                     arena_format(&world->arena, " %d", 100 + i), " 3 "};
        for (size_t p = 0; p < sizeof parts / sizeof *parts; p++)
            if (!strstr(line, parts[p]))
                fail_msg("%s is not in: %s", parts[p], line);
    }
    assert_null(strstr(text, "0-0-0-0"));
}

static size_t count(const char *text, const char *what)
{
    size_t n = 0;
    for (const char *at = text; (at = strstr(at, what)); at += strlen(what))
        n++;
    return n;
}

/* Every medicine once, every page numbered, and the table's head on each page that has lines. */
static void forty_medicines_paginate(struct world *world, const struct answer *pdf)
{
    struct arena *arena = &world->arena;
    int pages = pdf_pages(arena, pdf->body, pdf->length);
    assert_in_range(pages, 2, 8);
    const char *all = pdf_text(arena, pdf->body, pdf->length);
    for (int i = 0; i < FORTY; i++)
        assert_int_equal(
            count(all, arena_format(arena, "Medicine %c%c ", 'A' + i / 26, 'A' + i % 26)), 1);
    for (int page = 1; page <= pages; page++) {
        const char *text = pdf_page(arena, pdf->body, pdf->length, page);
        assert_non_null(strstr(text, arena_format(arena, "Page %d of %d", page, pages)));
        if (strstr(text, " mg"))
            assert_non_null(strstr(text, "Duration"));
    }
}

static void scenario_5_a_prescription_prints_right(void **state)
{
    struct world *world = *state;
    struct answer settings =
        ask(world, "GET", path_a(world, "/settings"), token_a(world, "admin"), NULL);
    struct answer changed =
        ask_if(world, "PATCH", path_a(world, "/settings"), token_a(world, "admin"),
               "{\"document_footer\": \"सोमवार ते शनिवार\"}",
               answer_header(&world->arena, &settings, "ETag", NULL));
    expect(&changed, 200, NULL);

    struct answer rx = forty(world);
    struct answer refused = paper(world, "patient", &rx, "");
    expect(&refused, 404, "not-found");
    struct answer draft = paper(world, "doctor", &rx, "");
    expect(&draft, 200, NULL);
    assert_non_null(strstr(pdf_text(&world->arena, draft.body, draft.length), "DRAFT"));

    struct answer done = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    expect(&done, 200, NULL);
    struct answer own = paper(world, "patient", &done, "?lang=en");
    expect(&own, 200, NULL);
    const char *text = pdf_text(&world->arena, own.body, own.length);
    assert_null(strstr(text, "DRAFT"));
    assert_non_null(strstr(pdf_words(&world->arena, own.body, own.length), "सोमवार ते शनिवार"));
    every_schedule_and_food_rule_prints_right(world, text);
    forty_medicines_paginate(world, &own);
    struct answer small = paper(world, "patient", &done, "?lang=en&paper=A5");
    forty_medicines_paginate(world, &small);
}

/* D1 and D2: what the one before printed as 0-0-0, and what it left out. */
static void evening_and_no_schedule_say_when_and_how_long(void **state)
{
    struct world *world = *state;
    struct answer rx = rx_make(
        world, SEED_PATIENT_OWN,
        ", \"medicines\": [{\"medicine_name\": \"Dusk\", \"medicine_type\": \"tablet\", "
        "\"dosage\": "
        "\"5 mg\", \"frequency_per_day\": 1, \"duration\": \"9 days\", \"quantity\": 9, "
        "\"schedule\": \"evening\"}, {\"medicine_name\": \"Often\", \"medicine_type\": \"tablet\", "
        "\"dosage\": \"5 mg\", \"frequency_per_day\": 4, \"duration\": \"2 weeks\", \"quantity\": "
        "56}]");
    struct answer done = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
    struct answer pdf = paper(world, "patient", &done, "?lang=en");
    const char *text = pdf_text(&world->arena, pdf.body, pdf.length);
    const char *dusk = line_with(&world->arena, text, "Dusk");
    const char *often = line_with(&world->arena, text, "Often");
    assert_non_null(strstr(dusk, "0-0-1-0"));
    assert_non_null(strstr(dusk, "9 days"));
    assert_non_null(strstr(often, "4 times a day"));
    assert_non_null(strstr(often, "2 weeks"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scenario_5_a_prescription_prints_right),
        cmocka_unit_test(evening_and_no_schedule_say_when_and_how_long),
    };
    return cmocka_run_group_tests_name("scenarios_papers", tests, setup, teardown);
}
