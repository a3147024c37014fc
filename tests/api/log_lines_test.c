/* Whatever is sent, the log is one JSON object a line, without a byte that a terminal would obey
 * and without anything that a patient's record holds. */
#include "api/http/log.h"
#include "tests/harness/answer.h"
#include "tests/harness/raw.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 30000 };

struct logged {
    struct world world;
    FILE *file;
};

static int begin(void **state)
{
    struct logged *logged = calloc(1, sizeof *logged);
    if (!logged)
        return -1;
    world_begin(&logged->world, &(struct world_options){.name = "log_lines"});
    logged->file = tmpfile();
    log_stop();
    log_start(LOG_DEBUG_, fileno(logged->file));
    *state = logged;
    return 0;
}

static int end(void **state)
{
    struct logged *logged = *state;
    world_end(&logged->world);
    fclose(logged->file);
    free(logged);
    return 0;
}

static const char *const poisons[] = {
    "\r\n{\"level\":\"error\"}",
    "%0d%0a{}",
    "\x1b[2J\x1b]0;owned\x07",
    "%1b%5b2J",
    "\xff\xfe\x80",
    "%ff%fe",
    "\"},{\"a\":\"b",
    "\\",
    "\\u0000",
    "%00",
    "\t",
    "\x7f",
    "\xc2\x9b[2J",
    "\xe2\x80\xa8",
    "%n%s%x%d",
    "$(id)",
    "<script>",
    "\xed\xa0\x80",
    "'\"`",
};

static void send_poison(struct logged *logged, struct raw *raw, const char *format,
                        const char *poison)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct answer answer;
    struct buf out;
    const char *mark = strchr(format, '@');
    buf_begin(&out, &arena, 1024);
    buf_add(&out, format, (size_t)(mark - format));
    buf_text(&out, poison);
    buf_text(&out, mark + 1);
    (void)logged;
    if (raw_ask(raw, &arena, out.text, out.length, false, WAIT_MS, &answer) == RAW_ANSWERED)
        assert_true(answer.status < 500 || answer.status == 501 || answer.status == 505);
    raw_close(raw); /* what follows a line break may be a request of its own */
}

/* Every line so far, from the beginning. */
static char *lines_of(struct logged *logged, struct arena *arena)
{
    struct buf out;
    char room[4096];
    buf_begin(&out, arena, 65536);
    lseek(fileno(logged->file), 0, SEEK_SET);
    for (ssize_t n; (n = read(fileno(logged->file), room, sizeof room)) > 0;)
        buf_add(&out, room, (size_t)n);
    return out.text;
}

static void no_byte_of_a_request_breaks_a_line(void **state)
{
    static const char *const places[] = {
        "GET /@ HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /version?@=1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /version?a=@ HTTP/1.1\r\nHost: a\r\n\r\n",
        "@ /version HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: @\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nX-Request-Id: @\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nUser-Agent: @\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer @\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: @\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nX-@: b\r\n\r\n",
        "GET /clinics/@/patients HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /version HTTP/1.1\r\nHost: a\r\nAccept: @\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: @\r\nContent-Length: 2\r\n\r\n{}",
    };
    struct logged *logged = *state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct raw raw;
    int lines = 0, requests = 0;
    raw_open(&raw, service_port(logged->world.service));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        for (size_t k = 0; k < sizeof poisons / sizeof *poisons; k++)
            send_poison(logged, &raw, places[i], poisons[k]);
    char *text = lines_of(logged, &arena);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!json)
            fail_msg("not JSON: %s", line);
        requests += strcmp(json_string_value(json_object_get(json, "message")), "request") == 0;
        json_decref(json);
        for (const char *p = line; *p; p++) {
            unsigned char c = (unsigned char)*p, next = (unsigned char)p[1];
            if (c < 0x20 || c == 0x7f || (c == 0xc2 && next < 0xa0))
                fail_msg("a control character in: %s", line);
        }
    }
    print_message("%d lines, %d of requests\n", lines, requests);
    assert_true(requests > 100);
}

static void nothing_of_a_record_is_logged(void **state)
{
    struct logged *logged = *state;
    struct world *world = &logged->world;
    struct arena *arena = &world->arena;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    struct answer answer;
    seed_token(&seed_a, "receptionist", token);
    seed_id(&seed_a, SEED_PATIENT_OTHER, id);
    const struct call calls[] = {
        {.path = "/clinics/clinic-a/patients?q=alphamark", .token = token},
        {.path = arena_format(arena, "/clinics/clinic-a/patients/%s", id), .token = token},
        {.method = "POST",
         .path = "/clinics/clinic-a/patients",
         .token = token,
         .body = "{\"name\":\"alphamark\",\"phone_number\":\"+91 "
                 "8111100001\",\"address\":\"alphamark\",\"age_years\":1}"},
        {.method = "POST",
         .path = "/clinics/clinic-a/patients",
         .token = token,
         .body = "{\"name\":\"alphamark\",\"age_years\":-1}"},
        {.method = "POST",
         .path = "/clinics/clinic-a/patients",
         .token = token,
         .body = "{\"name\":\"alphamark"},
        {.method = "PATCH",
         .path = arena_format(arena, "/clinics/clinic-a/patients/%s", id),
         .token = token,
         .if_match = "\"1\"",
         .body = "{\"city\":\"alphamark\"}"},
        {.method = "POST",
         .path = "/clinics/clinic-a/auth/login",
         .body = "{\"username\":\"alphamark\",\"password\":\"alphamark secret\"}"},
    };
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        http_send(world->client, arena, &calls[i], &answer);
    char *text = lines_of(logged, arena);
    assert_non_null(strstr(text, "patients_create"));
    assert_null(strstr(text, "alphamark"));
    assert_null(strstr(text, "8111100001"));
    assert_null(strstr(text, "secret"));
    assert_null(strstr(text, token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_of_a_request_breaks_a_line),
        cmocka_unit_test(nothing_of_a_record_is_logged),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
