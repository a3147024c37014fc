/* The document and the program agree, and whatever one of them lacks is named. */
#include "api/app/contract.h"

#include "api/endpoints.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct desk {
    struct arena arena;
    json_t *document;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    desk->document =
        arena_json(&desk->arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    assert_non_null(desk->document);
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

/* The differences between the desk's document and that many of the program's handlers. */
static const char *compared(struct desk *desk, const struct handler *handlers, size_t n)
{
    struct buf out;
    struct fault fault = {.arena = &desk->arena};
    char *text = json_dumps(desk->document, 0);
    buf_begin(&out, &desk->arena, 256);
    enum err err = contract_compare(text, strlen(text), handlers, n, &fault, &out);
    if (err)
        fail_msg("%s", fault.detail);
    free(text);
    return out.text;
}

static void the_document_and_the_program_agree(void **state)
{
    struct desk *desk = *state;
    assert_string_equal(compared(desk, endpoints, endpoints_n), "");
    assert_string_equal(contract_trouble(&desk->arena), "");
}

static void a_route_that_the_document_lacks_is_named(void **state)
{
    struct desk *desk = *state;
    json_t *path = json_object_get(json_object_get(desk->document, "paths"),
                                   "/clinics/{slug}/patients/{id}/restore");
    assert_int_equal(json_object_del(path, "post"), 0);
    assert_string_equal(compared(desk, endpoints, endpoints_n),
                        "patients_restore: the program's route POST "
                        "/clinics/{slug}/patients/{id}/restore is not in the document\n");
}

static void an_operation_without_a_route_is_named(void **state)
{
    struct desk *desk = *state;
    const char *found = compared(desk, endpoints + 1, endpoints_n - 1);
    assert_string_equal(found, "health_live: GET /health/live has no route in the program\n");
}

static void a_path_that_moved_is_named(void **state)
{
    struct desk *desk = *state;
    json_t *paths = json_object_get(desk->document, "paths");
    json_t *version = json_incref(json_object_get(paths, "/version"));
    json_object_del(paths, "/version");
    json_object_set_new(paths, "/build", version);
    assert_string_equal(compared(desk, endpoints, endpoints_n),
                        "version_get: the document has GET /build, the program GET /version\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_document_and_the_program_agree),
        TEST(a_route_that_the_document_lacks_is_named),
        TEST(an_operation_without_a_route_is_named),
        TEST(a_path_that_moved_is_named),
    };
    return cmocka_run_group_tests_name("contract", tests, NULL, NULL);
}
