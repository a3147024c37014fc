/* What stands in a path or a query is what was sent, decoded once: a path that is not exactly one
 * of ours is not found, a query that is not exactly the operation's is refused, and neither is ever
 * tidied up, cut or joined into something else. */
#include "tests/harness/answer.h"
#include "tests/harness/parts.h"
#include "tests/harness/raw.h"
#include "tests/harness/records.h"
#include "tests/harness/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WAIT_MS = 30000 };

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "urls"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

/* The answer's status; it must fit the document as well. */
static int status_of(struct world *world, struct raw *raw, const struct call *call)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf out;
    struct answer answer = {0};
    buf_begin(&out, &arena, 1024);
    raw_write(&out, call);
    assert_int_equal(raw_ask(raw, &arena, out.text, out.length, false, WAIT_MS, &answer),
                     RAW_ANSWERED);
    answer_judge(world->document, &arena, call, &answer);
    if (answer.flaw)
        fail_msg("%s: %d %s", call->path, answer.status, answer.flaw);
    return answer.status;
}

/* In the place of a parameter: whole, or @ where a good value stands. */
static const char *const bad_segments[] = {
    "",
    ".",
    "..",
    "%2e",
    "%2e%2e",
    "%2E%2E",
    "..%2f..",
    "%2e%2e%2f",
    "%2f",
    "%2F",
    "%5c",
    "\\",
    "@%2f",
    "@%00",
    "@%00.json",
    "%00",
    "@%20",
    "%20@",
    "@+",
    "@%0a",
    "%0d%0aX:%20y",
    "@%09",
    "@;v=1",
    "@,@",
    "@%zz",
    "@%",
    "@%6",
    "%252f",
    "%252e%252e",
    "%c0%ae%c0%ae",
    "%c0%af",
    "%e0%80%af",
    "%ff",
    "%ed%a0%80",
    "%e2%80%ae@",
    "%ef%bc%8f",
    "@%e2%80%8b",
    "%ef%bc%8e%ef%bc%8e",
    "*",
    "$(id)",
    "'%20OR%201=1",
    "null",
    "undefined",
    "0",
    "-1",
    "1e3",
    "0x10",
    "{@}",
};

/* The path with `payload` in the place of parameter `which`, good values in the others. NULL: there
 * is no such parameter. */
static const char *path_with(struct arena *arena, const json_t *records,
                             const struct operation *operation, int which, const char *payload)
{
    bool is_there = false;
    struct buf out;
    int at = 0;
    buf_begin(&out, arena, 512);
    for (const char *p = operation->path; *p;) {
        size_t n = strcspn(p + 1, "/") + 1;
        if (p[1] != '{') {
            buf_add(&out, p, n);
        } else {
            struct buf good;
            buf_begin(&good, arena, UUID_TEXT);
            if (strncmp(p, "/{slug}", n) == 0)
                buf_text(&good, seed_a.slug);
            else
                records_value(&good, records, operation->path, (size_t)(p + 1 - operation->path),
                              &seed_a, 1);
            bool is_here = at++ == which;
            is_there = is_there || is_here;
            buf_char(&out, '/');
            for (const char *c = is_here ? payload : "@"; *c; c++)
                if (*c == '@')
                    buf_text(&out, good.text);
                else
                    buf_char(&out, *c);
        }
        p += n;
    }
    return is_there ? out.text : NULL;
}

/* The token of somebody whom the document permits the operation. */
static const char *token_for(const struct document *document, const struct operation *operation,
                             char out[TOKEN_TEXT])
{
    static const char *const roles[] = {"admin", "doctor", "receptionist", "lab_tech", "patient"};
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (document_role(document, roles[i]) & operation->permission)
            return seed_token(&seed_a, roles[i], out);
    return seed_token(NULL, "boss", out);
}

static void bad_value_in_a_path_is_not_found(void **state)
{
    static const char *const names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct world *world = *state;
    const struct document *document = world->document;
    const json_t *records = records_read(&world->arena);
    struct raw raw;
    int n = 0;
    raw_open(&raw, service_port(world->service));
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        for (int which = 0; which < 3; which++)
            for (size_t k = 0; k < sizeof bad_segments / sizeof *bad_segments; k++) {
                struct arena arena CLEANUP(arena_end) = {0};
                const char *path = path_with(&arena, records, operation, which, bad_segments[k]);
                if (!path)
                    continue;
                char token[TOKEN_TEXT];
                struct call call = {.method = names[operation->method],
                                    .path = path,
                                    .token = token_for(document, operation, token),
                                    .if_match = operation->needs_if_match ? "\"1\"" : NULL,
                                    .body = operation->body ? "{}" : NULL};
                parts_of(&arena, operation, &call);
                int status = status_of(world, &raw, &call);
                if (status != 404 &&
                    status != 401) /* 401: the path is another clinic's, or nobody's */
                    fail_msg("%s %s: %d", call.method, path, status);
                if (status == 401 && !operation->in_clinic)
                    fail_msg("%s %s: %d", call.method, path, status);
                n++;
            }
    }
    raw_close(&raw);
    print_message("%d paths\n", n);
    assert_true(n > 1000);
}

static void path_of_odd_shape_is_not_found(void **state)
{
    static const char *const paths[] = {
        "/clinics/",
        "//clinics",
        "/clinics//clinic-a",
        "/./clinics",
        "/clinics/.",
        "/clinics/../version",
        "/clinics/clinic-a/",
        "/clinics/clinic-a/%70atients%2f",
        "/CLINICS",
        "/clinics/clinic-a/Patients",
        "/clinics;x=y",
        "/clinics%3fq=ab",
        "/version.json",
        "/version%00",
        "/version%20",
        "/%2fversion",
        "/version/..%2f",
        "/../version",
        "/a/../version",
        "/openapi.json/",
        "/docs/../openapi.json",
        "/docs/%2e%2e/openapi.json",
        "/docs/..%5cserver.c",
        "/docs/%2fetc%2fpasswd",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s",
        "/metrics",
        "/admin",
        "/.git/config",
        "/.env",
        "/health",
        "/",
    };
    struct world *world = *state;
    struct raw raw;
    raw_open(&raw, service_port(world->service));
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        int status = status_of(world, &raw, &(struct call){.path = paths[i]});
        if (status != 404)
            fail_msg("%s: %d", paths[i], status);
    }
    /* One escape that hides nothing is the same path. */
    assert_int_equal(status_of(world, &raw, &(struct call){.path = "/%76ersion"}), 200);
    raw_close(&raw);
}

static void bad_query_is_refused(void **state)
{
    static const char *const bad[] = {
        "nonsense=1",
        "limit=1&limit=1",
        "limit=1&limit=2",
        "limit",
        "limit=",
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=+5",
        "limit=%2b5",
        "limit=05x",
        "limit=5%00",
        "limit=5%20",
        "limit=1.0",
        "limit=1e1",
        "limit=0x5",
        "limit=99999999999999999999",
        "limit=five",
        "Limit=5",
        "limit%00=5",
        "limit[]=5",
        "=5",
        "=",
        "q=a",
        "q=%ff%ff",
        "q=%c0%af%c0%af",
        "q=ab%00cd",
        "q=ab%0acd",
        "q=ab%1b[2J",
        "q=ab%7f",
        "q=%ed%a0%80ab",
        "q=ab%zz",
        "q=ab%",
        "q=ab%6",
        "q=kulk&sort=name",
        "sort=nonsense",
        "sort=name,name",
        "sort=",
        "sort=name%20asc",
        "count=1",
        "count=EXACT",
        "cursor=",
        "cursor=AAAA",
        "cursor=!!!!",
        "status=nonsense",
        "status=registered&status=registered",
        "gender=x",
        "registered_from=2026-02-30",
        "registered_from=yesterday",
        "registered_from=2026-1-1",
        "has_login=1",
        "has_login=TRUE",
        "has_login=",
        "clinic_id=7002",
        "q=ab&nonsense=1",
        "slug=clinic-b",
        "id=1",
    };
    struct world *world = *state;
    char token[TOKEN_TEXT];
    struct raw raw;
    raw_open(&raw, service_port(world->service));
    seed_token(&seed_a, "doctor", token);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *path = arena_format(&world->arena, "/clinics/clinic-a/patients?%s", bad[i]);
        int status = status_of(world, &raw, &(struct call){.path = path, .token = token});
        if (status != 400)
            fail_msg("%s: %d", path, status);
    }
    char *longest = arena_take(&world->arena, 1000);
    memset(longest, 'x', 201);
    const char *path = arena_format(&world->arena, "/clinics/clinic-a/patients?q=%s", longest);
    assert_int_equal(status_of(world, &raw, &(struct call){.path = path, .token = token}), 400);
    longest[200] = '\0';
    path = arena_format(&world->arena, "/clinics/clinic-a/patients?q=%s", longest);
    assert_int_equal(status_of(world, &raw, &(struct call){.path = path, .token = token}), 200);
    raw_close(&raw);
}

static void no_operation_takes_an_unknown_parameter(void **state)
{
    struct world *world = *state;
    const struct document *document = world->document;
    const json_t *records = records_read(&world->arena);
    struct raw raw;
    raw_open(&raw, service_port(world->service));
    for (size_t i = 0; i < document->operations_n; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        const struct operation *operation = &document->operations[i];
        char token[TOKEN_TEXT];
        if (operation->method != METHOD_GET ||
            strchr(operation->path, '{') != strrchr(operation->path, '{'))
            continue;
        const char *path = path_with(&arena, records, operation, 0, "@");
        path = arena_format(&arena, "%s?nonsense=1", path ? path : operation->path);
        struct call call = {.path = path, .token = token_for(document, operation, token)};
        int status = status_of(world, &raw, &call);
        if (status != 400)
            fail_msg("%s: %d", path, status);
    }
    raw_close(&raw);
}

/* A cursor is good for the list, the filters, the order and the clinic that it came from. */
static void cursor_of_another_list_is_refused(void **state)
{
    struct world *world = *state;
    struct arena *arena = &world->arena;
    char token[TOKEN_TEXT], other[TOKEN_TEXT];
    struct answer answer;
    seed_token(&seed_a, "admin", token);
    seed_token(&seed_b, "admin", other);
    http_send(world->client, arena,
              &(struct call){.path = "/clinics/clinic-a/patients?limit=1", .token = token},
              &answer);
    const char *cursor = answer_text(&answer, "next_cursor");
    assert_string_not_equal(cursor, "");
    const struct {
        const char *path, *token;
        int status;
    } rows[] = {
        {"/clinics/clinic-a/patients?limit=1&cursor=%s", token, 200},
        {"/clinics/clinic-a/patients?limit=9&count=exact&cursor=%s", token, 200},
        {"/clinics/clinic-a/patients?sort=-registered_on&cursor=%s", token, 400},
        {"/clinics/clinic-a/patients?gender=female&cursor=%s", token, 400},
        {"/clinics/clinic-a/patients?q=other&cursor=%s", token, 400},
        {"/clinics/clinic-a/patients?cursor=A%s", token, 400},
        {"/clinics/clinic-a/patients?cursor=%sA", token, 400},
        {"/clinics/clinic-a/patients?cursor=%s%%3d", token, 400},
        {"/clinics/clinic-a/staff?cursor=%s", token, 400},
        {"/clinics/clinic-a/audit?cursor=%s", token, 400},
        {"/clinics/clinic-b/patients?limit=1&cursor=%s", other, 400},
        {"/clinics?cursor=%s", NULL, 400},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *mark = strstr(rows[i].path, "%s");
        const char *path = arena_format(arena, "%.*s%s%s", (int)(mark - rows[i].path), rows[i].path,
                                        cursor, strcmp(mark + 2, "%%3d") == 0 ? "%3d" : mark + 2);
        http_send(world->client, arena, &(struct call){.path = path, .token = rows[i].token},
                  &answer);
        if (answer.status != rows[i].status)
            fail_msg("%s: %d", path, answer.status);
    }
    for (size_t i = 0, n = strlen(cursor); i < n; i++) { /* any other letter anywhere */
        char *bent = arena_copy(arena, cursor);
        bent[i] = bent[i] == 'x' ? 'y' : 'x';
        const char *path =
            arena_format(arena, "/clinics/clinic-a/patients?limit=1&cursor=%s", bent);
        http_send(world->client, arena, &(struct call){.path = path, .token = token}, &answer);
        if (answer.status != 400)
            fail_msg("%s: %d", path, answer.status);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bad_value_in_a_path_is_not_found),
        cmocka_unit_test(path_of_odd_shape_is_not_found),
        cmocka_unit_test(bad_query_is_refused),
        cmocka_unit_test(no_operation_takes_an_unknown_parameter),
        cmocka_unit_test(cursor_of_another_list_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
