#include "openapi/bundle.h"

#include <stdio.h>
#include <string.h>

/* What an operation is, as far as the answers and headers that the machinery gives depend on it. */
enum trait {
    ALWAYS = 1 << 0,
    GUARDED = 1 << 1,   /* needs credentials, at least for a parameter or a member */
    BODY = 1 << 2,      /* takes a body */
    MATCHED = 1 << 3,   /* takes If-Match */
    KEYED = 1 << 4,     /* takes Idempotency-Key */
    CACHEABLE = 1 << 5, /* a GET whose answer has a version */
    UPLOAD = 1 << 6,    /* takes a file */
    PLACED = 1 << 7     /* under /clinics/{slug} */
};

static const struct {
    unsigned traits; /* any of them brings the answer */
    const char *status;
    const char *component;
} answers[] = {
    {ALWAYS, "400", "BadRequest"},
    {ALWAYS, "401", "Unauthorized"},
    {GUARDED, "403", "Forbidden"},
    {ALWAYS, "404", "NotFound"},
    {ALWAYS, "405", "MethodNotAllowed"},
    {ALWAYS, "406", "NotAcceptable"},
    {KEYED, "409", "Conflict"},
    {MATCHED, "412", "PreconditionFailed"},
    {BODY, "413", "PayloadTooLarge"},
    {ALWAYS, "414", "UriTooLong"},
    {BODY, "415", "UnsupportedMediaType"},
    {BODY | KEYED, "422", "Unprocessable"},
    {MATCHED, "428", "PreconditionRequired"},
    {ALWAYS, "429", "TooManyRequests"},
    {ALWAYS, "431", "HeaderTooLarge"},
    {ALWAYS, "500", "InternalError"},
    {ALWAYS, "503", "Unavailable"},
    {ALWAYS, "504", "DeadlineExceeded"},
    {CACHEABLE, "304", "NotModified"},
    {PLACED, "308", "Moved"},
    {UPLOAD, "507", "InsufficientStorage"},
};

static bool is_true(const json_t *object, const char *member, bool absent)
{
    const json_t *value = json_object_get(object, member);
    return value == NULL ? absent : json_is_true(value);
}

static json_t *reference(const char *kind, const char *name)
{
    return json_pack("{s:o}", "$ref", json_sprintf("#/components/%s/%s", kind, name));
}

static json_t *media_schema(const struct bundle *bundle, json_t *holder, const char *type)
{
    json_t *content = json_object_get(bundle_resolve(bundle, holder), "content");
    json_t *schema = json_object_get(json_object_get(content, type), "schema");
    return schema != NULL ? bundle_resolve(bundle, schema) : NULL;
}

/* The schema of a JSON answer or body, resolved; NULL when there is none. */
static json_t *json_schema(const struct bundle *bundle, json_t *holder)
{
    return media_schema(bundle, holder, "application/json");
}

/* The schema of a body with a file, resolved; NULL: it has none. */
static json_t *form_schema(const struct bundle *bundle, json_t *holder)
{
    return media_schema(bundle, holder, "multipart/form-data");
}

static bool takes_parameter(json_t *operation, const char *component)
{
    json_auto_t *wanted = reference("parameters", component);
    size_t i;
    json_t *parameter;

    json_array_foreach(json_object_get(operation, "parameters"), i, parameter)
    {
        if (json_equal(parameter, wanted))
            return true;
    }
    return false;
}

/* Does a query parameter or a member of the body need a permission of its own? */
static bool has_guarded_part(const struct bundle *bundle, json_t *operation)
{
    size_t i;
    const char *name;
    json_t *value;

    json_array_foreach(json_object_get(operation, "parameters"), i, value)
    {
        if (json_object_get(bundle_resolve(bundle, value), "x-permission") != NULL)
            return true;
    }
    json_t *taken = json_object_get(operation, "requestBody");
    json_t *form = form_schema(bundle, taken);
    json_t *body = form != NULL ? form : json_schema(bundle, taken);
    json_object_foreach(json_object_get(body, "properties"), name, value)
    {
        if (json_object_get(value, "x-permission") != NULL)
            return true;
    }
    return false;
}

/* Is there an ETag? `version` says so when it is a record's Version, not, say, a program's. */
static bool has_version(json_t *schema)
{
    json_t *version = json_object_get(json_object_get(schema, "properties"), "version");
    const char *ref = json_string_value(json_object_get(version, "$ref"));

    return ref != NULL && strcmp(ref, "#/components/schemas/Version") == 0;
}

static bool answers_version(const struct bundle *bundle, json_t *operation)
{
    const char *status;
    json_t *response;

    json_object_foreach(json_object_get(operation, "responses"), status, response)
    {
        if (status[0] == '2' && has_version(json_schema(bundle, response)))
            return true;
    }
    return false;
}

static bool is_placed(const char *path)
{
    static const char prefix[] = "/clinics/{slug}";
    size_t length = sizeof prefix - 1;
    return strncmp(path, prefix, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

static unsigned traits_of(const struct bundle *bundle, const char *path, const char *method,
                          json_t *operation)
{
    const char *permission = json_string_value(json_object_get(operation, "x-permission"));
    bool is_public = permission != NULL && strcmp(permission, "public") == 0;
    unsigned traits = is_placed(path) ? ALWAYS | PLACED : ALWAYS;

    if (!is_public || has_guarded_part(bundle, operation))
        traits |= GUARDED;
    if (json_object_get(operation, "requestBody") != NULL)
        traits |= BODY;
    if (form_schema(bundle, json_object_get(operation, "requestBody")) != NULL)
        traits |= UPLOAD;
    if (takes_parameter(operation, "IfMatch"))
        traits |= MATCHED;
    if (strcmp(method, "post") == 0 && is_true(operation, "x-idempotent", true))
        traits |= KEYED;
    if (strcmp(method, "get") == 0 && answers_version(bundle, operation))
        traits |= CACHEABLE;
    return traits;
}

static void add_parameters(json_t *operation, unsigned traits)
{
    json_t *parameters = json_object_get(operation, "parameters");

    if ((traits & (KEYED | CACHEABLE)) == 0)
        return;
    if (parameters == NULL) {
        parameters = json_array();
        json_object_set_new(operation, "parameters", parameters);
    }
    if (traits & KEYED)
        json_array_append_new(parameters, reference("parameters", "IdempotencyKey"));
    if (traits & CACHEABLE)
        json_array_append_new(parameters, reference("parameters", "IfNoneMatch"));
}

static void add_header(json_t *headers, const char *name)
{
    if (json_object_get(headers, name) == NULL)
        json_object_set_new(headers, name, reference("headers", name));
}

/* The headers of the answers that the operation documents itself. */
static void add_headers(const struct bundle *bundle, json_t *operation)
{
    const char *status;
    json_t *response;

    json_object_foreach(json_object_get(operation, "responses"), status, response)
    {
        if (json_object_get(response, "$ref") != NULL)
            continue;
        json_t *headers = json_object_get(response, "headers");
        if (headers == NULL) {
            headers = json_object();
            json_object_set_new(response, "headers", headers);
        }
        json_t *schema = json_schema(bundle, response);
        if (strcmp(status, "201") == 0)
            add_header(headers, "Location");
        if (has_version(schema))
            add_header(headers, "ETag");
        if (json_object_get(json_object_get(schema, "properties"), "next_cursor") != NULL)
            add_header(headers, "Link");
        add_header(headers, "X-Request-Id");
    }
}

static bool has_odd_status(json_t *responses)
{
    const char *status;
    json_t *response;

    json_object_foreach(responses, status, response)
    {
        if (strlen(status) != 3 || strspn(status, "0123456789") != 3 || status[0] < '1' ||
            status[0] > '5')
            return true;
    }
    return false;
}

/* The operation's own answers and those of its traits, in the order of their numbers. */
static void add_answers(struct bundle *bundle, const char *id, json_t *operation, unsigned traits)
{
    json_t *own = json_object_get(operation, "responses");
    json_t *all = json_object();

    for (int number = 100; number < 600; number++) {
        char status[16];
        snprintf(status, sizeof status, "%d", number);
        json_t *response = json_object_get(own, status);
        if (response != NULL)
            json_object_set(all, status, response);
        for (size_t i = 0; response == NULL && i < sizeof answers / sizeof *answers; i++) {
            if (strcmp(answers[i].status, status) != 0 || !(answers[i].traits & traits))
                continue;
            json_auto_t *added = reference("responses", answers[i].component);
            if (bundle_resolve(bundle, added) == NULL)
                bundle_complain(bundle, NULL, "there is no component responses/%s, which %s needs",
                                answers[i].component, id);
            json_object_set(all, status, added);
        }
    }
    if (has_odd_status(own))
        bundle_complain(bundle, NULL, "%s has a response that is no status", id);
    json_object_set_new(operation, "responses", all);
}

/* Public operations need no credentials; those that show more to whoever has some take them. */
static void add_security(json_t *operation, unsigned traits)
{
    const char *permission = json_string_value(json_object_get(operation, "x-permission"));

    if (permission == NULL || strcmp(permission, "public") != 0)
        return;
    bool is_optional = (traits & GUARDED) || json_object_get(operation, "x-hide") != NULL;
    json_object_set_new(operation, "security",
                        is_optional ? json_pack("[{}, {s:[]}]", "bearer") : json_array());
}

void bundle_traits(struct bundle *bundle)
{
    const char *path, *method;
    json_t *item, *operation;

    json_object_foreach(json_object_get(bundle->document, "paths"), path, item)
    {
        json_object_foreach(item, method, operation)
        {
            if (!bundle_is_method(method))
                continue;
            const char *id = json_string_value(json_object_get(operation, "operationId"));
            if (!json_is_object(operation) || id == NULL) {
                bundle_complain(bundle, NULL, "%s %s has no operationId", method, path);
                continue;
            }
            unsigned traits = traits_of(bundle, path, method, operation);
            add_parameters(operation, traits);
            add_headers(bundle, operation);
            add_answers(bundle, id, operation, traits);
            add_security(operation, traits);
        }
    }
}
