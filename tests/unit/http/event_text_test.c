#include "api/http/event_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct arena arena;
    *state = &arena;
    return 0;
}

static int teardown(void **state)
{
    arena_end(*state);
    return 0;
}

static void an_id_is_a_whole_number_in_one_spelling(void **state)
{
    static const char *const good[] = {"0", "1", "41", "9223372036854775807"};
    static const char *const bad[] = {"",    "-1",
                                      "+1",  "00",
                                      "01",  " 1",
                                      "1 ",  "1.0",
                                      "1e3", "0x",
                                      "one", "9223372036854775808",
                                      "1\n", "99999999999999999999999999999999"};
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char again[24];
        int64_t id = -7;
        assert_true(event_id_read(good[i], &id));
        snprintf(again, sizeof again, "%lld", (long long)id);
        assert_string_equal(again, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int64_t id = -7;
        assert_false(event_id_read(bad[i], &id));
        assert_int_equal(id, -7);
    }
}

static void an_event_is_three_fields_and_an_empty_line(void **state)
{
    struct buf out;
    buf_begin(&out, *state, 64);
    event_write(&out, 41, "status", "{\"a\":1} and more", 7);
    assert_string_equal(out.text, "id: 41\nevent: status\ndata: {\"a\":1}\n\n");
}

static void what_is_no_event_dispatches_nothing(void **state)
{
    struct buf out;
    buf_begin(&out, *state, 64);
    event_write_retry(&out, 2417);
    event_write_remark(&out, "");
    event_write_remark(&out, "too slow");
    assert_string_equal(out.text, "retry: 2417\n\n:\n\n: too slow\n\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_a_whole_number_in_one_spelling),
        cmocka_unit_test(an_event_is_three_fields_and_an_empty_line),
        cmocka_unit_test(what_is_no_event_dispatches_nothing),
    };
    return cmocka_run_group_tests_name("events as text", tests, setup, teardown);
}
