#include "tests/api/matrix.h"
#include "tests/harness/parts.h"

#include <stdlib.h>
#include <string.h>

/* ---- the document, read without the program's own compiler of it ---- */

static bool list_has(const json_t *list, const char *text)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) if (strcmp(json_string_value(item), text) == 0) return true;
    return false;
}

static bool role_has(const struct document *document, const char *role, const char *permission)
{
    return list_has(json_object_get(json_object_get(document->json, "x-roles"), role), permission);
}

static json_t *resolve(const struct document *document, json_t *value)
{
    const char *ref = json_string_value(json_object_get(value, "$ref"));
    if (!ref)
        return value;
    json_t *at = document->json;
    for (const char *part = strchr(ref, '/'); part; part = strchr(part, '/')) {
        char name[128];
        size_t n = strcspn(++part, "/");
        if (n >= sizeof name)
            return NULL;
        memcpy(name, part, n);
        name[n] = '\0';
        at = json_object_get(at, name);
    }
    return at;
}

static json_t *source_of(const struct document *document, const struct operation *operation)
{
    static const char *const names[METHOD_COUNT] = {"get", "post", "put", "patch", "delete"};
    json_t *path = json_object_get(json_object_get(document->json, "paths"), operation->path);
    return json_object_get(path, names[operation->method]);
}

static const char *source_text(const struct document *document, const struct operation *operation,
                               const char *member)
{
    const char *text = json_string_value(json_object_get(source_of(document, operation), member));
    return text ? text : "";
}

/* ---- what must come out ---- */

static struct matrix_expected only(int status, const char *why)
{
    return (struct matrix_expected){{status}, why};
}

static struct matrix_expected either(int status, int other, const char *why)
{
    return (struct matrix_expected){{status, other}, why};
}

static bool is_closed(const struct seed *seed)
{
    return seed == &seed_suspended || seed == &seed_inactive;
}

/* Answers of our example requests that are no success although everything is permitted. */
static struct matrix_expected success(const struct matrix_check *check)
{
    const struct operation *operation = check->operation;
    bool is_refresh = strstr(operation->id, "_refresh") != NULL;
    if (is_refresh)
        return only(401, "the example's refresh token is nobody's");
    if (strcmp(operation->id, "auth_login") == 0 && check->where.seed != &seed_a)
        return only(401, "the name and password are of clinic A");
    if (strcmp(operation->id, "auth_password_reset_confirm") == 0)
        return only(422, "the example's reset token is nobody's");
    if (strcmp(operation->id, "papers_check") == 0)
        return only(404, "the code is forged");
    if (strcmp(operation->id, "docs_asset") == 0)
        return either(200, 404, "an asset that may not be built in");
    if (operation->success == 0)
        return only(200, "permitted");
    return only(operation->success, "permitted");
}

static struct matrix_expected outcome(const struct matrix_check *check, const json_t *statuses,
                                      const char *why)
{
    struct matrix_expected expected = {.why = why};
    for (size_t i = 0; i < json_array_size(statuses) && i < EXPECTED_MAX; i++) {
        int status = (int)json_integer_value(json_array_get(statuses, i));
        expected.status[i] = status ? status : success(check).status[0];
    }
    return expected;
}

/* The record, for somebody whom the role permits the operation. */
static struct matrix_expected on_record(const json_t *records, const struct matrix_check *check)
{
    const struct matrix_what *what = &check->what;
    const char *why;
    if (what->owner && (what->owner != check->where.seed || what->id == SEED_NOBODY))
        return only(404, "no such record in this clinic");
    if (what->owner && strcmp(check->who->role, "patient") == 0 &&
        records_say(records, "other", what->id))
        return only(404, "another patient's record");
    const json_t *statuses =
        records_outcome(records, check->operation->id, check->who->role, what->id, &why);
    struct matrix_expected expected = statuses ? outcome(check, statuses, why) : success(check);
    if (check->refers_elsewhere && expected.status[0] < 400)
        return either(404, 422, "the body names another clinic's record");
    return expected;
}

static struct matrix_expected permitted(const struct document *document, const json_t *records,
                                        const struct matrix_check *check)
{
    const struct matrix_who *who = check->who;
    const char *permission = source_text(document, check->operation, "x-permission");
    if (strcmp(permission, "public") == 0)
        return on_record(records, check);
    if (!role_has(document, who->role, permission))
        return only(403, "the role has no such permission");
    if (who->must_change && !role_has(document, "password_change_required", permission))
        return only(403, "the password must be changed first");
    if (who->kind == WHO_MEMBER && who->home == &seed_expired &&
        !role_has(document, "subscription_expired", permission))
        return only(403, "the subscription permits reading only");
    return on_record(records, check);
}

static struct matrix_expected for_nobody(const struct document *document,
                                         const struct matrix_check *check)
{
    bool is_public = strcmp(source_text(document, check->operation, "x-permission"), "public") == 0;
    if (!check->where.slug)
        return is_public ? success(check) : only(401, "nobody is signed in");
    if (!check->where.seed)
        return is_public ? only(404, "no such clinic") : only(401, "nobody is signed in");
    if (is_closed(check->where.seed))
        return only(401, "the clinic is closed");
    return is_public ? success(check) : only(401, "nobody is signed in");
}

static struct matrix_expected for_bad_token(const struct document *document,
                                            const struct matrix_check *check)
{
    bool is_public = strcmp(source_text(document, check->operation, "x-permission"), "public") == 0;
    if (check->where.slug && !check->where.seed)
        return either(401, 404, "a bad token, and no such clinic");
    if (!check->where.slug && is_public && check->who->home)
        return either(401, success(check).status[0], "a clinic's token where none is needed");
    return only(401, "a bad token");
}

static struct matrix_expected for_member(const struct document *document, const json_t *records,
                                         const struct matrix_check *check)
{
    bool is_public = strcmp(source_text(document, check->operation, "x-permission"), "public") == 0;
    const struct matrix_who *who = check->who;
    if (!check->where.slug)
        return is_public ? success(check) : either(401, 403, "a clinic's token on the platform");
    if (!check->where.seed)
        return only(404, "no such clinic");
    if (is_closed(check->where.seed))
        return only(401, "the clinic is closed");
    if (check->where.seed != who->home)
        return only(404, "another clinic");
    return permitted(document, records, check);
}

static struct matrix_expected for_platform(const struct document *document, const json_t *records,
                                           const struct matrix_check *check)
{
    if (check->where.slug && !check->where.seed)
        return only(404, "no such clinic");
    return permitted(document, records, check);
}

struct matrix_expected matrix_expect(const struct document *document, const json_t *records,
                                     const struct matrix_check *check)
{
    bool is_public = strcmp(source_text(document, check->operation, "x-permission"), "public") == 0;
    /* Signing in and refreshing carry credentials of their own; a token beside them is not read. */
    if (is_public && check->operation->method != METHOD_GET)
        return for_nobody(document, check);
    switch (check->who->kind) {
    case WHO_NOBODY:
        return for_nobody(document, check);
    case WHO_GARBAGE:
    case WHO_OVER:
        return for_bad_token(document, check);
    case WHO_MEMBER:
        return for_member(document, records, check);
    case WHO_PLATFORM:
        return for_platform(document, records, check);
    }
    return only(0, "no such kind");
}

/* ---- what to send ---- */

static void set_unique(json_t *body, const char *member, const char *before, unsigned n,
                       const char *after)
{
    if (json_is_string(json_object_get(body, member)))
        json_object_set_new(body, member, json_sprintf("%s%07u%s", before, n, after));
}

static void set_known(json_t *body, const char *member, const char *value)
{
    if (json_object_get(body, member))
        json_object_set_new(body, member, json_string(value));
}

const char *matrix_body(struct arena *arena, const struct document *document, const json_t *records,
                        const struct operation *operation, unsigned n, const struct seed *owner,
                        bool *refers)
{
    *refers = false;
    json_t *request =
        resolve(document, json_object_get(source_of(document, operation), "requestBody"));
    json_t *media = json_object_get(request, "content");
    json_t *content =
        json_object_get(media, operation->file ? "multipart/form-data" : "application/json");
    json_t *example = resolve(document, json_object_get(content, "example"));
    if (!example && !operation->file)
        return operation->body_is_required ? "{}" : NULL;
    json_t *body =
        arena_json(arena, example ? json_deep_copy(example)
                                  : parts_example(document, json_object_get(content, "schema")));
    *refers = records_refer(records, body, owner);
    set_unique(body, "slug", "made-by-matrix-", n, "");
    set_unique(body, "registration_number", "REG-MATRIX-", n, "");
    set_unique(body, "username", "matrix.", n, "");
    set_unique(body, "email", "matrix.", n, "@made.example");
    if (operation->method == METHOD_POST)
        set_unique(body, "phone_number", "+91 80 6", n, "");
    set_known(body, "password", SEED_PASSWORD);
    set_known(body, "current_password", SEED_PASSWORD);
    if (strcmp(operation->id, "auth_login") == 0)
        set_known(body, "username", "doctor-aa");
    if (strcmp(operation->id, "platform_login") == 0)
        set_known(body, "username", "boss");
    char *text = json_dumps(body, JSON_COMPACT);
    const char *copy = arena_copy(arena, text);
    free(text);
    return copy;
}
