/* What is asked of a request that is whole: media types, methods, origins, hosts, addresses. */
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

enum { WAIT_MS = 30000 };

static const char origins[] = "https://desk.example, https://app.example:8443";

static void adjust(struct service_options *options)
{
    options->cors_origins = origins;
}

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "methods", .adjust = adjust});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

static void adjust_hosts(struct service_options *options)
{
    options->allowed_hosts = "127.0.0.1, clinic.example";
}

static int port_of(const struct world *world)
{
    return service_port(world->service);
}

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

/* --- media types ---------------------------------------------------------------------------- */

static void only_json_is_taken(void **state)
{
    static const struct {
        const char *type;
        int status;
    } rows[] = {
        {"application/json", 422},
        {"application/json; charset=utf-8", 422},
        {"application/json;charset=UTF-8", 422},
        {"application/json; charset=\"utf-8\"", 422},
        {"APPLICATION/JSON", 422},
        {"", 415},
        {"text/plain", 415},
        {"text/plain; x=application/json", 415},
        {"application/jsonp", 415},
        {"application/json-patch+json", 415},
        {"application/merge-patch+json", 415}, /* a PATCH takes it */
        {"application/json; charset=utf-16", 415},
        {"application/json; charset=utf-8; x=y", 415},
        {"application/json, text/plain", 415},
        {"application/x-www-form-urlencoded", 415},
        {"multipart/form-data; boundary=x", 415},
        {"application/xml", 415},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct call call = {.method = "POST",
                            .path = "/auth/login",
                            .body = "{\"nonsense\":1}",
                            .type = rows[i].type};
        int status = status_of(world, &call);
        if (status != rows[i].status)
            fail_msg("%s: %d, not %d", rows[i].type, status, rows[i].status);
    }
    struct call twice = {.method = "POST",
                         .path = "/auth/login",
                         .body = "{}",
                         .headers = {"Content-Type: text/plain"}};
    assert_int_equal(status_of(world, &twice), 415);
}

static void encoded_bodies_are_refused(void **state)
{
    static const char *const encodings[] = {"gzip", "identity", "deflate", "br", "x"};
    struct world *world = *state;
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        struct call call = {
            .method = "POST",
            .path = "/auth/login",
            .body = "{}",
            .headers = {arena_format(&world->arena, "Content-Encoding: %s", encodings[i])}};
        assert_int_equal(status_of(world, &call), 415);
    }
}

static void answers_are_json_or_not_acceptable(void **state)
{
    static const struct {
        const char *accept;
        int status;
    } rows[] = {
        {"*/*", 200},
        {"application/json", 200},
        {"application/*", 200},
        {"text/html, */*;q=0.1", 200},
        {"text/html,application/json;q=0.9", 200},
        {"APPLICATION/JSON", 200},
        {"text/html", 406},
        {"text/*", 406},
        {"application/xml", 406},
        {"application/json;q=0", 406},
        {"application/jsonx", 406},
        {"image/png, text/css", 406},
    };
    struct world *world = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *header = arena_format(&world->arena, "Accept: %s", rows[i].accept);
        int status = status_of(world, &(struct call){.path = "/version", .headers = {header}});
        if (status != rows[i].status)
            fail_msg("%s: %d, not %d", rows[i].accept, status, rows[i].status);
    }
}

static void body_where_none_is_taken_is_refused(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"/version", "/clinics", "/health/live", "/openapi.json"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_int_equal(
            status_of(world, &(struct call){.method = "GET", .path = paths[i], .body = "{}"}), 400);
    char token[TOKEN_TEXT];
    assert_int_equal(status_of(world, &(struct call){.method = "DELETE",
                                                     .path = "/clinics/clinic-b",
                                                     .token = seed_token(NULL, "boss", token),
                                                     .if_match = "\"1\"",
                                                     .body = "{}"}),
                     400);
}

/* --- methods -------------------------------------------------------------------------------- */

static bool method_is_routed(const struct document *document, const char *path, const char *method)
{
    return operation_of(document, method, path) != NULL;
}

/* A path of the template that nothing is at, so that no method changes anything. */
static char *path_of(struct arena *arena, const char *template)
{
    struct buf out;
    buf_begin(&out, arena, 128);
    for (const char *p = template; *p;) {
        size_t length = strcspn(p + 1, "/") + 1;
        if (p[1] != '{')
            buf_add(&out, p, length);
        else if (strncmp(p, "/{slug}", 7) == 0)
            buf_text(&out, "/nobody-here");
        else if (strncmp(p, "/{id}", 5) == 0)
            buf_text(&out, "/0190a000-0000-7000-8000-990000000999");
        else
            buf_text(&out, "/none.js");
        p += length;
    }
    return out.text;
}

static void each_path_has_its_methods_and_no_others(void **state)
{
    static const char *const methods[] = {"GET",   "HEAD",    "POST",    "PUT",
                                          "PATCH", "DELETE",  "OPTIONS", "TRACE",
                                          "LINK",  "CONNECT", "get",     "PROPFIND"};
    struct world *world = *state;
    const struct document *document = world->document;
    struct raw raw;
    int n = 0;
    raw_open(&raw, port_of(world));
    for (size_t i = 0; i < document->operations_n; i++) {
        for (size_t m = 0; m < sizeof methods / sizeof *methods; m++, n++) {
            struct arena arena CLEANUP(arena_end) = {0};
            const char *path = path_of(&arena, document->operations[i].path);
            struct call call = {.method = methods[m], .path = path};
            struct buf out;
            struct answer answer;
            buf_begin(&out, &arena, 512);
            raw_write(&out, &call);
            bool is_head = strcmp(methods[m], "HEAD") == 0;
            assert_int_equal(raw_ask(&raw, &arena, out.text, out.length, is_head, WAIT_MS, &answer),
                             RAW_ANSWERED);
            bool is_known = m <= 6;
            answer_judge(document, &arena, &call, &answer);
            if (answer.flaw)
                fail_msg("%s %s: %s", methods[m], path, answer.flaw);
            const char *allow = answer_header(&arena, &answer, "Allow", NULL);
            if (!is_known)
                assert_int_equal(answer.status, 501);
            else if (strcmp(methods[m], "OPTIONS") == 0)
                assert_int_equal(answer.status, 204);
            else if ((answer.status == 405) == method_is_routed(document, path, methods[m]) ||
                     answer.status == 501)
                fail_msg("%s %s: %d", methods[m], path, answer.status);
            if (answer.status == 405 || answer.status == 204)
                for (size_t k = 0; k < 6; k++)
                    assert_int_equal(strstr(allow, methods[k]) != NULL,
                                     method_is_routed(document, path, methods[k]));
        }
    }
    raw_close(&raw);
    print_message("%d pairs of path and method\n", n);
}

static void head_is_get_without_its_body(void **state)
{
    struct world *world = *state;
    static const char *const paths[] = {"/version", "/openapi.json", "/clinics", "/health/live",
                                        "/no"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        struct answer head, get;
        struct arena *arena = &world->arena;
        assert_int_equal(ask(world, &(struct call){.method = "HEAD", .path = paths[i]}, &head),
                         ask(world, &(struct call){.path = paths[i]}, &get));
        assert_string_equal(answer_header(arena, &head, "Content-Length", NULL),
                            answer_header(arena, &get, "Content-Length", NULL));
        assert_string_equal(answer_header(arena, &head, "Content-Type", NULL),
                            answer_header(arena, &get, "Content-Type", NULL));
    }
}

static void method_cannot_be_overridden(void **state)
{
    static const char *const tricks[] = {"X-HTTP-Method-Override: DELETE", "X-HTTP-Method: DELETE",
                                         "X-Method-Override: DELETE"};
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    const char *path = arena_format(&world->arena, "/clinics/clinic-a/patients/%s",
                                    seed_id(&seed_a, SEED_PATIENT_OTHER, id));
    seed_token(&seed_a, "admin", token);
    for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++) {
        assert_int_equal(
            status_of(world, &(struct call){.path = path, .token = token, .headers = {tricks[i]}}),
            200);
        assert_int_equal(status_of(world, &(struct call){.method = "POST",
                                                         .path = path,
                                                         .token = token,
                                                         .if_match = "\"1\"",
                                                         .headers = {tricks[i]}}),
                         405);
    }
    assert_int_equal(status_of(world, &(struct call){.path = arena_format(
                                                         &world->arena, "%s?_method=DELETE", path),
                                                     .token = token}),
                     400);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.patient WHERE id = '%s' AND deleted_at IS NULL", id),
        1);
}

/* --- who asks from where -------------------------------------------------------------------- */

static void only_listed_origins_are_told_so(void **state)
{
    static const struct {
        const char *origin;
        bool is_listed;
    } rows[] = {
        {"https://desk.example", true},
        {"https://app.example:8443", true},
        {"null", false},
        {"", false},
        {"*", false},
        {"http://desk.example", false},
        {"https://desk.example.evil.example", false},
        {"https://evildesk.example", false},
        {"https://desk.example:443", false},
        {"https://app.example", false},
        {"https://desk.example/", false},
        {"https://sub.desk.example", false},
        {"HTTPS://DESK.EXAMPLE", false},
        {"https://desk.example, https://app.example:8443", false},
        {"https://desk.example\t", false},
        {"file://", false},
        {"https://desk.exampl\xc3\xa9", false},
    };
    struct world *world = *state;
    struct arena *arena = &world->arena;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct answer answer;
        const char *header =
            *rows[i].origin ? arena_format(arena, "Origin: %s", rows[i].origin) : "Origin;";
        ask(world, &(struct call){.path = "/version", .headers = {header}}, &answer);
        assert_int_equal(answer.status, 200);
        const char *allowed = answer_header(arena, &answer, "Access-Control-Allow-Origin", NULL);
        if ((allowed != NULL) != rows[i].is_listed)
            fail_msg("%s: allowed: %s", rows[i].origin, allowed ? allowed : "no");
        assert_null(answer_header(arena, &answer, "Access-Control-Allow-Credentials", NULL));
        assert_non_null(strstr(answer_header(arena, &answer, "Vary", NULL), "Origin"));
        const char *asks = "Access-Control-Request-Method: POST";
        ask(world,
            &(struct call){.method = "OPTIONS", .path = "/clinics", .headers = {header, asks}},
            &answer);
        assert_int_equal(answer.status, 204);
        assert_int_equal(answer_header(arena, &answer, "Access-Control-Allow-Methods", NULL) !=
                             NULL,
                         rows[i].is_listed);
    }
}

static void only_the_clinics_hosts_are_served(void **state)
{
    static const struct {
        const char *host;
        int status;
    } rows[] = {
        {"127.0.0.1", 200},
        {"clinic.example", 200},
        {"CLINIC.Example", 200},
        {"evil.example", 400},
        {"clinic.example:8080", 400},
        {"clinic.example.", 400},
        {"xclinic.example", 400},
        {"clinic.example.evil", 400},
        {"127.0.0.1, clinic.example", 400},
        {"clinic.example@evil", 400},
    };
    struct world *world = calloc(1, sizeof *world);
    (void)state;
    assert_non_null(world);
    world_begin(world,
                &(struct world_options){.name = "hosts", .is_bare = true, .adjust = adjust_hosts});
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *host = arena_format(&world->arena, "Host: %s", rows[i].host);
        int status = status_of(world, &(struct call){.path = "/health/live", .headers = {host}});
        if (status != rows[i].status)
            fail_msg("%s: %d, not %d", rows[i].host, status, rows[i].status);
    }
    world_end(world);
    free(world);
}

static void address_in_a_header_is_not_believed(void **state)
{
    struct world *world = *state;
    char token[TOKEN_TEXT], id[UUID_TEXT];
    const char *path = arena_format(&world->arena, "/clinics/clinic-a/patients/%s",
                                    seed_id(&seed_a, SEED_PATIENT_OWN, id));
    struct call call = {.path = path,
                        .token = seed_token(&seed_a, "doctor", token),
                        .headers = {"X-Forwarded-For: 203.0.113.77", "Forwarded: for=203.0.113.77",
                                    "X-Real-IP: 203.0.113.77", "X-Client-IP: 203.0.113.77"}};
    assert_int_equal(status_of(world, &call), 200);
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE client_address LIKE '203.0.113.77%%'"),
        0);
    assert_true(sql_int(world->boss, "SELECT count(*) FROM clinicd.audit WHERE client_address = "
                                     "'127.0.0.1' AND operation = 'patients_get'") > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_json_is_taken),
        cmocka_unit_test(encoded_bodies_are_refused),
        cmocka_unit_test(answers_are_json_or_not_acceptable),
        cmocka_unit_test(body_where_none_is_taken_is_refused),
        cmocka_unit_test(each_path_has_its_methods_and_no_others),
        cmocka_unit_test(head_is_get_without_its_body),
        cmocka_unit_test(method_cannot_be_overridden),
        cmocka_unit_test(only_listed_origins_are_told_so),
        cmocka_unit_test(only_the_clinics_hosts_are_served),
        cmocka_unit_test(address_in_a_header_is_not_believed),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
