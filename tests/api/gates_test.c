/* What stands between the wire and the handlers: framing and sizes. libmicrohttpd answers some
 * broken requests itself, with pages of its own: marked PAGE below, and counted. */
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, BODY_MAX = 4096, URL_LIMIT = 8192 };

static void adjust(struct service_options *options)
{
    options->body_max = BODY_MAX;
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "gates", .adjust = adjust});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static int port_of(const struct world *world)
{
    return service_port(world->service);
}

/* --- framing -------------------------------------------------------------------------------- */

enum who { OURS, PAGE, SILENCE };

struct framing {
    const char *what, *bytes;
    size_t length;
    int status;
    enum who who;
};

#define ROW(what, bytes, status, who)                                                              \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1, status, who                                                \
    }
#define HOST "Host: 127.0.0.1\r\n"
#define LIVE "GET /health/live HTTP/1.1\r\n" HOST "\r\n"
#define LOGIN "POST /auth/login HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
#define CHUNKED LOGIN "Transfer-Encoding: chunked\r\n"

#define FORM                                                                                       \
    "PUT /clinics/clinic-a/logo HTTP/1.1\r\n" HOST                                                 \
    "Content-Type: multipart/form-data; boundary=b\r\n"
#define PARTS                                                                                      \
    "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nx\r\n--b--\r\n"

/* Each is followed by a request that is whole: after a refusal it must not be served. */
static const struct framing refused[] = {
    ROW("a bare carriage return", "GET /health/live HTTP/1.1\r\n" HOST "X-A: b\rX-B: c\r\n\r\n",
        400, OURS),
    ROW("no Host", "GET /health/live HTTP/1.1\r\n\r\n", 400, PAGE),
    ROW("no Host in HTTP/1.0 either", "GET /health/live HTTP/1.0\r\n\r\n", 400, OURS),
    ROW("an empty Host", "GET /health/live HTTP/1.1\r\nHost:\r\n\r\n", 400, OURS),
    ROW("two Hosts", "GET /health/live HTTP/1.1\r\n" HOST "Host: clinic.example\r\n\r\n", 400,
        OURS),
    ROW("the same Host twice", "GET /health/live HTTP/1.1\r\n" HOST HOST "\r\n", 400, OURS),
    ROW("two Hosts in one", "GET /health/live HTTP/1.1\r\nHost: a, b\r\n\r\n", 400, OURS),
    ROW("a Host with a path", "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1/x\r\n\r\n", 400, OURS),
    ROW("a Host with a user", "GET /health/live HTTP/1.1\r\nHost: a@127.0.0.1\r\n\r\n", 400, OURS),
    ROW("a space before the colon", "GET /health/live HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n", 400,
        PAGE),
    ROW("a space before another colon", "GET /health/live HTTP/1.1\r\n" HOST "Accept : */*\r\n\r\n",
        400, OURS),
    ROW("chunked behind a space",
        LOGIN "Content-Length: 2\r\nTransfer-Encoding : chunked\r\n\r\n{}", 400, OURS),
    ROW("a name of two words", "GET /health/live HTTP/1.1\r\n" HOST "X A: b\r\n\r\n", 400, OURS),
    ROW("an escape in a value", "GET /health/live HTTP/1.1\r\n" HOST "X-A: \x1b[2J\r\n\r\n", 400,
        OURS),
    ROW("two Hosts in two cases", "GET /health/live HTTP/1.1\r\n" HOST "HOST: x\r\n\r\n", 400,
        OURS),
    ROW("two lengths in two cases", LOGIN "Content-Length: 2\r\ncontent-length: 5\r\n\r\n{}", 400,
        OURS),
    ROW("a line without colon", "GET /health/live HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", 400, PAGE),
    ROW("a header that begins with a space",
        "GET /health/live HTTP/1.1\r\n Host: 127.0.0.1\r\n\r\n", 400, PAGE),
    ROW("NUL in a name", "GET /health/live HTTP/1.1\r\n" HOST "X\0A: b\r\n\r\n", 400, PAGE),
    ROW("two Content-Lengths", LOGIN "Content-Length: 2\r\nContent-Length: 5\r\n\r\n{}", 400, OURS),
    ROW("the same Content-Length twice", LOGIN "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        400, OURS),
    ROW("two Content-Lengths in one", LOGIN "Content-Length: 2, 2\r\n\r\n{}", 400, PAGE),
    ROW("a negative Content-Length", LOGIN "Content-Length: -2\r\n\r\n{}", 400, PAGE),
    ROW("a Content-Length with a plus", LOGIN "Content-Length: +2\r\n\r\n{}", 400, PAGE),
    ROW("a hexadecimal Content-Length", LOGIN "Content-Length: 0x2\r\n\r\n{}", 400, PAGE),
    ROW("an empty Content-Length", LOGIN "Content-Length:\r\n\r\n{}", 400, PAGE),
    ROW("a Content-Length with a word", LOGIN "Content-Length: 2 x\r\n\r\n{}", 400, PAGE),
    ROW("an endless Content-Length", LOGIN "Content-Length: 99999999999999999999999\r\n\r\n{}", 413,
        PAGE),
    ROW("both framings", CHUNKED "Content-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400, OURS),
    ROW("both framings the other way",
        LOGIN "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400,
        OURS),
    ROW("chunked twice", CHUNKED "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400,
        OURS),
    ROW("chunked, then identity", CHUNKED "Transfer-Encoding: identity\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
        400, OURS),
    ROW("parts of two lengths", FORM "Content-Length: 78\r\nContent-Length: 79\r\n\r\n" PARTS, 400,
        OURS),
    ROW("parts in both framings",
        FORM "Content-Length: 78\r\nTransfer-Encoding: chunked\r\n\r\n" PARTS, 400, OURS),
    ROW("parts of a length in two cases",
        FORM "Content-Length: 78\r\ncontent-length: 5\r\n\r\n" PARTS, 400, OURS),
    ROW("parts for two Hosts", FORM "Host: b\r\nContent-Length: 78\r\n\r\n" PARTS, 400, OURS),
    ROW("parts from nobody", FORM "Content-Length: 78\r\n\r\n" PARTS, 401, OURS),
    ROW("parts from nobody, in chunks",
        FORM "Transfer-Encoding: chunked\r\n\r\n4e\r\n" PARTS "\r\n0\r\n\r\n", 401, OURS),
    ROW("parts for who takes JSON",
        "POST /auth/login HTTP/1.1\r\n" HOST
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 78\r\n\r\n" PARTS,
        415, OURS),
    ROW("parts for nobody",
        "POST /nowhere HTTP/1.1\r\n" HOST
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 78\r\n\r\n" PARTS,
        404, OURS),
    ROW("a chunk size that is no number", CHUNKED "\r\nzz\r\n{}\r\n0\r\n\r\n", 400, PAGE),
    ROW("a negative chunk size", CHUNKED "\r\n-2\r\n{}\r\n0\r\n\r\n", 400, PAGE),
    ROW("a chunk size past 64 bits", CHUNKED "\r\nfffffffffffffffff\r\n{}\r\n0\r\n\r\n", 413, PAGE),
    ROW("a chunk longer than it says", CHUNKED "\r\n1\r\n{}\r\n0\r\n\r\n", 400, PAGE),
    ROW("HTTP/0.9", "GET /health/live\r\n\r\n", 400, PAGE),
    ROW("HTTP/2.0", "GET /health/live HTTP/2.0\r\n" HOST "\r\n", 505, PAGE),
    ROW("HTTP/3.0", "GET /health/live HTTP/3.0\r\n" HOST "\r\n", 505, PAGE),
    ROW("no such protocol", "GET /health/live ICAP/1.0\r\n" HOST "\r\n", 400, PAGE),
    ROW("an unknown method", "BREW /health/live HTTP/1.1\r\n" HOST "\r\n", 501, OURS),
    ROW("a method of control characters", "G\x01T /health/live HTTP/1.1\r\n" HOST "\r\n", 501,
        OURS),
};

static void judge_ours(struct world *world, const char *what, const char *bytes, size_t length)
{
    struct arena arena CLEANUP(arena_end) = {0};
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    struct answer answer = {.status = atoi(bytes + 9)};
    answer.head = arena_copy_n(&arena, bytes, (size_t)(end - bytes) + 4);
    answer.body = end + 4;
    answer.length = length - (size_t)(end + 4 - bytes);
    answer_judge(world->document, &arena, &(struct call){.path = "/no/such/path"}, &answer);
    if (answer.flaw)
        fail_msg("%s: %s\n%s", what, answer.flaw, bytes);
}

static void broken_framing_ends_the_connection(void **state)
{
    struct world *world = *state;
    int pages = 0, wrong = 0;
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        const struct framing *row = &refused[i];
        struct arena arena CLEANUP(arena_end) = {0};
        struct buf out;
        size_t received;
        int status;
        buf_begin(&out, &arena, 1024);
        buf_add(&out, row->bytes, row->length);
        buf_text(&out, LIVE);
        char *in = http_raw(port_of(world), &arena, out.text, out.length, true, WAIT_MS, &received);
        int answers = raw_count(in, received, &status);
        if (answers != 1 || status != row->status) {
            print_error("%s: %d answers, the first %d, not one %d\n", row->what, answers, status,
                        row->status);
            wrong++;
        } else if (row->who == OURS) {
            judge_ours(world, row->what, in, received);
        } else {
            pages++;
        }
    }
    print_message("%zu broken framings, %d answered by libmicrohttpd's own pages\n",
                  sizeof refused / sizeof *refused, pages);
    assert_int_equal(wrong, 0);
}

static const struct framing served[] = {
    ROW("one Host", LIVE, 200, OURS),
    ROW("another Host of ours", "GET /health/live HTTP/1.1\r\nHost: clinic.example\r\n\r\n", 200,
        OURS),
    ROW("a Host in capitals", "GET /health/live HTTP/1.1\r\nHOST: CLINIC.example\r\n\r\n", 200,
        OURS),
    ROW("HTTP/1.0 with a Host", "GET /health/live HTTP/1.0\r\n" HOST "\r\n", 200, OURS),
    ROW("empty lines before", "\r\n\r\n" LIVE, 200, OURS),
    ROW("a chunked body", CHUNKED "\r\n2\r\n{}\r\n0\r\n\r\n", 422, OURS),
    ROW("chunks with extensions", CHUNKED "\r\n2;a=b\r\n{}\r\n0\r\n\r\n", 422, OURS),
    ROW("chunked in capitals", LOGIN "Transfer-Encoding: CHUNKED\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 422,
        OURS),
    ROW("an empty body that says so",
        "GET /health/live HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 200, OURS),
};

/* Of codings other than chunked libmicrohttpd takes everything that follows for the body, up to the
 * end of the connection; a space in the query ends it at once. Nobody is answered. */
static const struct framing swallowed[] = {
    ROW("a space in the query", "GET /version?a= b HTTP/1.1\r\n" HOST "\r\n", 0, SILENCE),
    ROW("identity", LOGIN "Transfer-Encoding: identity\r\n\r\n", 0, SILENCE),
    ROW("xchunked", LOGIN "Transfer-Encoding: xchunked\r\n\r\n", 0, SILENCE),
    ROW("gzip, chunked", LOGIN "Transfer-Encoding: gzip, chunked\r\n\r\n", 0, SILENCE),
    ROW("chunked behind a tab", LOGIN "Transfer-Encoding: \tchunked\x0b\r\n\r\n", 0, SILENCE),
};

static void unknown_coding_swallows_what_follows(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < sizeof swallowed / sizeof *swallowed; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct buf out;
        size_t received;
        buf_begin(&out, &arena, 1024);
        buf_add(&out, swallowed[i].bytes, swallowed[i].length);
        buf_text(&out, LIVE);
        http_raw(port_of(world), &arena, out.text, out.length, true, WAIT_MS, &received);
        if (received != 0)
            fail_msg("%s: answered", swallowed[i].what);
    }
}

/* What libmicrohttpd reads kindlier than RFC 9112 asks, before anybody else sees it: known, so that
 * whoever puts a proxy in front knows too (all that are usual refuse these), and none of it more
 * than a request that could have been sent plainly. */
static const struct framing tolerated[] = {
    ROW("no name", "GET /health/live HTTP/1.1\r\n" HOST ": b\r\n\r\n", 200, OURS),
    ROW("a continued line", "GET /health/live HTTP/1.1\r\n" HOST "X-A: b\r\n c\r\n\r\n", 200, OURS),
    ROW("bare line feeds", "GET /health/live HTTP/1.1\nHost: 127.0.0.1\n\n", 200, OURS),
    ROW("one bare line feed", "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\nX-A: b\r\n\r\n", 200,
        OURS),
    ROW("NUL in the path", "GET /health/live\0x HTTP/1.1\r\n" HOST "\r\n", 200, OURS),
    ROW("NUL in a value", "GET /health/live HTTP/1.1\r\n" HOST "X-A: b\0c\r\n\r\n", 200, OURS),
};

static void all_are_served(struct world *world, const struct framing *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        size_t received;
        int status;
        char *in = http_raw(port_of(world), &arena, rows[i].bytes, rows[i].length, true, WAIT_MS,
                            &received);
        if (raw_count(in, received, &status) != 1 || status != rows[i].status)
            fail_msg("%s: %d, not %d", rows[i].what, status, rows[i].status);
    }
}

static void right_framing_is_served(void **state)
{
    all_are_served(*state, served, sizeof served / sizeof *served);
}

static void what_the_library_tolerates_is_known(void **state)
{
    all_are_served(*state, tolerated, sizeof tolerated / sizeof *tolerated);
}

/* What one server takes for a body, another takes for a request. */
static void smuggled_request_does_not_run(void **state)
{
    static const char inner[] = "POST /clinics/clinic-a/patients HTTP/1.1\r\n" HOST
                                "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                                "Content-Length: %zu\r\n\r\n%s";
    static const char body[] = "{\"name\":\"Smuggled\",\"phone_number\":\"+91 80 5550 0199\","
                               "\"address\":\"Nowhere\",\"age_years\":30}";
    static const char *const outer[] = {
        "POST /auth/login HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
        "Content-Length: 0\r\nContent-Length: 999\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\n" HOST "Content-Type: application/json\r\n"
        "Transfer-Encoding: identity\r\n\r\n",
        "GET /health/live HTTP/1.1\r\n" HOST HOST "\r\n",
    };
    struct world *world = *state;
    char token[TOKEN_TEXT];
    for (size_t i = 0; i < sizeof outer / sizeof *outer; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct buf out;
        int status;
        size_t received;
        buf_begin(&out, &arena, 1024);
        buf_text(&out, outer[i]);
        buf_format(&out, inner, seed_token(&seed_a, "admin", token), sizeof body - 1, body);
        char *in = http_raw(port_of(world), &arena, out.text, out.length, true, WAIT_MS, &received);
        int answers = raw_count(in, received, &status);
        assert_true(answers == 0 || (answers == 1 && status == 400));
    }
    assert_int_equal(
        sql_int(world->boss, "SELECT count(*) FROM clinicd.patient WHERE name = 'Smuggled'"), 0);
}

static void pipelined_requests_are_answered_in_order(void **state)
{
    struct world *world = *state;
    static const char bytes[] = LIVE "GET /no HTTP/1.1\r\n" HOST "\r\n" LIVE;
    int status;
    size_t received;
    char *in =
        http_raw(port_of(world), &world->arena, bytes, sizeof bytes - 1, true, WAIT_MS, &received);
    assert_int_equal(raw_count(in, received, &status), 3);
    assert_int_equal(status, 200);
    assert_non_null(strstr(in, "HTTP/1.1 404"));
}

/* --- sizes ---------------------------------------------------------------------------------- */

static int ask(struct world *world, const struct call *call, struct answer *out)
{
    http_send(world->client, &world->arena, call, out);
    return out->status;
}

static int status_of(struct world *world, const struct call *call)
{
    struct answer answer;
    return ask(world, call, &answer);
}

static char *filled(struct arena *arena, const char *before, char c, size_t length)
{
    char *text = arena_take(arena, length + 1);
    memset(text, c, length);
    memcpy(text, before, strlen(before));
    return text;
}

static void url_of_8_kib_is_the_longest(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    for (int past = -1; past <= 1; past++) {
        char *path = filled(arena, "/clinics?q=", 'x', (size_t)(URL_LIMIT + past));
        assert_int_equal(status_of(world, &(struct call){.path = path}), past > 0 ? 414 : 400);
        path = filled(arena, "/", 'x', (size_t)(URL_LIMIT + past));
        assert_int_equal(status_of(world, &(struct call){.path = path}), past > 0 ? 414 : 404);
    }
}

static void headers_of_16_kib_are_refused(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    const struct {
        size_t length;
        int status;
    } rows[] = {{4000, 200}, {8000, 200}, {16 * 1024, 431}, {64 * 1024, 431}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct buf out;
        int status;
        size_t received;
        buf_begin(&out, arena, 1024);
        buf_format(&out, "GET /health/live HTTP/1.1\r\n" HOST "%s\r\n\r\n",
                   filled(arena, "X-A: ", 'x', rows[i].length));
        char *in = http_raw(port_of(world), arena, out.text, out.length, true, WAIT_MS, &received);
        assert_int_equal(raw_count(in, received, &status), 1);
        assert_int_equal(status, rows[i].status);
    }
}

static void more_than_a_hundred_headers_are_refused(void **state)
{
    struct world *world = *state;
    for (int n = 99; n <= 100; n++) {
        struct buf out;
        int status;
        size_t received;
        buf_begin(&out, &world->arena, 4096);
        buf_text(&out, "GET /health/live HTTP/1.1\r\n" HOST);
        for (int i = 0; i < n; i++)
            buf_format(&out, "X-%d: a\r\n", i);
        buf_text(&out, "\r\n");
        char *in =
            http_raw(port_of(world), &world->arena, out.text, out.length, true, WAIT_MS, &received);
        assert_int_equal(raw_count(in, received, &status), 1);
        assert_int_equal(status, n < 100 ? 200 : 400);
    }
}

/* A login that is too long for its schema, so that it changes nothing: 422, or 413. */
static void body_limit_is_exact(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    for (int past = -1; past <= 1; past++) {
        int status, expected = past > 0 ? 413 : 422;
        size_t received, length = (size_t)(BODY_MAX + past);
        char *body = filled(arena, "{\"username\":\"", 'x', length);
        memcpy(body + length - 2, "\"}", 2);
        assert_int_equal(
            status_of(world, &(struct call){.method = "POST", .path = "/auth/login", .body = body}),
            expected);
        struct buf out;
        buf_begin(&out, arena, 8192);
        buf_format(&out, CHUNKED "\r\n%zx\r\n%s\r\n0\r\n\r\n", length, body);
        char *in = http_raw(port_of(world), arena, out.text, out.length, true, WAIT_MS, &received);
        raw_count(in, received, &status);
        assert_int_equal(status, expected);
        buf_begin(&out, arena, 8192);
        buf_text(&out, CHUNKED "\r\n");
        for (size_t i = 0; i < length; i += 16)
            buf_format(&out, "%zx\r\n%.16s\r\n", length - i < 16 ? length - i : 16, body + i);
        buf_text(&out, "0\r\n\r\n");
        in = http_raw(port_of(world), arena, out.text, out.length, true, WAIT_MS, &received);
        raw_count(in, received, &status);
        assert_int_equal(status, expected);
    }
}

static void refused_body_is_never_the_next_request(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    struct buf out;
    int status;
    size_t received;
    buf_begin(&out, arena, 8192);
    buf_format(&out, LOGIN "Content-Length: %d\r\n\r\n", 2 * BODY_MAX);
    for (int i = 0; i < 2 * BODY_MAX / 64; i++)
        buf_text(&out,
                 "GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Pad: 01234567890\r\n\r\n");
    out.length -= (size_t)(2 * BODY_MAX / 64 * 66 - 2 * BODY_MAX);
    char *in = http_raw(port_of(world), arena, out.text, out.length, true, WAIT_MS, &received);
    assert_int_equal(raw_count(in, received, &status), 1);
    assert_int_equal(status, 413);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(broken_framing_ends_the_connection),
        cmocka_unit_test(unknown_coding_swallows_what_follows),
        cmocka_unit_test(right_framing_is_served),
        cmocka_unit_test(what_the_library_tolerates_is_known),
        cmocka_unit_test(smuggled_request_does_not_run),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(url_of_8_kib_is_the_longest),
        cmocka_unit_test(headers_of_16_kib_are_refused),
        cmocka_unit_test(more_than_a_hundred_headers_are_refused),
        cmocka_unit_test(body_limit_is_exact),
        cmocka_unit_test(refused_body_is_never_the_next_request),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
