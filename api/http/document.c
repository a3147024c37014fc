#include "api/http/document_parts.h"

#include <string.h>

static const char *const states[] = {"password_change_required", "subscription_expired", NULL};

static bool is_in(const char *name, const char *const *names)
{
    for (; *names != NULL; names++) {
        if (strcmp(name, *names) == 0)
            return true;
    }
    return false;
}

json_t *document_resolve(json_t *document, json_t *value)
{
    const char *ref = json_string_value(json_object_get(value, "$ref"));
    json_t *at = document;

    if (ref == NULL)
        return value;
    if (ref[0] != '#' || ref[1] != '/')
        return NULL;
    for (const char *part = ref + 2; at != NULL && part != NULL;) {
        const char *slash = strchr(part, '/');
        at = slash != NULL ? json_object_getn(at, part, (size_t)(slash - part))
                           : json_object_get(at, part);
        part = slash != NULL ? slash + 1 : NULL;
    }
    return at;
}

enum err document_known(struct loader *loader, const char *where, json_t *object,
                        const char *const *known)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        if (strncmp(name, "x-", 2) == 0 && !is_in(name, known))
            return fail(loader->fault, ERR_INTERNAL, NULL, "%s: %s is not one that is understood",
                        where, name);
    }
    return ERR_NONE;
}

static bool lists(const json_t *list, const char *permission)
{
    size_t i;
    const json_t *item;
    json_array_foreach(list, i, item)
    {
        if (strcmp(json_string_value(item), permission) == 0)
            return true;
    }
    return false;
}

enum err document_permission(struct loader *loader, const char *where, const char *name,
                             uint64_t *out)
{
    const struct document *document = loader->document;
    uint64_t who = 0;
    bool is_granted = false; /* what only a state names, nobody has */

    for (size_t i = 0; i < document->roles_n; i++) {
        if (lists(document->roles[i].permissions, name)) {
            who |= document->roles[i].bit;
            is_granted = is_granted || !is_in(document->roles[i].name, states);
        }
    }
    if (!is_granted)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: no role has the permission %s", where,
                    name);
    *out = who;
    return ERR_NONE;
}

static enum err load_role(struct loader *loader, const char *name, json_t *list, struct role *out)
{
    size_t i;
    json_t *item;

    if (!json_is_array(list))
        return fail(loader->fault, ERR_INTERNAL, NULL, "x-roles: %s must be an array", name);
    json_array_foreach(list, i, item)
    {
        if (!json_is_string(item))
            return fail(loader->fault, ERR_INTERNAL, NULL, "x-roles: %s has what is no name", name);
    }
    size_t at = loader->document->roles_n++;
    if (at == ROLES_MAX)
        return fail(loader->fault, ERR_INTERNAL, NULL, "x-roles: there are more than %d roles",
                    ROLES_MAX);
    *out = (struct role){.name = name, .bit = UINT64_C(1) << at, .permissions = list};
    return ERR_NONE;
}

static enum err load_roles(struct loader *loader)
{
    struct document *document = loader->document;
    json_t *roles = json_object_get(loader->json, "x-roles");
    const char *name;
    json_t *list;

    if (!json_is_object(roles))
        return fail(loader->fault, ERR_INTERNAL, NULL, "the document has no x-roles");
    document->roles = arena_array(loader->arena, struct role, json_object_size(roles));
    json_object_foreach(roles, name, list)
    {
        enum err err = load_role(loader, name, list, &document->roles[document->roles_n]);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

static enum err load_problems(struct loader *loader)
{
    struct document *document = loader->document;
    json_t *problems = json_object_get(loader->json, "x-problems");
    const char *code;
    json_t *source;

    if (!json_is_object(problems))
        return fail(loader->fault, ERR_INTERNAL, NULL, "the document has no x-problems");
    document->problems = arena_array(loader->arena, struct problem, json_object_size(problems));
    json_object_foreach(problems, code, source)
    {
        struct problem *problem = &document->problems[document->problems_n++];
        problem->code = code;
        problem->status = (int)json_integer_value(json_object_get(source, "status"));
        const json_t *titles = json_object_get(source, "titles");
        for (int i = 0; i < LANGUAGES; i++)
            problem->titles[i] =
                json_string_value(json_object_get(titles, language_tag((enum language)i)));
        problem->titles[LANGUAGE_EN] = json_string_value(json_object_get(source, "title"));
        problem->member = json_string_value(json_object_get(source, "member"));
        if (problem->status < 400 || problem->status > 599 || problem->titles[LANGUAGE_EN] == NULL)
            return fail(loader->fault, ERR_INTERNAL, NULL,
                        "x-problems: %s must have a status of 400 to 599 and a title", code);
    }
    return ERR_NONE;
}

static enum method method_of(const char *name)
{
    static const char *const names[METHOD_COUNT] = {[METHOD_GET] = "get",
                                                    [METHOD_POST] = "post",
                                                    [METHOD_PUT] = "put",
                                                    [METHOD_PATCH] = "patch",
                                                    [METHOD_DELETE] = "delete"};
    unsigned i = 0;
    while (i < METHOD_COUNT && strcmp(names[i], name) != 0)
        i++;
    return (enum method)i;
}

static enum err load_path(struct loader *loader, const char *path, json_t *item)
{
    static const char *const nothing[] = {NULL};
    struct document *document = loader->document;
    json_t *shared = json_object_get(item, "parameters");
    const char *name;
    json_t *source;

    enum err err = document_known(loader, path, item, nothing);
    if (err != ERR_NONE)
        return err;
    json_object_foreach(item, name, source)
    {
        if (strcmp(name, "parameters") == 0 || strcmp(name, "summary") == 0 ||
            strcmp(name, "description") == 0)
            continue;
        enum method method = method_of(name);
        if (method == METHOD_COUNT)
            return fail(loader->fault, ERR_INTERNAL, NULL, "%s: %s is not one that is understood",
                        path, name);
        struct operation *operation = &document->operations[document->operations_n];
        err = document_operation(loader, method, path, shared, source, operation);
        if (err != ERR_NONE)
            return err;
        if (document_find(document, operation->id) != NULL)
            return fail(loader->fault, ERR_INTERNAL, NULL, "the operation %s is there twice",
                        operation->id);
        document->operations_n++;
    }
    return ERR_NONE;
}

static enum err load_paths(struct loader *loader)
{
    json_t *paths = json_object_get(loader->json, "paths");
    size_t room = 0;
    const char *path;
    json_t *item;

    json_object_foreach(paths, path, item) room += json_object_size(item);
    loader->document->operations = arena_array(loader->arena, struct operation, room + 1);
    json_object_foreach(paths, path, item)
    {
        enum err err = load_path(loader, path, item);
        if (err != ERR_NONE)
            return err;
    }
    if (loader->document->operations_n == 0)
        return fail(loader->fault, ERR_INTERNAL, NULL, "the document has no operations");
    return ERR_NONE;
}

enum err document_load(struct arena *arena, const char *text, size_t length, struct fault *fault,
                       struct document **out)
{
    static const char *const known[] = {"x-roles", "x-problems", NULL};
    struct document *document = arena_new(arena, struct document);
    struct loader *loader = arena_new(arena, struct loader);
    json_error_t error;

    json_t *json = json_loadb(text, length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        return fail(fault, ERR_INTERNAL, NULL, "the document is not JSON: %s in line %d",
                    error.text, error.line);
    *document = (struct document){
        .json = arena_json(arena, json), .text = text, .length = length, .arena = arena};
    *loader = (struct loader){
        .document = document, .fault = fault, .arena = arena, .json = document->json};

    enum err err = document_known(loader, "the document", document->json, known);
    if (err == ERR_NONE)
        err = load_roles(loader);
    if (err == ERR_NONE)
        err = load_problems(loader);
    if (err == ERR_NONE)
        err = load_paths(loader);
    if (err == ERR_NONE)
        *out = document;
    return err;
}

enum err document_bind(struct document *document, const struct handler *handlers, size_t n,
                       struct fault *fault)
{
    for (size_t i = 0; i < n; i++) {
        size_t at = 0;
        while (at < document->operations_n &&
               strcmp(document->operations[at].id, handlers[i].operation) != 0)
            at++;
        if (at == document->operations_n)
            return fail(fault, ERR_INTERNAL, NULL, "the document has no operation for handler %s",
                        handlers[i].operation);
        if (document->operations[at].handler != NULL)
            return fail(fault, ERR_INTERNAL, NULL, "the operation %s has two handlers",
                        handlers[i].operation);
        document->operations[at].handler = handlers[i].run;
    }
    for (size_t i = 0; i < document->operations_n; i++) {
        if (document->operations[i].handler == NULL)
            return fail(fault, ERR_INTERNAL, NULL, "the operation %s has no handler",
                        document->operations[i].id);
    }
    return ERR_NONE;
}

const struct operation *document_find(const struct document *document, const char *operation_id)
{
    for (size_t i = 0; i < document->operations_n; i++) {
        if (strcmp(document->operations[i].id, operation_id) == 0)
            return &document->operations[i];
    }
    return NULL;
}

const struct parameter *document_parameter(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->query_n; i++) {
        if (strcmp(operation->query[i].name, name) == 0)
            return &operation->query[i];
    }
    return NULL;
}

uint64_t document_role(const struct document *document, const char *role)
{
    for (size_t i = 0; i < document->roles_n; i++) {
        if (strcmp(document->roles[i].name, role) == 0)
            return document->roles[i].bit;
    }
    return 0;
}

const struct problem *document_problem(const struct document *document, const char *code)
{
    for (size_t i = 0; i < document->problems_n; i++) {
        if (strcmp(document->problems[i].code, code) == 0)
            return &document->problems[i];
    }
    return NULL;
}
