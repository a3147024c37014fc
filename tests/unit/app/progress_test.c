/* How far a command has come, in words: for a terminal, for a log, for a program. */
#include "api/app/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { SECOND = 1000000, OUTPUT_ROOM = 16384 };

static const struct progress_moment patients = {.verb = "import",
                                                .what = "patient",
                                                .done = 610000,
                                                .total = 1000000,
                                                .rejected = 12,
                                                .chunk = 16000};

static const char *line(struct arena *arena, const struct progress *progress,
                        const struct progress_moment *moment, int64_t now_us, int room)
{
    struct buf out;
    buf_begin(&out, arena, 0);
    progress_line(progress, moment, now_us, room, &out);
    return out.text;
}

static void a_line_says_how_much_how_fast_and_how_long(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct progress progress = {.began_us = SECOND};
    assert_string_equal(
        line(&arena, &progress, &patients, 17 * SECOND, 0),
        "import patient               [########------]  61 %  610 000/1 000 000  38.1 k/s  rej 12"
        "  ETA 00:11  chunk 16 000");
    const struct progress_moment tables = {
        .verb = "tables added up", .done = 40, .total = 40, .rejected = -1};
    assert_string_equal(
        line(&arena, &progress, &tables, 3 * SECOND, 0),
        "tables added up              [##############] 100 %  40/40  20 /s  took 00:02");
}

static void what_an_earlier_run_did_is_no_part_of_the_rate(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct progress progress = {.first = 600000, .began_us = 0};
    assert_non_null(strstr(line(&arena, &progress, &patients, 10 * SECOND, 0), "  1.0 k/s  "));
    assert_non_null(strstr(line(&arena, &progress, &patients, 10 * SECOND, 0), "  ETA 06:31  "));
}

static void a_rate_that_is_small_is_not_nothing_and_one_unknown_is_not_said(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct progress progress = {.began_us = 0};
    struct progress_moment few = {.verb = "import", .what = "staff", .done = 8, .total = 20};
    assert_non_null(strstr(line(&arena, &progress, &few, 100 * SECOND, 0), "  1 /s  "));
    assert_non_null(strstr(line(&arena, &progress, &few, SECOND / 100, 0), "  800 /s  "));
    few.done = 0;
    assert_null(strstr(line(&arena, &progress, &few, SECOND, 0), "/s"));
    assert_null(strstr(line(&arena, &progress, &few, SECOND, 0), "ETA"));
    few.total = 0;
    assert_non_null(strstr(line(&arena, &progress, &few, SECOND, 0), "100 %  0/0"));
}

/* One that wraps could not be written over. */
static void a_line_fits_its_terminal(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct progress progress = {.began_us = SECOND};
    for (int room = 20; room < 140; room++)
        assert_true(strlen(line(&arena, &progress, &patients, 17 * SECOND, room)) <= (size_t)room);
    const char *narrow = line(&arena, &progress, &patients, 17 * SECOND, 90);
    assert_null(strchr(narrow, '['));
    assert_non_null(strstr(narrow, "ETA 00:11"));
}

static void a_program_reads_the_same(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct progress progress = {.began_us = SECOND};
    struct buf out;
    buf_begin(&out, &arena, 0);
    progress_json(&progress, &patients, 11 * SECOND, &out);
    json_t *event = arena_json(&arena, json_loads(out.text, JSON_REJECT_DUPLICATES, NULL));
    assert_non_null(event);
    assert_string_equal(json_string_value(json_object_get(event, "step")), "patient");
    assert_int_equal(json_integer_value(json_object_get(event, "per_second")), 61000);
    assert_int_equal(json_integer_value(json_object_get(event, "rejected")), 12);
    assert_int_equal(json_integer_value(json_object_get(event, "percent")), 61);
}

/* Tells every hundredth of a work, caught. */
static const char *told(struct arena *arena, enum progress_how how)
{
    struct progress progress = {.how = how};
    struct progress_moment moment = {
        .verb = "verify", .what = "visit", .total = 1000, .rejected = -1};
    FILE *file = tmpfile();
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fileno(file), STDERR_FILENO);
    for (; moment.done <= moment.total; moment.done += 10)
        progress_tell(&progress, &moment);
    moment.done = moment.total;
    progress_tell(&progress, &moment);
    progress_end(&progress);
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    char *text = arena_take(arena, OUTPUT_ROOM);
    rewind(file);
    text[fread(text, 1, OUTPUT_ROOM - 1, file)] = '\0';
    fclose(file);
    return text;
}

static int count(const char *text, char wanted)
{
    int n = 0;
    for (; *text; text++)
        n += *text == wanted;
    return n;
}

static void a_log_has_a_line_for_five_percent_and_the_last_only_once(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *lines = told(&arena, PROGRESS_LINES);
    assert_int_equal(count(lines, '\n'), 20);
    assert_int_equal(count(lines, '\r') + count(lines, '\033'), 0);
    assert_int_equal(count(told(&arena, PROGRESS_JSON), '\n'), 20);
    assert_string_equal(told(&arena, PROGRESS_NONE), "");
    const char *bar = told(&arena, PROGRESS_BAR);
    assert_int_equal(count(bar, '\n'), 1);
    assert_true(count(bar, '\r') >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_says_how_much_how_fast_and_how_long),
        cmocka_unit_test(what_an_earlier_run_did_is_no_part_of_the_rate),
        cmocka_unit_test(a_rate_that_is_small_is_not_nothing_and_one_unknown_is_not_said),
        cmocka_unit_test(a_line_fits_its_terminal),
        cmocka_unit_test(a_program_reads_the_same),
        cmocka_unit_test(a_log_has_a_line_for_five_percent_and_the_last_only_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
