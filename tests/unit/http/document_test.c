#include "api/http/document.h"
#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* A small document with everything that a loader must read; tests change it and look. */
static const char small[] =
    "{\"x-roles\":{\"admin\":[\"thing.read\",\"thing.rename\"],\"guest\":[\"thing.read\"],"
    "\"subscription_expired\":[\"thing.read\"]},"
    "\"x-problems\":{\"not-found\":{\"status\":404,\"title\":\"No\"},"
    "\"twins\":{\"status\":409,\"title\":\"Twins\",\"member\":\"candidates\"}},"
    "\"paths\":{\"/clinics/{slug}/things\":{\"parameters\":[{\"name\":\"slug\",\"in\":\"path\","
    "\"required\":true,\"schema\":{\"type\":\"string\",\"maxLength\":50}}],"
    "\"get\":{\"operationId\":\"things_list\",\"x-permission\":\"thing.read\","
    "\"x-hide\":{\"guest\":[\"secret\"]},"
    "\"parameters\":[{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\","
    "\"default\":50}},{\"name\":\"cursor\",\"in\":\"query\",\"x-permission\":\"thing.rename\","
    "\"schema\":{\"type\":\"string\",\"maxLength\":9}}],"
    "\"responses\":{\"200\":{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
    "\"additionalProperties\":false,\"properties\":{\"items\":{\"type\":\"array\",\"maxItems\":9,"
    "\"items\":{\"$ref\":\"#/components/schemas/Thing\"}}}}}}},"
    "\"404\":{\"$ref\":\"#/components/responses/NotFound\"}}},"
    "\"patch\":{\"operationId\":\"things_change\",\"x-permission\":\"thing.rename\",\"x-tx\":true,"
    "\"x-audit\":\"none\","
    "\"parameters\":[{\"name\":\"If-Match\",\"in\":\"header\",\"schema\":{\"type\":\"string\","
    "\"maxLength\":9}}],"
    "\"requestBody\":{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
    "\"#/components/schemas/Thing\"}},\"application/merge-patch+json\":{\"schema\":{\"$ref\":"
    "\"#/components/schemas/Thing\"}}}},\"responses\":{\"204\":{}}}},"
    "\"/things\":{\"post\":{\"operationId\":\"things_make\",\"x-permission\":\"public\","
    "\"x-secret\":true,\"responses\":{\"201\":{\"content\":{\"text/html\":{}}}}}}},"
    "\"components\":{\"schemas\":{\"Thing\":{\"type\":\"object\",\"additionalProperties\":false,"
    "\"properties\":{\"name\":{\"type\":\"string\",\"maxLength\":9},\"secret\":{\"type\":"
    "\"string\",\"maxLength\":9}}}},"
    "\"responses\":{\"NotFound\":{\"x-machinery\":true,\"content\":{\"application/problem+json\":{"
    "\"schema\":{\"type\":\"object\",\"additionalProperties\":true},\"example\":{\"code\":"
    "\"not-found\"}}}}}}}";

enum { ROLES = 64 };

static struct document *loaded(struct arena *arena, const char *text)
{
    struct fault fault = {.arena = arena};
    struct document *document = NULL;
    enum err err = document_load(arena, text, strlen(text), &fault, &document);

    if (err != ERR_NONE)
        fail_msg("refused: %s", fault.detail);
    return document;
}

/* The small document with `what` replaced, which must be there. */
static const char *changed(struct arena *arena, const char *what, const char *by)
{
    const char *at = strstr(small, what);
    struct buf buf;

    assert_non_null(at);
    buf_begin(&buf, arena, sizeof small);
    buf_add(&buf, small, (size_t)(at - small));
    buf_text(&buf, by);
    buf_text(&buf, at + strlen(what));
    return buf.text;
}

static void assert_refused(const char *what, const char *by, const char *sentence)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = NULL;
    const char *text = changed(&arena, what, by);

    assert_int_equal(document_load(&arena, text, strlen(text), &fault, &document), ERR_INTERNAL);
    assert_null(document);
    if (strstr(fault.detail, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", fault.detail, sentence);
    arena_end(&arena);
}

static void operations_know_what_the_document_says(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document = loaded(&arena, small);
    const struct operation *list = document_find(document, "things_list");
    const struct operation *change = document_find(document, "things_change");
    const struct operation *make = document_find(document, "things_make");

    assert_int_equal(document->operations_n, 3);
    assert_true(list->in_clinic && list->is_list && !list->is_public && !list->is_idempotent);
    assert_int_equal(list->audit, AUDIT_CLINIC);
    assert_int_equal(list->tx, TX_SINGLE);
    assert_int_equal(list->success, 200);
    assert_int_equal(list->responses_n, 2);
    assert_true(list->responses[1].is_machinery);
    assert_string_equal(list->path_parameters[0].name, "slug");
    assert_string_equal(document_parameter(list, "limit")->fallback, "50");
    assert_null(document_parameter(list, "nothing"));
    assert_int_equal(list->hidden_n, 1);
    assert_string_equal(list->hidden[0].role, "guest");
    assert_string_equal(list->hidden[0].members[0], "secret");
    assert_true(change->needs_if_match && change->takes_merge_patch && change->body_is_required);
    assert_non_null(change->body);
    assert_int_equal(change->tx, TX_MANUAL);
    assert_int_equal(change->audit, AUDIT_NONE);
    assert_true(make->is_public && make->is_secret && make->is_idempotent && !make->in_clinic);
    assert_true(make->answers_other);
    assert_int_equal(make->audit, AUDIT_NONE);
    arena_end(&arena);
}

static void permissions_are_the_roles_that_have_them(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document = loaded(&arena, small);
    const struct operation *list = document_find(document, "things_list");
    const struct operation *change = document_find(document, "things_change");

    assert_true(document_role(document, "admin") & list->permission);
    assert_true(document_role(document, "admin") & change->permission);
    assert_true(document_role(document, "guest") & list->permission);
    assert_false(document_role(document, "guest") & change->permission);
    assert_int_equal(document_role(document, "nobody"), 0);
    assert_int_equal(document_parameter(list, "cursor")->permission, change->permission);
    assert_int_equal(document_parameter(list, "limit")->permission, 0);
    arena_end(&arena);
}

/* On a body of its own: in Thing, which is an answer too, it is refused. */
static void a_member_of_a_body_can_need_a_permission(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document =
        loaded(&arena, changed(&arena, "\"x-secret\":true,",
                               "\"requestBody\":{\"content\":{\"application/json\":{\"schema\":{"
                               "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                               "\"a\":{\"type\":\"boolean\"},\"b\":{\"type\":\"boolean\","
                               "\"x-permission\":\"thing.rename\"}}}}}},"));
    const struct operation *make = document_find(document, "things_make");

    assert_int_equal(make->body_permissions_n, 1);
    assert_string_equal(make->body_permissions[0].member, "b");
    assert_int_equal(make->body_permissions[0].permission,
                     document_find(document, "things_change")->permission);
    assert_false(make->body_is_required);
    arena_end(&arena);
}

static void problems_have_status_title_and_member(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document = loaded(&arena, small);

    assert_int_equal(document_problem(document, "twins")->status, 409);
    assert_string_equal(document_problem(document, "twins")->member, "candidates");
    assert_null(document_problem(document, "not-found")->member);
    assert_null(document_problem(document, "unheard-of"));
    arena_end(&arena);
}

static void an_operation_without_id_or_permission_is_refused(void **state)
{
    (void)state;
    assert_refused("\"operationId\":\"things_list\",", "", "no operationId");
    assert_refused("\"x-permission\":\"thing.read\",\"x-hide\"", "\"x-hide\"", "no x-permission");
    assert_refused("\"things_make\"", "\"things_list\"", "things_list is there twice");
}

static void a_permission_that_no_role_has_is_refused(void **state)
{
    (void)state;
    assert_refused("\"x-permission\":\"thing.read\"", "\"x-permission\":\"thing.eat\"",
                   "no role has the permission thing.eat");
    assert_refused("\"x-permission\":\"thing.rename\",\"schema\"",
                   "\"x-permission\":\"thing.eat\",\"schema\"",
                   "no role has the permission thing.eat");
    /* what only a state names, nobody has */
    assert_refused("\"admin\":[\"thing.read\",\"thing.rename\"]",
                   "\"password_change_required\":[\"thing.rename\"]",
                   "no role has the permission thing.rename");
}

static void more_than_64_roles_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf list;

    buf_begin(&list, &arena, 4096);
    buf_text(&list, "\"guest\":[\"thing.read\"]");
    int more = ROLES - (int)loaded(&arena, changed(&arena, "\"guest\"", "\"guest\""))->roles_n;
    for (int i = 0; i < more; i++)
        buf_format(&list, ",\"r%d\":[\"p%d\"]", i, i);
    loaded(&arena, changed(&arena, "\"guest\":[\"thing.read\"]", list.text));
    buf_text(&list, ",\"last\":[]");
    assert_refused("\"guest\":[\"thing.read\"]", list.text, "more than 64 roles");
    arena_end(&arena);
}

static void an_unknown_extension_is_refused_wherever_it_stands(void **state)
{
    (void)state;
    assert_refused("{\"x-roles\"", "{\"x-rules\":1,\"x-roles\"", "x-rules");
    assert_refused("{\"operationId\":\"things_list\"",
                   "{\"x-foo\":1,\"operationId\":\"things_list\"", "things_list: x-foo");
    assert_refused("{\"name\":\"limit\"", "{\"x-foo\":1,\"name\":\"limit\"",
                   "parameter limit: x-foo");
    assert_refused("{\"x-machinery\"", "{\"x-foo\":1,\"x-machinery\"", "response 404: x-foo");
    assert_refused("{\"type\":\"integer\"", "{\"x-foo\":1,\"type\":\"integer\"", "x-foo");
    assert_refused("{\"required\":true,\"content\"", "{\"x-foo\":1,\"required\":true,\"content\"",
                   "x-foo");
    assert_refused("{\"parameters\":[{\"name\":\"slug\"",
                   "{\"x-foo\":1,\"parameters\":[{\"name\":\"slug\"", "x-foo");
}

static void an_unknown_schema_keyword_is_refused(void **state)
{
    (void)state;
    assert_refused("{\"type\":\"integer\"", "{\"multipleOf\":3,\"type\":\"integer\"", "multipleOf");
    assert_refused("\"secret\":{\"type\":\"string\"",
                   "\"secret\":{\"oneOf\":[],\"type\":\"string\"", "oneOf");
}

static void a_problem_that_is_not_listed_is_refused(void **state)
{
    (void)state;
    assert_refused("\"example\":{\"code\":\"not-found\"", "\"example\":{\"code\":\"lost\"",
                   "the problem lost is not in x-problems");
    assert_refused("\"example\":{\"code\":\"not-found\"", "\"example\":{\"code\":\"twins\"",
                   "the problem twins has the status 409");
    assert_refused("\"status\":404,", "", "must have a status");
}

static void parameters_that_nobody_reads_are_refused(void **state)
{
    (void)state;
    assert_refused("\"name\":\"If-Match\"", "\"name\":\"X-Colour\"", "a header that nobody reads");
    assert_refused("\"name\":\"cursor\"", "\"name\":\"limit\"", "is there twice");
    assert_refused("application/merge-patch+json", "text/csv", "no list of flat things");
    assert_refused("\"name\":\"slug\",\"in\":\"path\"", "\"name\":\"slig\",\"in\":\"path\"",
                   "is not in the path");
    assert_refused(
        "\"parameters\":[{\"name\":\"slug\",\"in\":\"path\",\"required\":true,\"schema\":{"
        "\"type\":\"string\",\"maxLength\":50}}],",
        "", "is not described");
    assert_refused("\"name\":\"cursor\",\"in\":\"query\"", "\"name\":\"cursor\",\"in\":\"cookie\"",
                   "in cookie");
}

static void views_name_roles_and_members_that_exist(void **state)
{
    (void)state;
    assert_refused("\"x-hide\":{\"guest\"", "\"x-hide\":{\"gost\"", "there is no role gost");
    assert_refused("[\"secret\"]", "[\"secrets\"]", "no member of its answer");
}

static void a_limit_is_so_many_in_a_window(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document =
        loaded(&arena, changed(&arena, "\"x-secret\":true,",
                               "\"x-limit\":{\"requests\":5,\"window_seconds\":3600},"));
    const struct operation *make = document_find(document, "things_make");

    assert_int_equal(make->limit.per_window, 5);
    assert_int_equal(make->limit.window_s, 3600);
    assert_int_equal(document_find(document, "things_list")->limit.per_window, 0);
    arena_end(&arena);
    assert_refused("\"x-secret\":true,", "\"x-limit\":{\"requests\":5},", "x-limit must be");
    assert_refused("\"x-secret\":true,", "\"x-limit\":{\"requests\":0,\"window_seconds\":60},",
                   "x-limit must be");
    assert_refused("\"x-secret\":true,",
                   "\"x-limit\":{\"requests\":5,\"window_seconds\":60,\"burst\":9},",
                   "x-limit must be");
    assert_refused("\"x-secret\":true,", "\"x-limit\":5,", "x-limit must be");
}

static void a_permission_in_an_answer_is_refused(void **state)
{
    (void)state;
    assert_refused("\"items\":{\"type\"", "\"items\":{\"x-permission\":\"thing.read\",\"type\"",
                   "does nothing in an answer");
}

static void a_default_in_a_patch_is_refused(void **state)
{
    (void)state;
    assert_refused("\"name\":{\"type\":\"string\"",
                   "\"name\":{\"default\":\"x\",\"type\":\"string\"",
                   "things_change: a default would overwrite");
}

/* The small document with an operation that takes a file. */
#define THINGS_CHANGE "\"patch\":{\"operationId\":\"things_change\""
#define FORM_PUT(method, more, body, members)                                                      \
    "\"" method "\":{\"operationId\":\"things_draw\",\"x-permission\":\"thing.read\"," more        \
    "\"requestBody\":{" body "\"content\":{\"multipart/form-data\":{\"schema\":{"                  \
    "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" members                  \
    "}}}}},\"responses\":{\"204\":{}}}," THINGS_CHANGE
#define REQUIRED "\"required\":true,"
#define FILE_MEMBER "\"picture\":{\"type\":\"string\",\"format\":\"binary\"}"

static void a_body_with_a_file_is_one_file_and_text(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct document *document =
        loaded(&arena, changed(&arena, THINGS_CHANGE,
                               FORM_PUT("put", "\"x-upload\":\"logo\",", REQUIRED,
                                        FILE_MEMBER ",\"note\":{\"type\":[\"string\",\"null\"],"
                                                    "\"maxLength\":9},\"n\":{\"type\":\"integer\","
                                                    "\"x-permission\":\"thing.rename\"}")));
    const struct operation *draw = document_find(document, "things_draw");

    assert_string_equal(draw->file, "picture");
    assert_int_equal(draw->upload, UPLOAD_LOGO);
    assert_true(draw->body_is_required);
    assert_int_equal(draw->body_permissions_n, 1);
    assert_null(document_find(document, "things_change")->file);
    arena_end(&arena);
}

static void a_body_with_a_file_that_could_not_be_read_is_refused(void **state)
{
    (void)state;
    assert_refused(THINGS_CHANGE, FORM_PUT("put", "", "", FILE_MEMBER), "must be required");
    assert_refused(
        "\"x-secret\":true,",
        "\"requestBody\":{\"required\":true,\"content\":{\"multipart/form-data\":{\"schema\":{"
        "\"type\":\"object\",\"additionalProperties\":false,\"properties\":{" FILE_MEMBER "}}}}},",
        "in a clinic");
    assert_refused(THINGS_CHANGE, FORM_PUT("put", "", REQUIRED, "\"n\":{\"type\":\"integer\"}"),
                   "one member of format binary");
    assert_refused(THINGS_CHANGE,
                   FORM_PUT("put", "", REQUIRED,
                            FILE_MEMBER ",\"two\":{\"type\":\"string\",\"format\":\"binary\"}"),
                   "one member of format binary");
    assert_refused(THINGS_CHANGE,
                   FORM_PUT("put", "", REQUIRED,
                            FILE_MEMBER ",\"list\":{\"type\":\"array\",\"maxItems\":2,\"items\":{"
                                        "\"type\":\"integer\"}}"),
                   "one member of format binary");
    assert_refused(THINGS_CHANGE, FORM_PUT("put", "\"x-upload\":\"film\",", REQUIRED, FILE_MEMBER),
                   "x-upload must be");
    assert_refused("\"x-tx\":true,", "\"x-tx\":true,\"x-upload\":\"file\",",
                   "x-upload without a file");
    assert_refused("\"name\":{\"type\":\"string\",\"maxLength\":9}",
                   "\"name\":{\"type\":\"string\",\"format\":\"binary\"}",
                   "needs multipart/form-data");
}

static enum err run(struct request *request)
{
    (void)request;
    return ERR_NONE;
}

static void assert_unbound(const struct handler *handlers, size_t n, const char *sentence)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = loaded(&arena, small);

    assert_int_equal(document_bind(document, handlers, n, &fault), ERR_INTERNAL);
    if (strstr(fault.detail, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", fault.detail, sentence);
    arena_end(&arena);
}

static void operations_and_handlers_must_match_one_to_one(void **state)
{
    (void)state;
    static const struct handler handlers[] = {
        {"things_list", run}, {"things_change", run}, {"things_make", run}, {"things_eat", run}};
    static const struct handler twins[] = {
        {"things_list", run}, {"things_change", run}, {"things_make", run}, {"things_make", run}};
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = loaded(&arena, small);

    assert_int_equal(document_bind(document, handlers, 3, &fault), ERR_NONE);
    assert_ptr_equal(document_find(document, "things_make")->handler, run);
    arena_end(&arena);
    assert_unbound(handlers, 2, "things_make has no handler");
    assert_unbound(handlers, 4, "no operation for handler things_eat");
    assert_unbound(twins, 4, "things_make has two handlers");
}

static void the_embedded_document_loads(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = NULL;
    enum err err = document_load(&arena, document_bytes, document_bytes_n, &fault, &document);

    if (err != ERR_NONE)
        fail_msg("refused: %s", fault.detail);
    assert_int_equal(document_bytes[document_bytes_n], '\0');
    const struct operation *update = document_find(document, "clinics_update");
    assert_int_equal(update->body_permissions_n, 2);
    assert_string_equal(update->body_permissions[0].member, "slug");
    assert_false(document_role(document, "admin") & update->body_permissions[0].permission);
    assert_true(document_role(document, "super_admin") & update->body_permissions[0].permission);
    arena_end(&arena);
}

static bool is_asked_for(const struct document *document, const char *permission)
{
    static const char member[] = "\"x-permission\":";
    size_t length = strlen(permission);
    const char *at = document->text;
    while ((at = strstr(at, member)) != NULL) {
        at += sizeof member - 1;
        at += strspn(at, " \"");
        if (strncmp(at, permission, length) == 0 && at[length] == '"')
            return true;
    }
    return false;
}

static void no_role_has_a_permission_that_nothing_asks_for(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct document *document = NULL;

    assert_int_equal(document_load(&arena, document_bytes, document_bytes_n, &fault, &document),
                     ERR_NONE);
    for (size_t i = 0; i < document->roles_n; i++) {
        size_t at;
        const json_t *name;
        json_array_foreach(document->roles[i].permissions, at, name)
        {
            if (!is_asked_for(document, json_string_value(name)))
                fail_msg("%s has %s, which nothing asks for", document->roles[i].name,
                         json_string_value(name));
        }
    }
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations_know_what_the_document_says),
        cmocka_unit_test(permissions_are_the_roles_that_have_them),
        cmocka_unit_test(a_member_of_a_body_can_need_a_permission),
        cmocka_unit_test(problems_have_status_title_and_member),
        cmocka_unit_test(an_operation_without_id_or_permission_is_refused),
        cmocka_unit_test(a_permission_that_no_role_has_is_refused),
        cmocka_unit_test(more_than_64_roles_are_refused),
        cmocka_unit_test(an_unknown_extension_is_refused_wherever_it_stands),
        cmocka_unit_test(an_unknown_schema_keyword_is_refused),
        cmocka_unit_test(a_problem_that_is_not_listed_is_refused),
        cmocka_unit_test(parameters_that_nobody_reads_are_refused),
        cmocka_unit_test(views_name_roles_and_members_that_exist),
        cmocka_unit_test(a_limit_is_so_many_in_a_window),
        cmocka_unit_test(a_permission_in_an_answer_is_refused),
        cmocka_unit_test(a_default_in_a_patch_is_refused),
        cmocka_unit_test(a_body_with_a_file_is_one_file_and_text),
        cmocka_unit_test(a_body_with_a_file_that_could_not_be_read_is_refused),
        cmocka_unit_test(operations_and_handlers_must_match_one_to_one),
        cmocka_unit_test(the_embedded_document_loads),
        cmocka_unit_test(no_role_has_a_permission_that_nothing_asks_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
