#include "api/http/document_parts.h"

#include <string.h>

enum { LIMIT_REQUESTS_MAX = 10000, LIMIT_SECONDS_MAX = 86400 };

static const char *const operation_members[] = {
    "x-permission", "x-row",   "x-hide",  "x-mask",   "x-secret",      "x-tx",
    "x-idempotent", "x-audit", "x-limit", "x-upload", "x-maintenance", NULL};

static enum err compile(struct loader *loader, const char *where, json_t *source,
                        const struct schema **out)
{
    struct fault fault = {.arena = loader->arena};
    enum err err = schema_compile(loader->arena, loader->json, source, &fault, out);

    if (err != ERR_NONE)
        return fail(loader->fault, err, NULL, "%s: %s", where, fault.detail);
    return ERR_NONE;
}

static enum err read_flag(struct loader *loader, const struct operation *operation, json_t *source,
                          const char *name, bool absent, bool *out)
{
    const json_t *value = json_object_get(source, name);

    if (value != NULL && !json_is_boolean(value))
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: %s must be true or false",
                    operation->id, name);
    *out = value != NULL ? json_is_true(value) : absent;
    return ERR_NONE;
}

static enum err read_permission(struct loader *loader, json_t *source, struct operation *out)
{
    out->permission_name = json_string_value(json_object_get(source, "x-permission"));
    if (out->permission_name == NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: has no x-permission", out->id);
    out->is_public = strcmp(out->permission_name, "public") == 0;
    return out->is_public
               ? ERR_NONE
               : document_permission(loader, out->id, out->permission_name, &out->permission);
}

static enum err read_audit(struct loader *loader, json_t *source, struct operation *out)
{
    const json_t *value = json_object_get(source, "x-audit");
    const char *name = json_string_value(value);

    if (value == NULL) {
        out->audit = out->is_public ? AUDIT_NONE : AUDIT_PLATFORM;
        if (out->in_clinic)
            out->audit = AUDIT_CLINIC;
    } else if (name != NULL && strcmp(name, "none") == 0) {
        out->audit = AUDIT_NONE;
    } else if (name != NULL && strcmp(name, "platform") == 0) {
        out->audit = AUDIT_PLATFORM;
    } else if (name != NULL && strcmp(name, "clinic") == 0) {
        out->audit = AUDIT_CLINIC;
    } else {
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: x-audit must be clinic, platform or none", out->id);
    }
    return ERR_NONE;
}

static enum err read_limit(struct loader *loader, json_t *source, struct operation *out)
{
    const json_t *value = json_object_get(source, "x-limit");
    json_int_t requests = json_integer_value(json_object_get(value, "requests"));
    json_int_t seconds = json_integer_value(json_object_get(value, "window_seconds"));

    if (value == NULL)
        return ERR_NONE;
    if (json_object_size(value) != 2 || requests < 1 || requests > LIMIT_REQUESTS_MAX ||
        seconds < 1 || seconds > LIMIT_SECONDS_MAX)
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: x-limit must be {requests: 1 to %d, window_seconds: 1 to %d}", out->id,
                    LIMIT_REQUESTS_MAX, LIMIT_SECONDS_MAX);
    out->limit = (struct limit){.per_window = (int)requests, .window_s = (int)seconds};
    return ERR_NONE;
}

static enum err read_traits(struct loader *loader, json_t *source, struct operation *out)
{
    bool is_manual = false;

    enum err err = read_permission(loader, source, out);
    if (err == ERR_NONE)
        err = read_audit(loader, source, out);
    if (err == ERR_NONE)
        err = read_limit(loader, source, out);
    if (err == ERR_NONE)
        err = read_flag(loader, out, source, "x-secret", false, &out->is_secret);
    if (err == ERR_NONE)
        err = read_flag(loader, out, source, "x-tx", false, &is_manual);
    if (err == ERR_NONE)
        err = read_flag(loader, out, source, "x-maintenance", false, &out->stays_open);
    if (err == ERR_NONE)
        err = read_flag(loader, out, source, "x-idempotent", out->method == METHOD_POST,
                        &out->is_idempotent);
    out->tx = is_manual ? TX_MANUAL : TX_SINGLE;
    out->row = json_string_value(json_object_get(source, "x-row"));
    return err;
}

/* A default as the query would say it. */
static enum err read_fallback(struct loader *loader, const char *where, const json_t *value,
                              const char **out)
{
    if (json_is_string(value))
        *out = json_string_value(value);
    else if (json_is_integer(value))
        *out = arena_format(loader->arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    else if (json_is_boolean(value))
        *out = json_is_true(value) ? "true" : "false";
    else if (value != NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: the default of a parameter must be a text, a whole number or a boolean",
                    where);
    return ERR_NONE;
}

static enum err read_query(struct loader *loader, const char *where, json_t *source,
                           struct operation *out)
{
    struct parameter *parameter = &out->query[out->query_n];
    json_t *schema = json_object_get(source, "schema");
    const char *permission = json_string_value(json_object_get(source, "x-permission"));

    parameter->name = json_string_value(json_object_get(source, "name"));
    parameter->is_required = json_is_true(json_object_get(source, "required"));
    if (document_parameter(out, parameter->name) != NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: is there twice", where);
    out->query_n++;
    enum err err = compile(loader, where, schema, &parameter->schema);
    if (err == ERR_NONE)
        err = read_fallback(loader, where,
                            json_object_get(document_resolve(loader->json, schema), "default"),
                            &parameter->fallback);
    if (err == ERR_NONE && permission != NULL)
        err = document_permission(loader, where, permission, &parameter->permission);
    return err;
}

/* Which place in the path a parameter has; PATH_PARAMETERS_MAX: none. */
static size_t path_place(const char *path, const char *name)
{
    size_t place = 0, length = strlen(name);

    for (const char *p = strchr(path, '{'); p != NULL; p = strchr(p + 1, '{'), place++) {
        if (strncmp(p + 1, name, length) == 0 && p[1 + length] == '}' &&
            place < PATH_PARAMETERS_MAX)
            return place;
    }
    return PATH_PARAMETERS_MAX;
}

static enum err read_path_parameter(struct loader *loader, const char *where, json_t *source,
                                    struct operation *out)
{
    const char *name = json_string_value(json_object_get(source, "name"));
    size_t place = path_place(out->path, name);

    if (place == PATH_PARAMETERS_MAX)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: is not in the path", where);
    if (json_object_get(source, "x-permission") != NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: x-permission is for query parameters only", where);
    out->path_parameters[place].name = name;
    out->path_parameters[place].is_required = true;
    return compile(loader, where, json_object_get(source, "schema"),
                   &out->path_parameters[place].schema);
}

static enum err read_header(struct loader *loader, const char *where, const char *name,
                            struct operation *out)
{
    if (strcmp(name, "If-Match") == 0)
        out->needs_if_match = true;
    else if (strcmp(name, "If-None-Match") != 0 && strcmp(name, "Idempotency-Key") != 0 &&
             strcmp(name, "Last-Event-ID") != 0 && strcmp(name, "Range") != 0 &&
             strcmp(name, "If-Range") != 0)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: is a header that nobody reads", where);
    return ERR_NONE;
}

static enum err read_parameter(struct loader *loader, json_t *source, struct operation *out)
{
    static const char *const known[] = {"x-permission", NULL};
    json_t *target = document_resolve(loader->json, source);
    const char *name = json_string_value(json_object_get(target, "name"));
    const char *in = json_string_value(json_object_get(target, "in"));

    if (name == NULL || in == NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: a parameter has no name or no in",
                    out->id);
    const char *where = arena_format(loader->arena, "%s: parameter %s", out->id, name);
    enum err err = document_known(loader, where, target, known);
    if (err != ERR_NONE)
        return err;
    if (strcmp(in, "path") == 0)
        return read_path_parameter(loader, where, target, out);
    if (strcmp(in, "query") == 0)
        return read_query(loader, where, target, out);
    if (strcmp(in, "header") == 0)
        return read_header(loader, where, name, out);
    return fail(loader->fault, ERR_INTERNAL, NULL, "%s: in %s is not understood", where, in);
}

static enum err read_parameters(struct loader *loader, json_t *shared, json_t *source,
                                struct operation *out)
{
    json_t *own = json_object_get(source, "parameters");
    json_t *const lists[] = {shared, own};

    out->query = arena_array(loader->arena, struct parameter,
                             json_array_size(shared) + json_array_size(own) + 1);
    for (size_t list = 0; list < 2; list++) {
        for (size_t i = 0; i < json_array_size(lists[list]); i++) {
            enum err err = read_parameter(loader, json_array_get(lists[list], i), out);
            if (err != ERR_NONE)
                return err;
        }
    }
    for (const char *p = strchr(out->path, '{'); p != NULL; p = strchr(p + 1, '{')) {
        if (out->path_parameters_n == PATH_PARAMETERS_MAX)
            return fail(loader->fault, ERR_INTERNAL, NULL, "%s: too many parameters in the path",
                        out->id);
        if (out->path_parameters[out->path_parameters_n++].name == NULL)
            return fail(loader->fault, ERR_INTERNAL, NULL,
                        "%s: a parameter of the path is not described", out->id);
    }
    out->is_list =
        document_parameter(out, "limit") != NULL && document_parameter(out, "cursor") != NULL;
    return ERR_NONE;
}

enum err document_operation(struct loader *loader, enum method method, const char *path,
                            json_t *shared, json_t *source, struct operation *out)
{
    static const char prefix[] = "/clinics/{slug}";
    char after = strncmp(path, prefix, sizeof prefix - 1) == 0 ? path[sizeof prefix - 1] : 'x';

    *out = (struct operation){.id = json_string_value(json_object_get(source, "operationId")),
                              .method = method,
                              .path = path,
                              .in_clinic = after == '/' || after == '\0'};
    if (out->id == NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: an operation has no operationId", path);
    enum err err = document_known(loader, out->id, source, operation_members);
    if (err == ERR_NONE)
        err = read_traits(loader, source, out);
    if (err == ERR_NONE)
        err = read_parameters(loader, shared, source, out);
    if (err == ERR_NONE)
        err = document_body(loader, source, out);
    if (err == ERR_NONE)
        err = document_responses(loader, source, out);
    return err;
}
