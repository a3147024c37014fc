/* When a medicine is taken: every schedule, in every language, and that nothing is ever said that
 * reads as nothing (defect D1). */
#include "api/document/dose.h"
#include "api/http/document.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct arena arena;
static json_t *document;

static int setup(void **state)
{
    (void)state;
    document = arena_json(&arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    return document ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_end(&arena);
    return 0;
}

static const struct {
    const char *schedule, *text[LANGUAGES], *more[LANGUAGES];
} cases[] = {
    {"morning", {"1-0-0-0", "1-0-0-0", "1-0-0-0"}, {"Morning", "सुबह", "सकाळी"}},
    {"afternoon", {"0-1-0-0", "0-1-0-0", "0-1-0-0"}, {"Afternoon", "दोपहर", "दुपारी"}},
    {"evening", {"0-0-1-0", "0-0-1-0", "0-0-1-0"}, {"Evening", "शाम", "संध्याकाळी"}},
    {"night", {"0-0-0-1", "0-0-0-1", "0-0-0-1"}, {"Night", "रात", "रात्री"}},
    {"morning_evening",
     {"1-0-1-0", "1-0-1-0", "1-0-1-0"},
     {"Morning and evening", "सुबह और शाम", "सकाळी व संध्याकाळी"}},
    {"morning_night",
     {"1-0-0-1", "1-0-0-1", "1-0-0-1"},
     {"Morning and night", "सुबह और रात", "सकाळी व रात्री"}},
    {"afternoon_night",
     {"0-1-0-1", "0-1-0-1", "0-1-0-1"},
     {"Afternoon and night", "दोपहर और रात", "दुपारी व रात्री"}},
    {"morning_afternoon_night",
     {"1-1-0-1", "1-1-0-1", "1-1-0-1"},
     {"Morning, afternoon and night", "सुबह, दोपहर और रात", "सकाळी, दुपारी व रात्री"}},
    {"sos", {"If needed", "ज़रूरत पड़ने पर", "गरज भासल्यास"}, {NULL, NULL, NULL}},
    {NULL, {"Twice a day", "दिन में दो बार", "दिवसातून दोनदा"}, {NULL, NULL, NULL}},
};

static void every_schedule_is_said_in_every_language(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int l = 0; l < LANGUAGES; l++) {
            struct dose dose = dose_of(&arena, document, cases[i].schedule, 2, (enum language)l);
            assert_string_equal(dose.text, cases[i].text[l]);
            assert_int_equal(dose.more != NULL, cases[i].more[l] != NULL);
            if (dose.more)
                assert_string_equal(dose.more, cases[i].more[l]);
        }
}

/* The document may get another schedule one day: what has no slots is said in words. */
static void no_schedule_of_the_document_says_nothing(void **state)
{
    (void)state;
    const json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    const json_t *values = json_object_get(json_object_get(schemas, "DoseSchedule"), "enum");
    size_t i, n = 0;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        struct dose dose = dose_of(&arena, document, json_string_value(value), 4, LANGUAGE_EN);
        assert_true(dose.text && *dose.text);
        assert_null(strstr(dose.text, "0-0-0-0"));
        assert_string_not_equal(dose.text, "0-0-0");
        n++;
    }
    assert_int_equal(n, sizeof cases / sizeof *cases);
    struct dose unknown = dose_of(&arena, document, "at_dawn", 1, LANGUAGE_EN);
    assert_string_equal(unknown.text, "at_dawn");
}

static void without_a_schedule_it_is_how_often(void **state)
{
    (void)state;
    assert_string_equal(dose_times(&arena, 1, LANGUAGE_EN), "Once a day");
    assert_string_equal(dose_times(&arena, 2, LANGUAGE_MR), "दिवसातून दोनदा");
    assert_string_equal(dose_times(&arena, 3, LANGUAGE_EN), "3 times a day");
    assert_string_equal(dose_times(&arena, 24, LANGUAGE_HI), "दिन में 24 बार");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_schedule_is_said_in_every_language),
        cmocka_unit_test(no_schedule_of_the_document_says_nothing),
        cmocka_unit_test(without_a_schedule_it_is_how_often),
    };
    return cmocka_run_group_tests_name("dose", tests, setup, teardown);
}
