/* Token buckets in a table of fixed size: api/http/limiter.h. */
#include "api/http/limiter.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static const int64_t SECOND = 1000000;
static const struct limit ten_a_minute = {.per_window = 10, .window_s = 60};

struct taken {
    bool is_taken;
    int remaining, retry_after_s;
};

static struct taken take(struct limiter *limiter, const char *key, int64_t at_us)
{
    struct taken taken;
    taken.is_taken =
        limiter_take(limiter, key, &ten_a_minute, at_us, &taken.remaining, &taken.retry_after_s);
    return taken;
}

static void a_burst_is_allowed_and_the_next_is_told_when(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(1024);
    for (int i = 0; i < 10; i++) {
        struct taken taken = take(limiter, "address:10.0.0.1", SECOND);
        assert_true(taken.is_taken);
        assert_int_equal(taken.remaining, 9 - i);
    }
    struct taken refused = take(limiter, "address:10.0.0.1", SECOND);
    assert_false(refused.is_taken);
    assert_int_equal(refused.remaining, 0);
    assert_int_equal(refused.retry_after_s, 6);
    assert_false(take(limiter, "address:10.0.0.1", SECOND * 7 - 1).is_taken);
    assert_true(take(limiter, "address:10.0.0.1", SECOND * 7).is_taken);
    assert_false(take(limiter, "address:10.0.0.1", SECOND * 7).is_taken);
    limiter_free(limiter);
}

static void polling_does_not_stop_the_bucket_from_filling(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(1024);
    for (int i = 0; i < 10; i++)
        take(limiter, "k", SECOND);
    int taken = 0;
    for (int64_t us = SECOND; us <= 61 * SECOND; us += 1000)
        taken += take(limiter, "k", us).is_taken;
    assert_int_equal(taken, 10);
    limiter_free(limiter);
}

static void a_rested_bucket_is_full_and_not_fuller(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(1024);
    take(limiter, "k", SECOND);
    assert_int_equal(take(limiter, "k", 100000 * SECOND).remaining, 9);
    limiter_free(limiter);
}

static void time_that_runs_backwards_gives_nothing(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(1024);
    for (int i = 0; i < 10; i++)
        take(limiter, "k", 100 * SECOND);
    assert_false(take(limiter, "k", SECOND).is_taken);
    assert_false(take(limiter, "k", 100 * SECOND).is_taken);
    limiter_free(limiter);
}

static void one_key_does_not_spend_the_tokens_of_another(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(1024);
    for (int i = 0; i < 11; i++)
        take(limiter, "address:10.0.0.1", SECOND);
    assert_true(take(limiter, "address:10.0.0.2", SECOND).is_taken);
    limiter_free(limiter);
}

static void a_million_addresses_do_not_push_out_one_in_use(void **state)
{
    (void)state;
    struct limiter *limiter = limiter_make(4096);
    char key[32];
    int refused = 0;
    for (int i = 0; i < 1000000; i++) {
        snprintf(key, sizeof key, "address:%d", i);
        assert_true(take(limiter, key, SECOND + i).is_taken);
        if (i % 100 == 0) /* more often than its set is overrun */
            refused += !take(limiter, "address:busy", SECOND + i).is_taken;
    }
    assert_true(refused > 9000); /* never handed a fresh bucket more than now and then */
    limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_allowed_and_the_next_is_told_when),
        cmocka_unit_test(polling_does_not_stop_the_bucket_from_filling),
        cmocka_unit_test(a_rested_bucket_is_full_and_not_fuller),
        cmocka_unit_test(time_that_runs_backwards_gives_nothing),
        cmocka_unit_test(one_key_does_not_spend_the_tokens_of_another),
        cmocka_unit_test(a_million_addresses_do_not_push_out_one_in_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
