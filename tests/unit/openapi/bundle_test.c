#include "openapi/bundle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Bundles up to two files; gives the document, or, when there were complaints, NULL and those. */
static json_t *bundled(const char *a, const char *b, char **complaints)
{
    struct bundle bundle;
    size_t length;
    FILE *file = open_memstream(complaints, &length);

    assert_non_null(file);
    bundle_begin(&bundle, file);
    bundle_add(&bundle, "a.yaml", a, strlen(a));
    if (b != NULL)
        bundle_add(&bundle, "b.yaml", b, strlen(b));
    bundle_finish(&bundle);
    json_t *document = bundle.faults == 0 ? json_incref(bundle.document) : NULL;
    bundle_end(&bundle);
    fclose(file);
    return document;
}

static json_t *good(const char *a, const char *b)
{
    char *complaints = NULL;
    json_t *document = bundled(a, b, &complaints);

    if (document == NULL)
        fail_msg("refused: %s", complaints);
    free(complaints);
    return document;
}

static void assert_refused(const char *a, const char *b, const char *sentence)
{
    char *complaints = NULL;

    if (bundled(a, b, &complaints) != NULL)
        fail_msg("taken, though %s", sentence);
    if (strstr(complaints, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", complaints, sentence);
    free(complaints);
}

/* Responses that every operation gets, as components, so that small documents bundle. */
#define RESPONSES                                                                                  \
    "  responses:\n"                                                                               \
    "    BadRequest: &r {x-machinery: true}\n"                                                     \
    "    Unauthorized: *r\n    Forbidden: *r\n    NotFound: *r\n    MethodNotAllowed: *r\n"        \
    "    NotAcceptable: *r\n    Conflict: *r\n    PreconditionFailed: *r\n"                        \
    "    PayloadTooLarge: *r\n    UriTooLong: *r\n    UnsupportedMediaType: *r\n"                  \
    "    Unprocessable: *r\n    PreconditionRequired: *r\n    TooManyRequests: *r\n"               \
    "    HeaderTooLarge: *r\n    InternalError: *r\n    Unavailable: *r\n"                         \
    "    DeadlineExceeded: *r\n    NotModified: *r\n    Moved: *r\n"                               \
    "    InsufficientStorage: *r\n"

static void plain_scalars_have_the_types_of_the_core_schema(void **state)
{
    (void)state;
    json_auto_t *document =
        good("paths: {}\n"
             "x: [true, False, null, ~, 12, -3, +4, 0, 1.5, 1e3, .5, 007, 1.2.3, yes, 0x1F,\n"
             "    'true', \"12\", a b, 2026-11-22, '', -0.5]\n"
             "empty:\n",
             NULL);
    json_auto_t *wanted =
        json_pack("[b,b,n,n,i,i,i,i,f,f,f,s,s,s,s,s,s,s,s,s,f]", 1, 0, 12, -3, 4, 0, 1.5, 1000.0,
                  0.5, "007", "1.2.3", "yes", "0x1F", "true", "12", "a b", "2026-11-22", "", -0.5);

    assert_non_null(wanted);
    assert_true(json_equal(json_object_get(document, "x"), wanted));
    assert_true(json_is_null(json_object_get(document, "empty")));
}

static void members_keep_their_order(void **state)
{
    (void)state;
    json_auto_t *document = good("paths: {}\nz: 1\na: {q: 1, b: 2, p: 3}\nm: 2\n", NULL);
    char *text = json_dumps(document, JSON_COMPACT);

    assert_string_equal(text, "{\"paths\":{},\"z\":1,\"a\":{\"q\":1,\"b\":2,\"p\":3},\"m\":2}");
    free(text);
}

static void references_across_files_are_flattened(void **state)
{
    (void)state;
    json_auto_t *document =
        good("paths: {}\ncomponents: {schemas: {A: {$ref: 'b.yaml#/components/schemas/B'},"
             " C: {$ref: '#/components/schemas/A'}}}\n",
             "components: {schemas: {B: {type: object}}}\n");
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");

    assert_int_equal(json_object_size(schemas), 3);
    assert_string_equal(json_string_value(json_object_get(json_object_get(schemas, "A"), "$ref")),
                        "#/components/schemas/B");
}

static void what_points_nowhere_is_refused_with_its_line(void **state)
{
    (void)state;
    static const char b[] = "components: {schemas: {B: {type: object}}}\n";

    assert_refused("paths:\n  /a:\n    $ref: '#/components/schemas/X'\n", NULL,
                   "a.yaml:3: there is no component schemas/X.");
    assert_refused("paths: {}\nx: {$ref: '#/components/schemas/B'}\n", b,
                   "a.yaml:2: the component schemas/B is in b.yaml:1, not in a.yaml.");
    assert_refused("paths: {}\nx: {$ref: 'c.yaml#/components/schemas/B'}\n", b,
                   "the component schemas/B is in b.yaml:1, not in c.yaml.");
    assert_refused("paths: {}\nx: {$ref: 'b.yaml'}\n", b,
                   "a.yaml:2: the reference b.yaml does not");
    assert_refused("openapi: 3.1.0\n", NULL, "no file has paths.");
}

static void what_is_there_twice_is_refused_with_both_lines(void **state)
{
    (void)state;
    assert_refused("paths: {}\na: 1\nb: {c: 1,\n  c: 2}\n", NULL,
                   "a.yaml:4: the member c is here twice.");
    assert_refused("paths: {}\na: 1\na: 2\n", NULL, "a.yaml:3: a is in a.yaml:2 already.");
    assert_refused("paths: {}\nx-roles: {}\n", "x-roles: {}\n",
                   "b.yaml:1: x-roles is in a.yaml:2 already.");
    assert_refused("paths:\n  /a: {}\n", "paths:\n\n  /a: {}\n",
                   "b.yaml:3: /a is in a.yaml:2 already.");
    assert_refused("paths: {}\ncomponents: {schemas: {A: {}}}\n",
                   "components: {schemas: {A: {}}}\n",
                   "b.yaml:1: schemas/A is in a.yaml:2 already.");
    assert_refused("paths:\n  /a: {get: {operationId: x}}\n  /b: {get: {operationId: x}}\n", NULL,
                   "a.yaml:3: x is in a.yaml:2 already.");
}

static void what_is_no_good_yaml_is_refused(void **state)
{
    (void)state;
    assert_refused("paths: {}\nx: [1, 2\n", NULL, "a.yaml:3: not YAML:");
    assert_refused("", NULL, "a.yaml: the file is empty.");
    assert_refused("- 1\n", NULL, "a.yaml: the file must be a mapping.");
    assert_refused("paths: []\n", NULL, "a.yaml:1: paths must be a mapping.");
    assert_refused("paths: {}\nx: 99999999999999999999\n", NULL, "a.yaml:2: the number");
    assert_refused("paths: {}\n? [a]\n: 1\n", NULL, "a.yaml:2: a member's name must be a text.");
    assert_refused("paths:\n  /a: {get: {summary: x}}\n", NULL, "get /a has no operationId.");
}

static json_t *operation(json_t *document, const char *path, const char *method)
{
    json_t *paths = json_object_get(document, "paths");
    return json_object_get(json_object_get(paths, path), method);
}

/* "200 400 …" */
static void assert_statuses(json_t *of, const char *wanted)
{
    char text[256] = "";
    const char *status;
    json_t *response;

    json_object_foreach(json_object_get(of, "responses"), status, response)
    {
        strcat(strcat(text, *text != '\0' ? " " : ""), status);
    }
    assert_string_equal(text, wanted);
}

static void traits_bring_answers_in_order(void **state)
{
    (void)state;
    json_auto_t *document = good(
        "paths:\n"
        "  /open: {get: {operationId: a, x-permission: public, responses: {'200': {}}}}\n"
        "  /read: {get: {operationId: b, x-permission: p, responses: {'200': {content: "
        "{application/json: {schema: {$ref: '#/components/schemas/Row'}}}}}}}\n"
        "  /write:\n"
        "    post: {operationId: c, x-permission: p, requestBody: {}, responses: {'201': {},"
        " '409': {description: own}}}\n"
        "    patch: {operationId: d, x-permission: p, requestBody: {}, parameters:"
        " [{$ref: '#/components/parameters/IfMatch'}], responses: {'200': {}}}\n"
        "    delete: {operationId: e, x-permission: p, responses: {'204': {}}}\n"
        "  /login: {post: {operationId: f, x-permission: public, x-idempotent: false,"
        " requestBody: {}, responses: {'200': {}}}}\n"
        "  /file: {put: {operationId: g, x-permission: p, requestBody: {content: "
        "{multipart/form-data: {schema: {}}}}, responses: {'200': {}}}}\n"
        "  /clinics/{slug}/x: {get: {operationId: i, x-permission: p, responses: {'200': {}}}}\n"
        "  /logo: {put: {operationId: h, x-permission: public, requestBody: {content: "
        "{multipart/form-data: {schema: {properties: {a: {x-permission: p}}}}}},"
        " responses: {'200': {}}}}\n"
        "components:\n" RESPONSES
        "  parameters: {IfMatch: {}, IdempotencyKey: {}, IfNoneMatch: {}}\n"
        "  schemas: {Version: {}, Row: {properties: {version: {$ref: "
        "'#/components/schemas/Version'}}}}\n",
        NULL);

    assert_statuses(operation(document, "/open", "get"),
                    "200 400 401 404 405 406 414 429 431 500 503 504");
    assert_statuses(operation(document, "/clinics/{slug}/x", "get"),
                    "200 308 400 401 403 404 405 406 414 429 431 500 503 504");
    assert_statuses(operation(document, "/read", "get"),
                    "200 304 400 401 403 404 405 406 414 429 431 500 503 504");
    assert_statuses(operation(document, "/write", "post"),
                    "201 400 401 403 404 405 406 409 413 414 415 422 429 431 500 503 504");
    assert_statuses(operation(document, "/write", "patch"),
                    "200 400 401 403 404 405 406 412 413 414 415 422 428 429 431 500 503 504");
    assert_statuses(operation(document, "/write", "delete"),
                    "204 400 401 403 404 405 406 414 429 431 500 503 504");
    assert_statuses(operation(document, "/login", "post"),
                    "200 400 401 404 405 406 413 414 415 422 429 431 500 503 504");
    assert_statuses(operation(document, "/file", "put"),
                    "200 400 401 403 404 405 406 413 414 415 422 429 431 500 503 504 507");
    assert_statuses(operation(document, "/logo", "put"),
                    "200 400 401 403 404 405 406 413 414 415 422 429 431 500 503 504 507");
    json_t *own =
        json_object_get(json_object_get(operation(document, "/write", "post"), "responses"), "409");
    assert_string_equal(json_string_value(json_object_get(own, "description")), "own");
}

static const char *parameter_of(json_t *of, size_t i)
{
    json_t *parameter = json_array_get(json_object_get(of, "parameters"), i);
    return json_string_value(json_object_get(parameter, "$ref"));
}

static void traits_bring_parameters_headers_and_security(void **state)
{
    (void)state;
    json_auto_t *document = good(
        "paths:\n"
        "  /things:\n"
        "    parameters: []\n"
        "    get: {operationId: a, x-permission: public, x-hide: {}, responses: {'200': {content: "
        "{application/json: {schema: {properties: {next_cursor: {}}}}}}}}\n"
        "    post: {operationId: b, x-permission: p, responses: {'201': {content: "
        "{application/json: {schema: {$ref: '#/components/schemas/Row'}}}}}}\n"
        "  /thing: {get: {operationId: c, x-permission: public, responses: {'200': {content: "
        "{application/json: {schema: {$ref: '#/components/schemas/Row'}}}}}}}\n"
        "components:\n" RESPONSES "  schemas: {Version: {}, Row: {properties: {version: {$ref: "
        "'#/components/schemas/Version'}}}}\n",
        NULL);
    json_t *list = operation(document, "/things", "get");
    json_t *make = operation(document, "/things", "post");
    json_t *read = operation(document, "/thing", "get");
    json_t *made =
        json_object_get(json_object_get(json_object_get(make, "responses"), "201"), "headers");
    json_t *listed =
        json_object_get(json_object_get(json_object_get(list, "responses"), "200"), "headers");

    assert_string_equal(parameter_of(make, 0), "#/components/parameters/IdempotencyKey");
    assert_string_equal(parameter_of(read, 0), "#/components/parameters/IfNoneMatch");
    assert_null(json_object_get(list, "parameters"));
    assert_int_equal(json_object_size(made), 3);
    assert_non_null(json_object_get(made, "Location"));
    assert_non_null(json_object_get(made, "ETag"));
    assert_non_null(json_object_get(made, "X-Request-Id"));
    assert_int_equal(json_object_size(listed), 2);
    assert_non_null(json_object_get(listed, "Link"));
    assert_int_equal(json_array_size(json_object_get(list, "security")), 2);
    assert_int_equal(json_array_size(json_object_get(read, "security")), 0);
    assert_non_null(json_object_get(read, "security"));
    assert_null(json_object_get(make, "security"));
}

static void an_answer_that_a_trait_needs_must_be_there(void **state)
{
    (void)state;
    assert_refused("paths: {/a: {get: {operationId: x, x-permission: public,"
                   " responses: {'200': {}}}}}\n",
                   NULL, "there is no component responses/BadRequest, which x needs.");
    assert_refused("paths: {/a: {get: {operationId: x, x-permission: public,"
                   " responses: {default: {}}}}}\ncomponents:\n" RESPONSES,
                   NULL, "x has a response that is no status.");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_scalars_have_the_types_of_the_core_schema),
        cmocka_unit_test(members_keep_their_order),
        cmocka_unit_test(references_across_files_are_flattened),
        cmocka_unit_test(what_points_nowhere_is_refused_with_its_line),
        cmocka_unit_test(what_is_there_twice_is_refused_with_both_lines),
        cmocka_unit_test(what_is_no_good_yaml_is_refused),
        cmocka_unit_test(traits_bring_answers_in_order),
        cmocka_unit_test(traits_bring_parameters_headers_and_security),
        cmocka_unit_test(an_answer_that_a_trait_needs_must_be_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
