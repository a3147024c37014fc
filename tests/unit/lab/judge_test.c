/* What follows from a laboratory's values, and which contradict themselves. */
#include "db/arena.h"
#include "models/lab/lab.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct judged {
    struct arena arena;
    struct fault fault;
    json_t *values;
};

static struct judged *judge(struct judged *it, const char *value)
{
    *it = (struct judged){0};
    it->fault.arena = &it->arena;
    it->values = json_pack("[o]", json_loads(value, 0, NULL));
    assert_non_null(it->values);
    lab_judge(&it->fault, it->values);
    return it;
}

static void forget(struct judged *it)
{
    json_decref(it->values);
    arena_end(&it->arena);
}

static void a_number_is_judged_by_its_whole_range(void **state)
{
    (void)state;
    static const struct {
        const char *value, *interpretation;
    } cases[] = {
        {"{\"value\": 11.4, \"reference_low\": 12, \"reference_high\": 15.5}", "low"},
        {"{\"value\": 12, \"reference_low\": 12, \"reference_high\": 15.5}", "normal"},
        {"{\"value\": 15.5, \"reference_low\": 12, \"reference_high\": 15.5}", "normal"},
        {"{\"value\": 15.51, \"reference_low\": 12, \"reference_high\": 15.5}", "high"},
        {"{\"value\": 3, \"reference_high\": 2}", "high"},
        {"{\"value\": 1, \"reference_low\": 2}", "low"},
        {"{\"value\": -1, \"reference_low\": 0, \"reference_high\": 0}", "low"},
        /* what was said stays, where the range has nothing against it */
        {"{\"value\": 99, \"reference_low\": 1, \"reference_high\": 2, \"interpretation\": "
         "\"critical_high\"}",
         "critical_high"},
        {"{\"value\": 1.5, \"reference_low\": 1, \"reference_high\": 2, \"interpretation\": "
         "\"abnormal\"}",
         "abnormal"},
        {"{\"value_text\": \"1:80\", \"interpretation\": \"normal\"}", "normal"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judged it;
        json_t *value = json_array_get(judge(&it, cases[i].value)->values, 0);
        assert_int_equal(it.fault.flaws_n, 0);
        assert_string_equal(json_string_value(json_object_get(value, "interpretation")),
                            cases[i].interpretation);
        forget(&it);
    }
}

static void half_a_range_calls_nothing_normal(void **state)
{
    (void)state;
    static const char *const cases[] = {
        "{\"value\": 1, \"reference_high\": 2}",
        "{\"value\": 3, \"reference_low\": 2}",
        "{\"value\": 3}",
        "{\"value_text\": \"positive\"}",
        "{\"value\": 3, \"reference_low\": null, \"reference_high\": null}",
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judged it;
        json_t *value = json_array_get(judge(&it, cases[i])->values, 0);
        assert_int_equal(it.fault.flaws_n, 0);
        assert_true(json_is_null(json_object_get(value, "interpretation")));
        forget(&it);
    }
}

static void what_contradicts_itself_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *value, *pointer, *code;
    } cases[] = {
        {"{}", "#/result_values/0/value", "required"},
        {"{\"value\": null, \"value_text\": null}", "#/result_values/0/value", "required"},
        {"{\"value_text\": \"x\", \"unit\": \"g/dL\"}", "#/result_values/0/unit", "needless"},
        {"{\"value\": 1, \"reference_low\": 3, \"reference_high\": 2}",
         "#/result_values/0/reference_high", "too-small"},
        {"{\"value\": 1, \"reference_low\": 2, \"interpretation\": \"normal\"}",
         "#/result_values/0/interpretation", "contradicts"},
        {"{\"value\": 9, \"reference_high\": 2, \"interpretation\": \"low\"}",
         "#/result_values/0/interpretation", "contradicts"},
        {"{\"value\": 1, \"reference_low\": 0, \"reference_high\": 2, \"interpretation\": "
         "\"high\"}",
         "#/result_values/0/interpretation", "contradicts"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct judged it;
        judge(&it, cases[i].value);
        assert_int_equal(it.fault.flaws_n, 1);
        assert_string_equal(it.fault.flaws[0].pointer, cases[i].pointer);
        assert_string_equal(it.fault.flaws[0].code, cases[i].code);
        forget(&it);
    }
}

static void every_member_is_there_afterwards(void **state)
{
    (void)state;
    struct judged it;
    json_t *value = json_array_get(judge(&it, "{\"name\": \"x\", \"value\": 1}")->values, 0);
    assert_int_equal(json_object_size(value), 8);
    assert_true(json_is_null(json_object_get(value, "unit")));
    forget(&it);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_judged_by_its_whole_range),
        cmocka_unit_test(half_a_range_calls_nothing_normal),
        cmocka_unit_test(what_contradicts_itself_is_named),
        cmocka_unit_test(every_member_is_there_afterwards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
