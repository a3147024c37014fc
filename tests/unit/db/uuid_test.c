#include "db/uuid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void a_new_one_is_version_7_and_lower_case(void **state)
{
    (void)state;
    for (int i = 0; i < 1000; i++) {
        char text[UUID_TEXT];
        assert_ptr_equal(uuid_make(1763802000123456, text), text);
        assert_true(uuid_is_v7(text));
        assert_int_equal(strspn(text, "0123456789abcdef-"), 36);
    }
}

static void it_begins_with_the_milliseconds(void **state)
{
    (void)state;
    char text[UUID_TEXT];
    uuid_make(1763802000123999, text); /* 0x019aaacaaafb ms */
    assert_memory_equal(text, "019aaaca-aafb", 13);
}

static void later_ones_sort_behind(void **state)
{
    (void)state;
    char earlier[UUID_TEXT];
    char later[UUID_TEXT];
    for (int64_t us = 1000; us < 1000000000000000; us *= 10) {
        uuid_make(us, earlier);
        uuid_make(us + 1000, later);
        assert_true(strcmp(earlier, later) < 0);
    }
}

static void two_of_one_moment_differ(void **state)
{
    (void)state;
    char one[UUID_TEXT];
    char other[UUID_TEXT];
    uuid_make(5, one);
    uuid_make(5, other);
    assert_string_not_equal(one, other);
}

static void only_the_canonical_form_is_valid(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0198f3a0-1b2c-7d3e-8f40-1234567890a",
        "0198f3a0-1b2c-7d3e-8f40-1234567890abc",
        "0198f3a01-b2c-7d3e-8f40-1234567890ab",
        "0198f3a01b2c7d3e8f401234567890ab",
        "{198f3a0-1b2c-7d3e-8f40-1234567890a}",
        "0198f3a0-1b2c-7d3e-8f40-1234567890ag",
        "0198f3a0-1b2c-7d3e-8f40-1234567890a ",
        "0198f3a0 1b2c-7d3e-8f40-1234567890ab",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(uuid_is_valid(bad[i]));
        assert_false(uuid_is_v7(bad[i]));
    }
    assert_false(uuid_is_valid(NULL));
    assert_true(uuid_is_valid("0198f3a0-1b2c-4d3e-8f40-1234567890ab"));
    assert_true(uuid_is_valid("0198F3A0-1B2C-4D3E-8F40-1234567890AB"));
    assert_true(uuid_is_valid("00000000-0000-0000-0000-000000000000"));
}

static void version_and_variant_make_a_v7(void **state)
{
    (void)state;
    assert_true(uuid_is_v7("0198f3a0-1b2c-7d3e-8f40-1234567890ab"));
    assert_true(uuid_is_v7("0198F3A0-1B2C-7D3E-BF40-1234567890AB"));
    assert_false(uuid_is_v7("0198f3a0-1b2c-4d3e-8f40-1234567890ab"));
    assert_false(uuid_is_v7("0198f3a0-1b2c-7d3e-7f40-1234567890ab"));
    assert_false(uuid_is_v7("0198f3a0-1b2c-7d3e-cf40-1234567890ab"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_one_is_version_7_and_lower_case),
        cmocka_unit_test(it_begins_with_the_milliseconds),
        cmocka_unit_test(later_ones_sort_behind),
        cmocka_unit_test(two_of_one_moment_differ),
        cmocka_unit_test(only_the_canonical_form_is_valid),
        cmocka_unit_test(version_and_variant_make_a_v7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
