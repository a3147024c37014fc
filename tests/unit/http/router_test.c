#include "api/http/router.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

static struct operation operations[] = {
    {.id = "home_list", .method = METHOD_GET, .path = "/clinics"},
    {.id = "home_make", .method = METHOD_POST, .path = "/clinics"},
    {.id = "clinic", .method = METHOD_GET, .path = "/clinics/{slug}"},
    {.id = "clinic_drop", .method = METHOD_DELETE, .path = "/clinics/{slug}"},
    {.id = "things", .method = METHOD_PATCH, .path = "/clinics/{slug}/things/{id}"},
    {.id = "thing_stats", .method = METHOD_PUT, .path = "/clinics/{slug}/things/stats"},
    {.id = "thing_part", .method = METHOD_GET, .path = "/clinics/{slug}/things/{id}/parts"},
    {.id = "stats_days", .method = METHOD_GET, .path = "/clinics/{slug}/things/stats/days"},
};

struct made {
    struct arena arena;
    struct document document;
    const struct router *router;
};

static int make(void **state)
{
    static struct made made;
    struct fault fault = {.arena = &made.arena};

    made = (struct made){.document = {.operations = operations,
                                      .operations_n = sizeof operations / sizeof *operations}};
    made.document.arena = &made.arena;
    if (router_make(&made.document, &fault, &made.router) != ERR_NONE)
        return -1;
    *state = &made;
    return 0;
}

static int drop(void **state)
{
    struct made *made = *state;
    arena_end(&made->arena);
    return 0;
}

static struct route found(struct made *made, const char *method, const char *path)
{
    struct route route;
    router_find(made->router, method, path, &made->arena, &route);
    return route;
}

static void assert_found(struct made *made, const char *method, const char *path, const char *id)
{
    struct route route = found(made, method, path);

    if (id == NULL) {
        if (route.path_is_known || route.operation != NULL || route.allow != NULL)
            fail_msg("%s is known", path);
        return;
    }
    if (route.operation == NULL)
        fail_msg("%s %s is not found", method, path);
    assert_string_equal(route.operation->id, id);
    assert_true(route.path_is_known);
}

static void method_and_path_find_the_operation(void **state)
{
    assert_found(*state, "GET", "/clinics", "home_list");
    assert_found(*state, "POST", "/clinics", "home_make");
    assert_found(*state, "GET", "/clinics/lake", "clinic");
    assert_found(*state, "PATCH", "/clinics/lake/things/7", "things");
    assert_found(*state, "GET", "/clinics/lake/things/7/parts", "thing_part");
}

static void head_finds_what_get_finds(void **state)
{
    assert_found(*state, "HEAD", "/clinics/lake", "clinic");
}

static void parameters_come_decoded_and_in_order(void **state)
{
    struct route route = found(*state, "PATCH", "/clinics/l%61ke/things/a%20b%C3%A9%25");

    assert_string_equal(route.values[0], "lake");
    assert_string_equal(route.values[1], "a b\xC3\xA9%");
    assert_null(route.values[2]);
}

static void names_win_over_parameters(void **state)
{
    assert_found(*state, "PUT", "/clinics/lake/things/stats", "thing_stats");
    assert_found(*state, "GET", "/clinics/lake/things/stats/days", "stats_days");
    /* where the name leads nowhere, the parameter does */
    struct route route = found(*state, "GET", "/clinics/lake/things/stats/parts");
    assert_string_equal(route.operation->id, "thing_part");
    assert_string_equal(route.values[1], "stats");
}

static void another_method_is_told_what_is_allowed(void **state)
{
    static const char *const others[] = {"PUT", "TRACE", "CONNECT", "get", "OPTIONS", "", "GETX"};

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        struct route route = found(*state, others[i], "/clinics");
        assert_null(route.operation);
        assert_true(route.path_is_known);
        assert_string_equal(route.allow, "GET, HEAD, OPTIONS, POST");
    }
    assert_string_equal(found(*state, "POST", "/clinics/lake").allow, "DELETE, GET, HEAD, OPTIONS");
    assert_string_equal(found(*state, "GET", "/clinics/lake/things/7").allow, "OPTIONS, PATCH");
    assert_string_equal(found(*state, "GET", "/clinics/lake/things/stats").allow, "OPTIONS, PUT");
}

static void odd_paths_are_not_found(void **state)
{
    static const char *const paths[] = {
        "",
        "*",
        "/",
        "//",
        "clinics",
        "/clinics/",
        "//clinics",
        "/clinics//things",
        "/clinics/.",
        "/clinics/..",
        "/clinics/%2e",
        "/clinics/%2E%2e",
        "/clinics/lake/../lake",
        "/clinics/a%2fb",
        "/clinics/a%2Fb",
        "/clinics/a%00",
        "/clinics/a%0a",
        "/clinics/a%7f",
        "/clinics/a%c2%85",
        "/clinics/a%",
        "/clinics/a%4",
        "/clinics/a%zz",
        "/clinics/a%ff",
        "/clinics/%c0%ae",
        "/clinics/%ed%a0%80",
        "/clinics/a\x01",
        "/clinics/a\xff",
        "/Clinics",
        "/clinics/lake/thing",
        "/clinics/lake/things",
        "/clinics/lake/things/7/parts/8",
        "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r",
        "/%2563linics",
    };

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_found(*state, "GET", paths[i], NULL);
    assert_found(*state, "GET", "/%63linics", "home_list");
    assert_found(*state, "GET", "/clinics/...", "clinic");
}

static void two_operations_cannot_share_method_and_path(void **state)
{
    (void)state;
    struct operation twins[] = {{.id = "one", .method = METHOD_GET, .path = "/a/{x}"},
                                {.id = "two", .method = METHOD_GET, .path = "/a/{y}"}};
    struct operation odd[] = {{.id = "one", .method = METHOD_GET, .path = "/a/x{y}"}};
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document document = {.operations = twins, .operations_n = 2, .arena = &arena};
    const struct router *router = NULL;

    assert_int_equal(router_make(&document, &fault, &router), ERR_INTERNAL);
    assert_string_equal(fault.detail, "two and one have the same method and path");
    assert_null(router);
    fault_reset(&fault);
    document.operations = odd;
    document.operations_n = 1;
    assert_int_equal(router_make(&document, &fault, &router), ERR_INTERNAL);
    assert_string_equal(fault.detail, "one: the path /a/x{y} cannot be routed");
    arena_end(&arena);
}

static void every_operation_of_the_embedded_document_is_found(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = NULL;
    const struct router *router = NULL;
    static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

    assert_int_equal(document_load(&arena, document_bytes, document_bytes_n, &fault, &document),
                     ERR_NONE);
    assert_int_equal(router_make(document, &fault, &router), ERR_NONE);
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        struct route route;
        router_find(router, methods[operation->method], operation->path, &arena, &route);
        assert_ptr_equal(route.operation, operation);
        for (size_t j = 0; j < operation->path_parameters_n; j++) {
            const char *name = operation->path_parameters[j].name;
            assert_string_equal(route.values[j], arena_format(&arena, "{%s}", name));
        }
    }
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(method_and_path_find_the_operation),
        cmocka_unit_test(head_finds_what_get_finds),
        cmocka_unit_test(parameters_come_decoded_and_in_order),
        cmocka_unit_test(names_win_over_parameters),
        cmocka_unit_test(another_method_is_told_what_is_allowed),
        cmocka_unit_test(odd_paths_are_not_found),
        cmocka_unit_test(two_operations_cannot_share_method_and_path),
        cmocka_unit_test(every_operation_of_the_embedded_document_is_found),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
