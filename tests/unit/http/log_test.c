/* Log lines: one JSON object each, whatever is in them, and never a wait for a reader. */
#include "api/http/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <yder.h>

enum { ROOM = 65536 };

static int ends[2];

static int pipe_begin(void **state)
{
    (void)state;
    return pipe2(ends, O_CLOEXEC);
}

static int pipe_end(void **state)
{
    (void)state;
    log_stop();
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* The next line, parsed; NULL when nothing was written. */
static json_t *line_next(void)
{
    static char line[ROOM];
    size_t length = 0;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    while (length < sizeof line - 1 && read(ends[0], line + length, 1) == 1 && line[length] != '\n')
        length++;
    line[length] = '\0';
    return length ? json_loads(line, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

static void a_line_has_time_level_message_and_fields(void **state)
{
    (void)state;
    log_start(LOG_INFO_, ends[1]);
    log_event(LOG_WARNING_, "slow", "\"status\": 200, \"ms\": 12");
    json_t *line = line_next();
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warning");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "slow");
    assert_int_equal(json_integer_value(json_object_get(line, "status")), 200);
    assert_int_equal(strlen(json_string_value(json_object_get(line, "at"))), 24);
    json_decref(line);
}

static void bytes_that_would_forge_a_line_are_escaped(void **state)
{
    (void)state;
    static const char *const nasty[] = {
        "a\nb",           "{\"level\": \"error\"}", "\x1b[31mred", "\"quoted\\",
        "bad \xff utf-8", "\x1e{\"forged\": 1}",    "100 %s %n"};
    log_start(LOG_INFO_, ends[1]);
    for (size_t i = 0; i < sizeof nasty / sizeof nasty[0]; i++) {
        log_format(LOG_INFO_, "%s", nasty[i]);
        json_t *line = line_next();
        assert_non_null(line);
        assert_int_equal(json_object_size(line), 3);
        assert_string_equal(json_string_value(json_object_get(line, "level")), "info");
        json_decref(line);
        assert_null(line_next());
    }
}

static void a_message_of_a_library_becomes_a_line(void **state)
{
    (void)state;
    log_start(LOG_INFO_, ends[1]);
    y_log_message(Y_LOG_LEVEL_ERROR, "Ulfius - %s", "two\nlines");
    json_t *line = line_next();
    assert_non_null(line);
    assert_string_equal(json_string_value(json_object_get(line, "level")), "error");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "Ulfius - two\nlines");
    json_decref(line);
}

static void what_is_below_the_level_is_not_written(void **state)
{
    (void)state;
    log_start(LOG_WARNING_, ends[1]);
    log_event(LOG_INFO_, "no", NULL);
    log_event(LOG_DEBUG_, "no", NULL);
    assert_null(line_next());
    log_event(LOG_ERROR_, "yes", NULL);
    json_t *line = line_next();
    assert_non_null(line);
    json_decref(line);
}

static void a_silent_log_writes_nothing(void **state)
{
    (void)state;
    log_start(LOG_DEBUG_, -1);
    log_event(LOG_ERROR_, "nobody hears", NULL);
    assert_null(line_next());
}

/* More than a pipe holds, and nobody reads: it must come back, with whole lines in the pipe. */
static void a_reader_that_does_not_read_stops_nobody(void **state)
{
    (void)state;
    log_start(LOG_INFO_, ends[1]);
    for (int i = 0; i < 5000; i++)
        log_format(LOG_INFO_, "line %d of many that are never read by anybody", i);
    int whole = 0;
    for (json_t *line; (line = line_next()); whole++)
        json_decref(line);
    assert_true(whole > 100 && whole < 5000);
}

static void a_huge_line_is_cut_and_still_json(void **state)
{
    (void)state;
    static char message[ROOM / 4], fields[ROOM / 4];
    memset(message, 'm', sizeof message - 1);
    memset(fields, ' ', sizeof fields - 1);
    log_start(LOG_INFO_, ends[1]);
    log_event(LOG_INFO_, message, fields);
    json_t *line = line_next();
    assert_non_null(line);
    assert_true(json_is_true(json_object_get(line, "fields_dropped")));
    assert_true(json_string_length(json_object_get(line, "message")) <= 1024);
    json_decref(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, pipe_begin, pipe_end)
        EACH(a_line_has_time_level_message_and_fields),
        EACH(bytes_that_would_forge_a_line_are_escaped),
        EACH(a_message_of_a_library_becomes_a_line),
        EACH(what_is_below_the_level_is_not_written),
        EACH(a_silent_log_writes_nothing),
        EACH(a_reader_that_does_not_read_stops_nobody),
        EACH(a_huge_line_is_cut_and_still_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
