/* Bodies in parts, whatever they are of: what is let in, what is refused and when, and what is left
 * behind. The operations are the trial's own (tests/harness/trial.h). */
#include "tests/harness/answer.h"
#include "tests/harness/form.h"
#include "tests/harness/raw.h"
#include "tests/harness/trial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WAIT_MS = 30000, FIELD_MOST = 16 * 1024, MEGABYTE = 1000 * 1000 };

static const char path[] = "/clinics/clinic-a/trial";

static int begin(void **state)
{
    struct trial *trial = calloc(1, sizeof *trial);
    if (!trial)
        return -1;
    trial_begin(trial, "uploads", NULL);
    *state = trial;
    return 0;
}

static int end(void **state)
{
    trial_end(*state);
    free(*state);
    return 0;
}

static struct answer post(struct trial *trial, const char *type, const char *body, size_t length)
{
    struct answer answer;
    http_send(trial->client, &trial->world.arena,
              &(struct call){.method = "POST",
                             .path = path,
                             .token = trial->admin,
                             .body = body,
                             .body_length = length,
                             .type = type},
              &answer);
    return answer;
}

static struct answer post_form(struct trial *trial, struct form *form)
{
    form_end(form);
    return post(trial, FORM_TYPE, form->body.text, form->body.length);
}

static char *filled(struct arena *arena, size_t length)
{
    char *bytes = arena_take(arena, length + 1);
    memset(bytes, 'x', length);
    return bytes;
}

static struct answer post_file(struct trial *trial, const char *bytes, size_t length)
{
    struct form form;
    form_begin(&form, &trial->world.arena);
    form_file(&form, "a.pdf", "application/pdf", bytes, length);
    return post_form(trial, &form);
}

/* --- what comes through --------------------------------------------------------------------- */

static void a_file_and_what_is_said_beside_it_come_through(void **state)
{
    struct trial *trial = *state;
    struct form form;
    int kept = trial_kept(trial);
    form_begin(&form, &trial->world.arena);
    form_text(&form, "note", "  two\nlines ");
    form_text(&form, "count", "7");
    form_file(&form, "chest x-ray.pdf", "application/pdf", "abc", 3);
    struct answer answer = post_form(trial, &form);
    assert_int_equal(answer.status, 200);
    assert_string_equal(answer_text(&answer, "name"), "chest x-ray.pdf");
    assert_string_equal(answer_text(&answer, "type"), "application/pdf");
    assert_string_equal(answer_text(&answer, "note"), "two\nlines");
    assert_int_equal(json_integer_value(json_object_get(answer.json, "count")), 7);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "size")), 3);
    assert_true(json_is_true(json_object_get(answer.json, "is_good"))); /* the schema's default */
    assert_string_equal(answer_text(&answer, "sha256"),
                        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_int_equal(trial_kept(trial), kept + 1);
    assert_int_equal(trial_arriving(trial), 0);
}

static void a_field_that_was_left_empty_is_none(void **state)
{
    struct trial *trial = *state;
    struct form form;
    form_begin(&form, &trial->world.arena);
    form_text(&form, "count", "");
    form_text(&form, "is_good", "false");
    form_file(&form, "a.pdf", NULL, "abc", 3);
    struct answer answer = post_form(trial, &form);
    assert_int_equal(answer.status, 200);
    assert_true(json_is_null(json_object_get(answer.json, "count")));
    assert_true(json_is_false(json_object_get(answer.json, "is_good")));
    assert_true(json_is_null(json_object_get(answer.json, "type")));
}

/* Whatever looks like a boundary but is none, at every place of every block. */
static void bytes_come_as_they_were(void **state)
{
    struct trial *trial = *state;
    struct arena *arena = &trial->world.arena;
    static const char *const pieces[] = {
        "\r", "\n", "\r\n", "--", "\r\n-", "\r\n--2f6b1c9d0e47", "\r\n--x", "", "\r\r\n", "-", "x"};
    struct buf bytes;
    uint32_t random = 1;
    buf_begin(&bytes, arena, TRIAL_MOST);
    while (bytes.length < TRIAL_MOST - 32) {
        random = random * 1664525u + 1013904223u;
        buf_text(&bytes, pieces[(random >> 16) % (sizeof pieces / sizeof *pieces)]);
        if ((random >> 8) % 7 == 0)
            buf_char(&bytes, (char)(random >> 24));
    }
    struct answer answer = post_file(trial, bytes.text, bytes.length);
    assert_int_equal(answer.status, 200);
    assert_int_equal(json_integer_value(json_object_get(answer.json, "size")), bytes.length);
    struct answer back;
    http_send(trial->client, arena,
              &(struct call){.path = arena_format(arena, "%s/%s?size=%zu&sha256=%s", path,
                                                  answer_text(&answer, "id"), bytes.length,
                                                  answer_text(&answer, "sha256")),
                             .token = trial->admin},
              &back);
    assert_int_equal(back.status, 200);
    assert_int_equal(back.length, bytes.length);
    assert_memory_equal(back.body, bytes.text, bytes.length);
}

static void names_are_labels(void **state)
{
    struct trial *trial = *state;
    static const char *const names[][2] = {
        {"../../etc/passwd", "etcpasswd"},
        {"C:\\scans\\a.pdf", "C:scansa.pdf"},
        {"...hidden", "hidden"},
        {"a\xe2\x80\xae"
         "fdp.exe",
         "afdp.exe"},
        {"\xff\xfe.pdf", "pdf"},
        {"/", "file"},
        {"\\\"a\\\".pdf", "\"a\".pdf"},
        {"e\xcc\x81.pdf", "\xc3\xa9.pdf"},
        {"\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7.pdf",
         "\xe0\xa4\x95\xe0\xa5\x8d\xe2\x80\x8d\xe0\xa4\xb7.pdf"},
        {"  a   b  .pdf ", "a b .pdf"},
        {"a;name=b.pdf", "a;name=b.pdf"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct form form;
        form_begin(&form, &trial->world.arena);
        form_file(&form, names[i][0], NULL, "abc", 3);
        struct answer answer = post_form(trial, &form);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer_text(&answer, "name"), names[i][1]);
    }
}

static void a_long_name_is_cut_before_its_extension(void **state)
{
    struct trial *trial = *state;
    struct form form;
    form_begin(&form, &trial->world.arena);
    form_file(&form, arena_format(&trial->world.arena, "%s.jpeg", filled(&trial->world.arena, 300)),
              NULL, "abc", 3);
    struct answer answer = post_form(trial, &form);
    assert_int_equal(answer.status, 200);
    assert_int_equal(strlen(answer_text(&answer, "name")), 255);
    assert_string_equal(answer_text(&answer, "name") + 250, ".jpeg");
}

/* --- bounds --------------------------------------------------------------------------------- */

static void a_file_has_its_bound(void **state)
{
    struct trial *trial = *state;
    const char *bytes = filled(&trial->world.arena, TRIAL_MOST + 1);
    int kept = trial_kept(trial);
    assert_int_equal(post_file(trial, bytes, TRIAL_MOST - 1).status, 200);
    assert_int_equal(post_file(trial, bytes, TRIAL_MOST).status, 200);
    struct answer answer = post_file(trial, bytes, TRIAL_MOST + 1);
    assert_int_equal(answer.status, 413);
    assert_string_equal(answer_code(&answer), "payload-too-large");
    assert_int_equal(trial_kept(trial), kept + 2);
    assert_int_equal(trial_arriving(trial), 0);
}

static int status_of_field(struct trial *trial, size_t length)
{
    struct form form;
    form_begin(&form, &trial->world.arena);
    form_file(&form, "a.pdf", NULL, "abc", 3);
    form_text(&form, "note", filled(&trial->world.arena, length));
    return post_form(trial, &form).status;
}

static void a_field_has_its_bound(void **state)
{
    struct trial *trial = *state;
    assert_int_equal(status_of_field(trial, FIELD_MOST), 200);
    assert_int_equal(status_of_field(trial, FIELD_MOST + 1), 400);
}

static struct answer post_parts(struct trial *trial, int n)
{
    struct form form;
    form_begin(&form, &trial->world.arena);
    form_file(&form, "a.pdf", NULL, "abc", 3);
    for (int i = 1; i < n; i++)
        form_text(&form, arena_format(&trial->world.arena, "field%d", i), "x");
    return post_form(trial, &form);
}

static void there_are_at_most_thirty_two_parts(void **state)
{
    struct trial *trial = *state;
    struct answer most = post_parts(trial, 32), more = post_parts(trial, 33);
    assert_int_equal(most.status, 422); /* that the schema knows none of them is another matter */
    assert_string_equal(answer_code(&most), "validation-failed");
    assert_int_equal(more.status, 400);
    assert_non_null(strstr(more.body, "32 parts"));
}

/* --- what is malformed ---------------------------------------------------------------------- */

#define B "--" FORM_BOUNDARY
#define FILE_HEAD B "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.pdf\"\r\n"
#define FILE_PART FILE_HEAD "\r\nabc\r\n"
#define LAST B "--\r\n"

struct body {
    const char *what, *bytes;
    size_t length;
    int status;
    const char *said; /* somewhere in the answer */
};

#define ROW(what, bytes, status, said)                                                             \
    {                                                                                              \
        what, bytes, sizeof(bytes) - 1, status, said                                               \
    }

static const struct body bodies[] = {
    ROW("a file", FILE_PART LAST, 200, "a.pdf"),
    ROW("no line's end at the end", FILE_PART B "--", 200, "a.pdf"),
    ROW("an empty file", FILE_HEAD "\r\n\r\n" LAST, 200, "\"size\":0"),
    ROW("headers that are none of ours", FILE_HEAD "X-Part: 1\r\n\r\nabc\r\n" LAST, 200, "a.pdf"),
    ROW("a header of 300 characters",
        FILE_HEAD
        "X-Part: xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n"
        "\r\nabc\r\n" LAST,
        200, "a.pdf"),
    ROW("said to be binary", FILE_HEAD "Content-Transfer-Encoding: binary\r\n\r\nabc\r\n" LAST, 200,
        "a.pdf"),
    ROW("no last boundary", FILE_PART, 400, "before its last boundary"),
    ROW("half a last boundary", FILE_PART B "-", 400, "before its last boundary"),
    ROW("cut in the file", FILE_HEAD "\r\nab", 400, "before its last boundary"),
    ROW("cut in a part's headers", B "\r\nContent-Dispo", 400, "before its last boundary"),
    ROW("cut in the first boundary", "--2f6b", 400, "before its last boundary"),
    ROW("another boundary", "--x\r\n" FILE_PART LAST, 400, "begin with its boundary"),
    ROW("something in front", "x\r\n" FILE_PART LAST, 400, "begin with its boundary"),
    ROW("something behind", FILE_PART LAST "x", 400, "behind the last boundary"),
    ROW("another request behind", FILE_PART LAST "GET / HTTP/1.1\r\n\r\n", 400,
        "behind the last boundary"),
    ROW("a line that begins as the boundary does", FILE_HEAD "\r\nabc\r\n" B "x\r\n" LAST, 400,
        "begins as the boundary"),
    ROW("lines that end in LF",
        "--" FORM_BOUNDARY "\nContent-Disposition: form-data; name=\"note\"\n\nx\n--" FORM_BOUNDARY
        "--\n",
        400, "begins as the boundary"),
    ROW("headers that end in LF",
        B "\r\nContent-Disposition: form-data; name=\"note\"\n\nx\r\n" LAST, 400,
        "before its last boundary"),
    ROW("two files", FILE_PART FILE_PART LAST, 400, "two parts"),
    ROW("two notes",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n" B
                    "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\ny\r\n" LAST,
        400, "two parts"),
    ROW("parts in a part",
        FILE_HEAD
        "Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\nabc\r\n--y--\r\n" LAST,
        400, "parts of its own"),
    ROW("a message in a part", FILE_HEAD "Content-Type: message/rfc822\r\n\r\nabc\r\n" LAST, 400,
        "parts of its own"),
    ROW("base64", FILE_HEAD "Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n" LAST, 400,
        "encoded"),
    ROW("no headers", B "\r\n\r\nabc\r\n" LAST, 400, "no name"),
    ROW("no name", B "\r\nContent-Disposition: form-data\r\n\r\nabc\r\n" LAST, 400, "no name"),
    ROW("an empty name", B "\r\nContent-Disposition: form-data; name=\"\"\r\n\r\nabc\r\n" LAST, 400,
        "no name"),
    ROW("a bare name", B "\r\nContent-Disposition: form-data; name=note\r\n\r\nabc\r\n" LAST, 400,
        "Content-Disposition"),
    ROW("a name that is never closed",
        B "\r\nContent-Disposition: form-data; name=\"note\r\n\r\nabc\r\n" LAST, 400,
        "Content-Disposition"),
    ROW("two names",
        B "\r\nContent-Disposition: form-data; name=\"note\"; name=\"file\"\r\n\r\nabc\r\n" LAST,
        400, "Content-Disposition"),
    ROW("two dispositions",
        FILE_HEAD "Content-Disposition: form-data; name=\"note\"\r\n\r\nabc\r\n" LAST, 400,
        "two Content-Dispositions"),
    ROW("two types", FILE_HEAD "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\nabc\r\n" LAST, 400,
        "two Content-Types"),
    ROW("an attachment",
        B "\r\nContent-Disposition: attachment; name=\"file\"; filename=\"a\"\r\n\r\nabc\r\n" LAST,
        400, "Content-Disposition"),
    ROW("a name with a slash",
        B "\r\nContent-Disposition: form-data; name=\"a/b\"\r\n\r\nabc\r\n" LAST, 400, "letters"),
    ROW("a folded header", FILE_HEAD " X: 1\r\n\r\nabc\r\n" LAST, 400, "header that is none"),
    ROW("a header without a colon", FILE_HEAD "nonsense\r\n\r\nabc\r\n" LAST, 400,
        "header that is none"),
    ROW("a NUL in a header", FILE_HEAD "X: a\0b\r\n\r\nabc\r\n" LAST, 400, "NUL"),
    ROW("a control character in a header", FILE_HEAD "X: a\x01\r\n\r\nabc\r\n" LAST, 400,
        "control characters"),
    ROW("a bare CR in a header", FILE_HEAD "X: a\rY: b\r\n\r\nabc\r\n" LAST, 400,
        "control characters"),
    ROW("a file that is text",
        B "\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nabc\r\n" LAST, 400, "filename"),
    ROW("no file was chosen",
        B "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\n\r\n\r\n" LAST, 400,
        "filename"),
    ROW("text that is a file",
        B "\r\nContent-Disposition: form-data; name=\"note\"; filename=\"a\"\r\n\r\nabc\r\n" LAST,
        400, "text, no file"),
    ROW("a NUL in a field",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\na\0b\r\n" LAST, 400,
        "UTF-8 without NUL"),
    ROW("no UTF-8 in a field",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\n\xff\r\n" LAST, 400,
        "UTF-8 without NUL"),
    ROW("nothing", "", 400, "no parts"),
    ROW("no part", LAST, 422, "is missing"),
    ROW("no file", B "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n" LAST, 422,
        "#/file"),
    ROW("a field that nobody knows",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"mystery\"\r\n\r\nx\r\n" LAST, 422,
        "unknown-member"),
    ROW("no number",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"count\"\r\n\r\n5x\r\n" LAST, 422,
        "#/count"),
    ROW("too large a number",
        FILE_PART B "\r\nContent-Disposition: form-data; name=\"count\"\r\n\r\n10\r\n" LAST, 422,
        "too-large"),
};

static struct answer post_bytes(struct trial *trial, const char *type, const char *bytes,
                                size_t length)
{
    struct raw raw;
    struct buf request;
    struct answer answer = {0};
    struct call call = {.method = "POST", .path = path};
    buf_begin(&request, &trial->world.arena, length + 512);
    buf_format(&request,
               "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: "
               "%s\r\nContent-Length: %zu\r\n\r\n",
               path, trial->admin, type, length);
    buf_add(&request, bytes, length);
    raw_open(&raw, service_port(trial->world.service));
    assert_int_equal(
        raw_ask(&raw, &trial->world.arena, request.text, request.length, false, WAIT_MS, &answer),
        RAW_ANSWERED);
    raw_close(&raw);
    answer_judge(trial->document, &trial->world.arena, &call, &answer);
    if (answer.flaw)
        fail_msg("%s: %s%s", answer.flaw, answer.head, answer.body);
    return answer;
}

static void a_body_is_whole_and_well_formed_or_refused(void **state)
{
    struct trial *trial = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        const struct body *body = &bodies[i];
        int kept = trial_kept(trial);
        struct answer answer = post_bytes(trial, FORM_TYPE, body->bytes, body->length);
        if (answer.status != body->status || !strstr(answer.body, body->said))
            fail_msg("%s: %d %s", body->what, answer.status, answer.body);
        assert_int_equal(trial_kept(trial), kept + (body->status == 200));
        assert_int_equal(trial_arriving(trial), 0);
    }
}

static void a_body_is_understood_in_pieces_of_any_size(void **state)
{
    struct trial *trial = *state;
    static const char whole[] = FILE_HEAD "Content-Type: a/b\r\n\r\na\r\n--b\r\n" LAST;
    struct raw raw;
    for (size_t size = 1; size < 40; size += 3) {
        struct answer answer = {0};
        struct buf request;
        buf_begin(&request, &trial->world.arena, 4096);
        buf_format(&request,
                   "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n"
                   "Content-Type: " FORM_TYPE "\r\nTransfer-Encoding: chunked\r\n\r\n",
                   path, trial->admin);
        for (size_t at = 0; at < sizeof whole - 1; at += size) {
            size_t n = sizeof whole - 1 - at < size ? sizeof whole - 1 - at : size;
            buf_format(&request, "%zx\r\n%.*s\r\n", n, (int)n, whole + at);
        }
        buf_text(&request, "0\r\n\r\n");
        raw_open(&raw, service_port(trial->world.service));
        assert_int_equal(raw_ask(&raw, &trial->world.arena, request.text, request.length, false,
                                 WAIT_MS, &answer),
                         RAW_ANSWERED);
        raw_close(&raw);
        if (answer.status != 200 || !strstr(answer.body, "\"size\":6"))
            fail_msg("pieces of %zu: %d %s", size, answer.status, answer.body);
    }
}

static void the_type_names_its_boundary_alone(void **state)
{
    struct trial *trial = *state;
    static const struct {
        const char *type;
        int status;
    } types[] = {
        {"multipart/form-data; boundary=\"" FORM_BOUNDARY "\"", 200},
        {"multipart/form-data;boundary=" FORM_BOUNDARY, 200},
        {"multipart/form-data", 415},
        {"multipart/form-data; boundary=", 415},
        {"multipart/form-data; boundary=\"" FORM_BOUNDARY, 415},
        {"multipart/form-data; boundary=" FORM_BOUNDARY "\"", 415},
        {"multipart/form-data; charset=utf-8", 415},
        {"multipart/form-data; boundary=a b", 415},
        {"multipart/form-data; boundary=" FORM_BOUNDARY "; x=y", 415},
        {"multipart/form-data; boundary=1234567890123456789012345678901234567890"
         "1234567890123456789012345678901",
         415},
        {"multipart/form-datax; boundary=" FORM_BOUNDARY, 415},
        {"multipart/mixed; boundary=" FORM_BOUNDARY, 415},
        {"application/json", 415},
        {"application/x-www-form-urlencoded", 415},
        {"Multipart/Form-Data; boundary=" FORM_BOUNDARY, 400}, /* Ulfius does not know it */
    };
    static const char body[] = FILE_PART LAST;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct answer answer = post_bytes(trial, types[i].type, body, sizeof body - 1);
        if (answer.status != types[i].status)
            fail_msg("%s: %d %s", types[i].type, answer.status, answer.body);
    }
}

/* --- before it comes ------------------------------------------------------------------------ */

struct headers {
    const char *what, *method, *path, *who, *more;
    int status;
};

/* Nothing but the headers is sent, and nobody waits for more. */
static const struct headers refusals[] = {
    {"nobody", "POST", path, NULL, "Content-Length: 5000\r\n", 401},
    {"nobody, of unknown length", "POST", path, NULL, "Transfer-Encoding: chunked\r\n", 401},
    {"a role that may not", "POST", path, "receptionist", "Content-Length: 5000\r\n", 403},
    {"another clinic", "POST", "/clinics/clinic-b/trial", "admin", "Content-Length: 5000\r\n", 404},
    {"no clinic", "POST", "/clinics/nowhere/trial", "admin", "Content-Length: 5000\r\n", 404},
    {"no path of ours", "POST", "/nowhere", "admin", "Content-Length: 5000\r\n", 404},
    {"no path of ours, by nobody", "POST", "/nowhere", NULL, "Content-Length: 5000\r\n", 404},
    {"no method of the path", "PATCH", path, "admin", "Content-Length: 5000\r\n", 405},
    {"no method at all", "BREW", path, "admin", "Content-Length: 5000\r\n", 501},
    {"an operation that takes JSON", "POST", "/auth/login", NULL, "Content-Length: 5000\r\n", 415},
    {"an operation that takes nothing", "GET", "/version", NULL, "Content-Length: 5000\r\n", 400},
    {"too long for an operation that takes JSON", "POST", "/auth/login", NULL,
     "Content-Length: 5000000\r\n", 413},
    {"too long", "POST", path, "admin", "Content-Length: 5000000\r\n", 413},
    {"much too long", "POST", path, "admin", "Content-Length: 999999999999999999\r\n", 413},
    {"an encoding", "POST", path, "admin", "Content-Length: 5000\r\nContent-Encoding: gzip\r\n",
     415},
    {"two lengths", "POST", path, "admin", "Content-Length: 5000\r\nTransfer-Encoding: chunked\r\n",
     400},
    {"a header twice", "POST", path, "admin", "Content-Length: 5000\r\nX-A: 1\r\nx-a: 2\r\n", 400},
};

static void headers_write(const struct headers *headers, struct buf *out)
{
    char token[TOKEN_TEXT];
    buf_format(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " FORM_TYPE "\r\n%s",
               headers->method, headers->path, headers->more);
    if (headers->who)
        buf_format(out, "Authorization: Bearer %s\r\n", seed_token(&seed_a, headers->who, token));
    buf_text(out, "\r\n");
}

static void what_may_not_come_is_refused_before_it_comes(void **state)
{
    struct trial *trial = *state;
    int kept = trial_kept(trial);
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
        const struct headers *row = &refusals[i];
        struct raw raw;
        struct buf request;
        struct answer answer = {0};
        struct call call = {.method = row->method, .path = row->path};
        buf_begin(&request, &trial->world.arena, 512);
        headers_write(row, &request);
        raw_open(&raw, service_port(trial->world.service));
        enum raw_end how = raw_ask(&raw, &trial->world.arena, request.text, request.length, false,
                                   WAIT_MS, &answer);
        if (how != RAW_ANSWERED || answer.status != row->status)
            fail_msg("%s: %d %d %s", row->what, how, answer.status, answer.body);
        assert_int_equal(raw.fd, -1); /* "Connection: close" was said */
        answer_judge(trial->document, &trial->world.arena, &call, &answer);
        if (answer.flaw && row->status != 501)
            fail_msg("%s: %s", row->what, answer.flaw);
    }
    assert_int_equal(trial_kept(trial), kept);
    assert_int_equal(trial_arriving(trial), 0);
}

/* Who sends first and listens afterwards hears it all the same. */
static void who_is_refused_while_sending_hears_why(void **state)
{
    struct trial *trial = *state;
    struct arena *arena = &trial->world.arena;
    struct buf request;
    const struct headers row = {
        .method = "POST", .path = path, .more = "Content-Length: 20000000\r\n"};
    buf_begin(&request, arena, 21 * MEGABYTE);
    headers_write(&row, &request);
    buf_add(&request, filled(arena, 20 * MEGABYTE), 20 * MEGABYTE);
    buf_text(&request, "GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    size_t n;
    int first;
    char *came = http_raw(service_port(trial->world.service), arena, request.text, request.length,
                          false, WAIT_MS, &n);
    assert_int_equal(raw_count(came, n, &first), 1); /* and nothing of it is taken for a request */
    assert_int_equal(first, 413);
}

static void who_waits_for_100_is_told_to_go_on_or_why_not(void **state)
{
    struct trial *trial = *state;
    static const char body[] = FILE_PART LAST;
    struct raw raw;
    struct answer answer = {0};
    struct buf request;
    size_t n;
    struct headers row = {.method = "POST", .path = path, .who = "receptionist"};
    row.more = arena_format(&trial->world.arena, "Content-Length: %zu\r\nExpect: 100-continue\r\n",
                            sizeof body - 1);
    buf_begin(&request, &trial->world.arena, 512);
    headers_write(&row, &request);
    const char *came = http_raw(service_port(trial->world.service), &trial->world.arena,
                                request.text, request.length, false, WAIT_MS, &n);
    assert_memory_equal(came, "HTTP/1.1 403", 12);

    row.who = "admin";
    request.length = 0;
    headers_write(&row, &request);
    raw_open(&raw, service_port(trial->world.service));
    assert_int_equal(
        raw_ask(&raw, &trial->world.arena, request.text, request.length, false, 1000, &answer),
        RAW_SILENT); /* nothing final without the body */
    buf_add(&request, body, sizeof body - 1);
    assert_int_equal(
        raw_ask(&raw, &trial->world.arena, request.text, request.length, false, WAIT_MS, &answer),
        RAW_ANSWERED);
    assert_int_equal(answer.status, 200);
    raw_close(&raw);
}

/* --- connections ---------------------------------------------------------------------------- */

static void an_upload_leaves_the_connection_as_any_request(void **state)
{
    struct trial *trial = *state;
    static const char body[] = FILE_PART LAST;
    struct buf request;
    size_t n;
    int first;
    buf_begin(&request, &trial->world.arena, 4096);
    for (int i = 0; i < 3; i++) {
        struct headers row = {.method = "POST", .path = path, .who = "admin"};
        row.more = arena_format(&trial->world.arena, "Content-Length: %zu\r\n", sizeof body - 1);
        headers_write(&row, &request);
        buf_add(&request, body, sizeof body - 1);
        buf_text(&request, "GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    }
    const char *came = http_raw(service_port(trial->world.service), &trial->world.arena,
                                request.text, request.length, false, 2000, &n);
    assert_int_equal(raw_count(came, n, &first), 6);
    assert_int_equal(first, 200);
    assert_null(strstr(came, "HTTP/1.1 4"));
}

static void who_vanishes_in_the_middle_leaves_nothing(void **state)
{
    struct trial *trial = *state;
    int kept = trial_kept(trial);
    for (int chunked = 0; chunked < 2; chunked++) {
        struct raw raw;
        struct answer answer = {0};
        struct buf request;
        struct headers row = {.method = "POST", .path = path, .who = "admin"};
        row.more = chunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: 50000\r\n";
        buf_begin(&request, &trial->world.arena, 4096);
        headers_write(&row, &request);
        buf_text(&request, chunked ? "100\r\n" FILE_HEAD "\r\nabc" : FILE_HEAD "\r\nabc");
        raw_open(&raw, service_port(trial->world.service));
        assert_int_equal(
            raw_ask(&raw, &trial->world.arena, request.text, request.length, false, 100, &answer),
            RAW_SILENT); /* it has closed */
        assert_true(trial_wait_arriving(trial, 0));
    }
    assert_int_equal(trial_kept(trial), kept);
}

static void a_body_of_unknown_length_has_the_same_bound(void **state)
{
    struct trial *trial = *state;
    struct raw raw;
    struct answer answer = {0};
    struct buf request;
    const struct headers row = {
        .method = "POST", .path = path, .who = "admin", .more = "Transfer-Encoding: chunked\r\n"};
    buf_begin(&request, &trial->world.arena, MEGABYTE);
    headers_write(&row, &request);
    buf_format(&request, "%zx\r\n%s\r\n", strlen(FILE_HEAD "\r\n"), FILE_HEAD "\r\n");
    for (int i = 0; i < 12; i++)
        buf_format(&request, "2710\r\n%s\r\n", filled(&trial->world.arena, 10000));
    buf_text(&request, "0\r\n\r\n");
    raw_open(&raw, service_port(trial->world.service));
    assert_int_equal(
        raw_ask(&raw, &trial->world.arena, request.text, request.length, false, WAIT_MS, &answer),
        RAW_ANSWERED);
    raw_close(&raw);
    assert_int_equal(answer.status, 413);
    assert_int_equal(trial_arriving(trial), 0);
}

/* It is not read for ever: the connection ends. */
static void a_body_without_an_end_is_cut_off(void **state)
{
    struct trial *trial = *state;
    struct buf request;
    size_t n;
    const struct headers row = {
        .method = "POST", .path = path, .who = "admin", .more = "Transfer-Encoding: chunked\r\n"};
    buf_begin(&request, &trial->world.arena, 3 * MEGABYTE);
    headers_write(&row, &request);
    const char *chunk =
        arena_format(&trial->world.arena, "2710\r\n%s\r\n", filled(&trial->world.arena, 10000));
    for (int i = 0; i < 200; i++)
        buf_text(&request, chunk);
    const char *came = http_raw(service_port(trial->world.service), &trial->world.arena,
                                request.text, request.length, false, WAIT_MS, &n);
    assert_string_equal(came,
                        ""); /* ended, without an answer, before WAIT_MS: http_raw() read EOF */
    assert_int_equal(trial_arriving(trial), 0);
}

/* --- a bomb of fields ----------------------------------------------------------------------- */

/* How little of it is looked at is counted in tests/unit/http/multipart_test.c. */
static void forty_thousand_fields_are_refused(void **state)
{
    struct trial *trial = *state;
    struct form form;
    form_begin(&form, &trial->world.arena);
    for (int i = 0; i < 40000; i++)
        form_text(&form, arena_format(&trial->world.arena, "f%d", i), "x");
    form_end(&form);
    struct answer answer;
    http_send(trial->client, &trial->world.arena,
              &(struct call){.method = "PUT", /* where it is not only too long */
                             .path = path,
                             .token = trial->admin,
                             .body = form.body.text,
                             .body_length = form.body.length,
                             .type = FORM_TYPE},
              &answer);
    assert_int_equal(answer.status, 400);
    assert_non_null(strstr(answer.body, "32 parts"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_and_what_is_said_beside_it_come_through),
        cmocka_unit_test(a_field_that_was_left_empty_is_none),
        cmocka_unit_test(bytes_come_as_they_were),
        cmocka_unit_test(names_are_labels),
        cmocka_unit_test(a_long_name_is_cut_before_its_extension),
        cmocka_unit_test(a_file_has_its_bound),
        cmocka_unit_test(a_field_has_its_bound),
        cmocka_unit_test(there_are_at_most_thirty_two_parts),
        cmocka_unit_test(a_body_is_whole_and_well_formed_or_refused),
        cmocka_unit_test(a_body_is_understood_in_pieces_of_any_size),
        cmocka_unit_test(the_type_names_its_boundary_alone),
        cmocka_unit_test(what_may_not_come_is_refused_before_it_comes),
        cmocka_unit_test(who_is_refused_while_sending_hears_why),
        cmocka_unit_test(who_waits_for_100_is_told_to_go_on_or_why_not),
        cmocka_unit_test(an_upload_leaves_the_connection_as_any_request),
        cmocka_unit_test(who_vanishes_in_the_middle_leaves_nothing),
        cmocka_unit_test(a_body_of_unknown_length_has_the_same_bound),
        cmocka_unit_test(a_body_without_an_end_is_cut_off),
        cmocka_unit_test(forty_thousand_fields_are_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
