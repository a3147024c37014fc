#include "api/http/document_parts.h"
#include "api/http/schema_parts.h"

#include <stdlib.h>
#include <string.h>

/* Problem and the like are answered by every operation: compiled once. */
static enum err compile(struct loader *loader, const char *where, json_t *source,
                        const struct schema **out)
{
    const json_t *target = document_resolve(loader->json, source);
    struct fault fault = {.arena = loader->arena};

    for (size_t i = 0; i < loader->kept_n; i++) {
        if (loader->kept[i].source == target) {
            *out = loader->kept[i].schema;
            return ERR_NONE;
        }
    }
    enum err err = schema_compile(loader->arena, loader->json, source, &fault, out);
    if (err != ERR_NONE)
        return fail(loader->fault, err, NULL, "%s: %s", where, fault.detail);
    if (loader->kept_n < KEPT_MAX) {
        loader->kept[loader->kept_n].source = target;
        loader->kept[loader->kept_n++].schema = *out;
    }
    return ERR_NONE;
}

/* A problem that is shown as an example must be one that the program can have. */
static enum err check_example(struct loader *loader, const char *where, int status, json_t *media)
{
    const char *code =
        json_string_value(json_object_get(json_object_get(media, "example"), "code"));
    const struct problem *problem = code != NULL ? document_problem(loader->document, code) : NULL;

    if (code != NULL && problem == NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: the problem %s is not in x-problems",
                    where, code);
    if (problem != NULL && problem->status != status)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: the problem %s has the status %d",
                    where, code, problem->status);
    return ERR_NONE;
}

/* x-permission is for what comes in; in an answer it would protect nothing. */
static enum err check_unguarded(struct loader *loader, const char *where, json_t *schema)
{
    json_t *members = json_object_get(document_resolve(loader->json, schema), "properties");
    const char *name;
    json_t *member;

    json_object_foreach(members, name, member)
    {
        if (json_object_get(member, "x-permission") != NULL)
            return fail(loader->fault, ERR_INTERNAL, NULL,
                        "%s: x-permission on %s does nothing in an answer", where, name);
    }
    return ERR_NONE;
}

static enum err read_response(struct loader *loader, const struct operation *operation,
                              const char *status, json_t *source, struct response *out)
{
    static const char *const known[] = {"x-machinery", NULL};
    static const char *const types[] = {"application/json", "application/problem+json",
                                        "text/event-stream", NULL};
    json_t *target = document_resolve(loader->json, source);
    json_t *content = json_object_get(target, "content");
    const char *where = arena_format(loader->arena, "%s: response %s", operation->id, status);

    out->status = atoi(status);
    out->is_machinery = json_is_true(json_object_get(target, "x-machinery"));
    if (target == NULL || out->status < 100 || out->status > 599 || strlen(status) != 3)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: is no status, or points nowhere",
                    where);
    enum err err = document_known(loader, where, target, known);
    for (size_t i = 0; err == ERR_NONE && types[i] != NULL; i++) {
        json_t *media = json_object_get(content, types[i]);
        json_t *schema = json_object_get(media, "schema");
        if (schema == NULL)
            continue;
        err = compile(loader, where, schema, &out->schema);
        if (err == ERR_NONE)
            err = check_unguarded(loader, where, schema);
        if (err == ERR_NONE)
            err = check_example(loader, where, out->status, media);
    }
    return err;
}

/* What rows look like in the success answer: the object, or the items of the list. */
static const struct schema *row_schema(const struct operation *operation)
{
    const struct schema *schema = NULL;

    for (size_t i = 0; i < operation->responses_n && schema == NULL; i++) {
        if (operation->responses[i].status == operation->success)
            schema = operation->responses[i].schema;
    }
    for (size_t i = 0; schema != NULL && operation->is_list && i < schema->members_n; i++) {
        if (strcmp(schema->members[i].name, "items") == 0)
            return schema->members[i].schema->items;
    }
    return schema;
}

/* "phone", or "account.email" for a member of a member. */
static bool has_member(const struct schema *schema, const char *name)
{
    size_t length = strcspn(name, ".");

    for (size_t i = 0; schema != NULL && i < schema->members_n; i++) {
        const struct member *member = &schema->members[i];
        if (strncmp(member->name, name, length) == 0 && member->name[length] == '\0')
            return name[length] == '\0' || has_member(member->schema, name + length + 1);
    }
    return false;
}

static enum err read_view(struct loader *loader, const struct operation *operation,
                          const char *role, json_t *list, struct role_view *out)
{
    const char **members = arena_array(loader->arena, const char *, json_array_size(list) + 1);
    size_t i;
    json_t *item;

    if (strcmp(role, "anonymous") != 0 && document_role(loader->document, role) == 0)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: there is no role %s", operation->id,
                    role);
    json_array_foreach(list, i, item)
    {
        members[i] = json_string_value(item);
        if (members[i] == NULL || !has_member(row_schema(operation), members[i]))
            return fail(loader->fault, ERR_INTERNAL, NULL,
                        "%s: what is hidden from %s is no member of its answer", operation->id,
                        role);
    }
    *out = (struct role_view){role, members};
    return ERR_NONE;
}

static enum err read_views(struct loader *loader, const struct operation *operation, json_t *source,
                           struct role_view **out, size_t *out_n)
{
    const char *role;
    json_t *list;
    size_t n = 0;

    struct role_view *views =
        arena_array(loader->arena, struct role_view, json_object_size(source) + 1);
    json_object_foreach(source, role, list)
    {
        enum err err = read_view(loader, operation, role, list, &views[n++]);
        if (err != ERR_NONE)
            return err;
    }
    *out = views;
    *out_n = n;
    return ERR_NONE;
}

enum err document_responses(struct loader *loader, json_t *source, struct operation *out)
{
    json_t *responses = json_object_get(source, "responses");
    const char *status;
    json_t *response;

    out->responses = arena_array(loader->arena, struct response, json_object_size(responses) + 1);
    json_object_foreach(responses, status, response)
    {
        struct response *into = &out->responses[out->responses_n++];
        enum err err = read_response(loader, out, status, response, into);
        if (err != ERR_NONE)
            return err;
        if (out->success == 0 && into->status >= 200 && into->status < 300) {
            json_t *content = json_object_get(document_resolve(loader->json, response), "content");
            out->success = into->status;
            out->is_stream = json_object_get(content, "text/event-stream") != NULL;
            size_t json_n = json_object_get(content, "application/json") != NULL;
            out->answers_other = json_object_size(content) > json_n;
        }
    }
    if (out->success == 0)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: has no response of success", out->id);
    enum err err =
        read_views(loader, out, json_object_get(source, "x-hide"), &out->hidden, &out->hidden_n);
    if (err == ERR_NONE)
        err = read_views(loader, out, json_object_get(source, "x-mask"), &out->masked,
                         &out->masked_n);
    return err;
}
