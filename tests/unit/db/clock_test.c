#include "db/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

static void text_is_rfc_3339(void **state)
{
    (void)state;
    char text[CLOCK_TEXT];
    assert_string_equal(clock_text(1763802000123456, 0, text), "2025-11-22T09:00:00Z");
    assert_string_equal(clock_text(1763802000123456, 3, text), "2025-11-22T09:00:00.123Z");
    assert_string_equal(clock_text(1763802000123456, 6, text), "2025-11-22T09:00:00.123456Z");
    assert_string_equal(clock_text(0, 6, text), "1970-01-01T00:00:00.000000Z");
    assert_string_equal(clock_text(951782399999999, 3, text), "2000-02-28T23:59:59.999Z");
    assert_string_equal(clock_text(951782400000000, 0, text), "2000-02-29T00:00:00Z");
}

static void before_1970_seconds_still_go_forward(void **state)
{
    (void)state;
    char text[CLOCK_TEXT];
    assert_string_equal(clock_text(-1, 6, text), "1969-12-31T23:59:59.999999Z");
    assert_string_equal(clock_text(-1000000, 6, text), "1969-12-31T23:59:59.000000Z");
}

static void the_wall_clock_is_the_systems(void **state)
{
    (void)state;
    int64_t before = (int64_t)time(NULL);
    int64_t now = clock_now_us() / 1000000;
    assert_in_range(now, before, before + 5);
}

static void tests_can_move_the_wall_clock_only(void **state)
{
    (void)state;
    int64_t wall = clock_now_us();
    int64_t monotonic = clock_monotonic_us();
    clock_shift(3600 * 1000000LL);
    assert_true(clock_now_us() - wall >= 3600 * 1000000LL);
    assert_true(clock_monotonic_us() - monotonic < 60 * 1000000LL);
    clock_shift(0);
    assert_true(clock_now_us() - wall < 60 * 1000000LL);
}

static void a_stopped_wall_clock_moves_by_what_tests_say(void **state)
{
    (void)state;
    clock_stop();
    int64_t at = clock_now_us(), monotonic = clock_monotonic_us();
    while (clock_monotonic_us() == monotonic)
        continue;
    assert_int_equal(clock_now_us(), at);
    clock_shift(5);
    assert_int_equal(clock_now_us(), at + 5);
}

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    int64_t before = clock_monotonic_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_monotonic_us();
        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_rfc_3339),
        cmocka_unit_test(before_1970_seconds_still_go_forward),
        cmocka_unit_test(the_wall_clock_is_the_systems),
        cmocka_unit_test(tests_can_move_the_wall_clock_only),
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(a_stopped_wall_clock_moves_by_what_tests_say), /* and stays so */
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
