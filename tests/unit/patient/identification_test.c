#include "models/patient/identification.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* 999941057058 is the number that UIDAI publishes for tests. */
static void twelve_digits_with_the_right_check_digit_are_an_aadhaar_number(void **state)
{
    (void)state;
    assert_true(identification_is_aadhaar("999941057058"));
    assert_true(identification_is_aadhaar("9999 4105 7058"));
    assert_true(identification_is_aadhaar("9999-4105-7058"));
}

static void every_single_wrong_digit_is_noticed(void **state)
{
    (void)state;
    for (size_t at = 0; at < 12; at++) {
        for (char digit = '0'; digit <= '9'; digit++) {
            char number[] = "999941057058";
            if (number[at] == digit)
                continue;
            number[at] = digit;
            assert_false(identification_is_aadhaar(number));
        }
    }
}

static void other_papers_are_none(void **state)
{
    static const char *const papers[] = {
        "", "Z7654321", "99994105705", "9999410570580", "A99994105705", "999941057058x"};
    (void)state;
    for (size_t i = 0; i < sizeof papers / sizeof papers[0]; i++)
        assert_false(identification_is_aadhaar(papers[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(twelve_digits_with_the_right_check_digit_are_an_aadhaar_number),
        cmocka_unit_test(every_single_wrong_digit_is_noticed),
        cmocka_unit_test(other_papers_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
