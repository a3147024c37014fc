#include "api/http/labels.h"
#include "db/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_heaviest_language_of_ours_is_chosen(void **state)
{
    static const struct {
        const char *accepted;
        enum language language;
    } cases[] = {
        {NULL, LANGUAGE_EN},
        {"", LANGUAGE_EN},
        {"hi", LANGUAGE_HI},
        {"MR-in", LANGUAGE_MR},
        {"hindi", LANGUAGE_EN},
        {"fr, de;q=0.5", LANGUAGE_EN},
        {"en;q=0.2, mr;q=0.7, hi;q=0.5", LANGUAGE_MR},
        {"hi, mr", LANGUAGE_HI},
        {"mr;q=0, hi;q=0.001", LANGUAGE_HI},
        {"hi;q=0", LANGUAGE_EN},
        {"*", LANGUAGE_EN},
        {"hi;q=0.4, *;q=0.5", LANGUAGE_EN},
        {"hi;q=nonsense", LANGUAGE_EN},
        {"hi;q=2", LANGUAGE_EN},
        {"hi ; q=0.3 , mr ; q=0.8", LANGUAGE_MR},
        {",,;;q=,hi", LANGUAGE_HI},
        {"hi;q=", LANGUAGE_EN},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (language_choose(cases[i].accepted) != cases[i].language)
            fail_msg("%s gives %s", cases[i].accepted ? cases[i].accepted : "(none)",
                     language_tag(language_choose(cases[i].accepted)));
}

static const char *fault_of(const char *schema)
{
    json_auto_t *json = json_loads(schema, 0, NULL);
    assert_non_null(json);
    return labels_fault(json);
}

static void labels_are_one_a_value_in_every_language(void **state)
{
    (void)state;
    assert_null(fault_of("{\"enum\": [\"a\", \"b\"], \"x-labels\": {\"en\": [\"A\", \"B\"], "
                         "\"hi\": [\"A\", \"B\"], \"mr\": [\"A\", \"B\"]}}"));
    assert_null(fault_of("{\"enum\": [\"a\", null], \"x-labels\": {\"en\": [\"A\"], \"hi\": "
                         "[\"A\"], \"mr\": [\"A\"]}}"));
    static const char *const bad[] = {
        "{\"x-labels\": {\"en\": [], \"hi\": [], \"mr\": []}}",
        "{\"enum\": [\"a\"], \"x-labels\": {\"en\": [\"A\"], \"hi\": [\"A\"]}}",
        "{\"enum\": [\"a\"], \"x-labels\": {\"en\": [\"A\"], \"hi\": [\"A\"], \"fr\": [\"A\"]}}",
        "{\"enum\": [\"a\"], \"x-labels\": {\"en\": [\"A\"], \"hi\": [\"A\", \"B\"], \"mr\": "
        "[\"A\"]}}",
        "{\"enum\": [\"a\", \"b\"], \"x-labels\": {\"en\": [\"A\", \"B\"], \"hi\": [\"A\", "
        "\"B\"], \"mr\": [\"A\"]}}",
        "{\"enum\": [\"a\"], \"x-labels\": {\"en\": [\"\"], \"hi\": [\"A\"], \"mr\": [\"A\"]}}",
        "{\"enum\": [\"a\"], \"x-labels\": {\"en\": \"A\", \"hi\": [\"A\"], \"mr\": [\"A\"]}}",
        "{\"enum\": [\"a\"], \"x-labels\": [\"A\", \"A\", \"A\"]}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (!fault_of(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void a_null_of_the_list_takes_no_label(void **state)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf out;
    json_auto_t *json = json_loads("{\"enum\": [\"a\", null, \"b\"], \"x-labels\": {\"en\": "
                                   "[\"A\", \"B\"], \"hi\": [\"C\", \"D\"], \"mr\": [\"E\", "
                                   "\"F\"]}}",
                                   0, NULL);
    (void)state;
    buf_begin(&out, &arena, 64);
    labels_render(&out, json, LANGUAGE_HI);
    assert_string_equal(out.text,
                        "[{\"value\":\"a\",\"label\":\"C\"},{\"value\":\"b\",\"label\":\"D\"}]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_heaviest_language_of_ours_is_chosen),
        cmocka_unit_test(labels_are_one_a_value_in_every_language),
        cmocka_unit_test(a_null_of_the_list_takes_no_label),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
