#include "models/patient/phone.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void one_number_has_one_key_however_it_is_typed(void **state)
{
    static const char *const typed[] = {"9880012345",        "09880012345",    "98800 12345",
                                        "+91 98800-12345",   "919880012345",   "00919880012345",
                                        "(+91) 98800 12345", "0 98800 (12345)"};
    (void)state;
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++) {
        char key[PHONE_KEY_TEXT];
        assert_non_null(phone_key(typed[i], "91", key));
        assert_string_equal(key, "+919880012345");
    }
}

static void another_country_keeps_its_code(void **state)
{
    char key[PHONE_KEY_TEXT];
    (void)state;
    assert_string_equal(phone_key("+44 20 7946 0018", "91", key), "+442079460018");
    assert_string_equal(phone_key("0044 20 7946 0018", "91", key), "+442079460018");
}

static void ten_digits_that_begin_like_the_country_are_a_national_number(void **state)
{
    char key[PHONE_KEY_TEXT];
    (void)state;
    assert_string_equal(phone_key("9180012345", "91", key), "+919180012345");
}

static void the_beginning_of_a_number_is_the_beginning_of_its_key(void **state)
{
    char key[PHONE_KEY_TEXT];
    (void)state;
    assert_string_equal(phone_key("98800", "91", key), "+9198800");
}

static void what_is_no_number_has_no_key(void **state)
{
    static const char *const typed[] = {
        "", "+", "()", "000", "1234567890123456", "12345678901234567890"};
    char key[PHONE_KEY_TEXT];
    (void)state;
    assert_null(phone_key(NULL, "91", key));
    for (size_t i = 0; i < sizeof typed / sizeof typed[0]; i++)
        assert_null(phone_key(typed[i], "91", key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number_has_one_key_however_it_is_typed),
        cmocka_unit_test(another_country_keeps_its_code),
        cmocka_unit_test(ten_digits_that_begin_like_the_country_are_a_national_number),
        cmocka_unit_test(the_beginning_of_a_number_is_the_beginning_of_its_key),
        cmocka_unit_test(what_is_no_number_has_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
