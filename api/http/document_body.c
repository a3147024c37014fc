#include "api/http/arrival.h"
#include "api/http/document_parts.h"
#include "api/http/schema_parts.h"
#include "api/http/sheet.h"

#include <string.h>

static enum err compile(struct loader *loader, const char *where, json_t *source,
                        const struct schema **out)
{
    struct fault fault = {.arena = loader->arena};
    enum err err = schema_compile(loader->arena, loader->json, source, &fault, out);

    if (err != ERR_NONE)
        return fail(loader->fault, err, NULL, "%s: %s", where, fault.detail);
    return ERR_NONE;
}

static enum err read_permissions(struct loader *loader, json_t *schema, struct operation *out)
{
    json_t *members = json_object_get(document_resolve(loader->json, schema), "properties");
    const char *name;
    json_t *member;

    out->body_permissions =
        arena_array(loader->arena, struct member_permission, json_object_size(members) + 1);
    json_object_foreach(members, name, member)
    {
        const char *permission = json_string_value(json_object_get(member, "x-permission"));
        if (permission == NULL)
            continue;
        struct member_permission *into = &out->body_permissions[out->body_permissions_n++];
        into->member = name;
        enum err err = document_permission(loader, out->id, permission, &into->permission);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* JSON cannot carry bytes. */
static bool has_file(const struct schema *schema)
{
    bool has = schema->format == FORMAT_BINARY || (schema->items && has_file(schema->items));

    for (size_t i = 0; !has && i < schema->members_n; i++)
        has = has_file(schema->members[i].schema);
    return has;
}

static enum err read_media(struct loader *loader, json_t *content, json_t *json,
                           struct operation *out)
{
    const char *type;
    json_t *media;

    json_object_foreach(content, type, media)
    {
        bool is_patch = strcmp(type, "application/merge-patch+json") == 0;
        if (is_patch && out->method == METHOD_PATCH)
            out->takes_merge_patch = true;
        else if (strcmp(type, "text/csv") == 0)
            out->takes_csv = true;
        else if (strcmp(type, "application/json") != 0)
            return fail(loader->fault, ERR_INTERNAL, NULL, "%s: takes %s, which nobody reads",
                        out->id, type);
        if (strcmp(type, "text/csv") != 0 && !json_equal(json_object_get(media, "schema"), json))
            return fail(loader->fault, ERR_INTERNAL, NULL,
                        "%s: its media types have different schemas", out->id);
    }
    return ERR_NONE;
}

static enum err read_json(struct loader *loader, json_t *content, json_t *json,
                          struct operation *out)
{
    enum err err = read_media(loader, content, json, out);
    if (err == ERR_NONE)
        err = compile(loader, out->id, json, &out->body);
    if (err == ERR_NONE && has_file(out->body))
        err = fail(loader->fault, ERR_INTERNAL, NULL,
                   "%s: a member of format binary needs multipart/form-data", out->id);
    if (err == ERR_NONE && out->takes_csv && !sheet_fits(out->body))
        err = fail(loader->fault, ERR_INTERNAL, NULL,
                   "%s: its body is no list of flat things, which text/csv could spell", out->id);
    if (err == ERR_NONE && out->method == METHOD_PATCH && out->body->defaulted != 0)
        err = fail(loader->fault, ERR_INTERNAL, NULL,
                   "%s: a default would overwrite what a merge patch leaves out", out->id);
    return err;
}

/* One file, and beside it what a line of text can say. */
static bool fits_parts(const struct schema *schema, const char **file)
{
    const unsigned flat = TYPE_STRING | TYPE_INTEGER | TYPE_NUMBER | TYPE_BOOLEAN | TYPE_NULL;

    *file = NULL;
    if (schema->types != TYPE_OBJECT || schema->is_open || schema->members_n > ARRIVAL_PARTS_MAX)
        return false;
    for (size_t i = 0; i < schema->members_n; i++) {
        const struct schema *member = schema->members[i].schema;
        bool is_file = member->format == FORMAT_BINARY;
        if ((member->types & ~flat) || (is_file && (*file || member->types != TYPE_STRING)))
            return false;
        if (is_file)
            *file = schema->members[i].name;
    }
    return *file != NULL;
}

static enum err read_bound(struct loader *loader, json_t *source, struct operation *out)
{
    const json_t *value = json_object_get(source, "x-upload");
    const char *bound = json_string_value(value);

    if (value != NULL && out->file == NULL)
        return fail(loader->fault, ERR_INTERNAL, NULL, "%s: x-upload without a file", out->id);
    if (value == NULL || (bound != NULL && strcmp(bound, "file") == 0))
        return ERR_NONE;
    out->upload = UPLOAD_LOGO;
    return bound != NULL && strcmp(bound, "logo") == 0
               ? ERR_NONE
               : fail(loader->fault, ERR_INTERNAL, NULL, "%s: x-upload must be file or logo",
                      out->id);
}

static enum err read_parts(struct loader *loader, json_t *content, json_t *form,
                           struct operation *out)
{
    if (json_object_size(content) != 1 || out->method == METHOD_PATCH || !out->body_is_required ||
        !out->in_clinic)
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: multipart/form-data must be required, alone, in a clinic and no PATCH",
                    out->id);
    enum err err = compile(loader, out->id, form, &out->body);
    if (err == ERR_NONE && !fits_parts(out->body, &out->file))
        err = fail(loader->fault, ERR_INTERNAL, NULL,
                   "%s: multipart/form-data is one member of format binary and at most %d of text",
                   out->id, ARRIVAL_PARTS_MAX - 1);
    return err;
}

enum err document_body(struct loader *loader, json_t *source, struct operation *out)
{
    static const char *const nothing[] = {NULL};
    json_t *body = document_resolve(loader->json, json_object_get(source, "requestBody"));
    json_t *content = json_object_get(body, "content");
    json_t *json = json_object_get(json_object_get(content, "application/json"), "schema");
    json_t *form = json_object_get(json_object_get(content, "multipart/form-data"), "schema");

    if (body == NULL)
        return read_bound(loader, source, out);
    if (out->method == METHOD_GET || out->method == METHOD_DELETE || (json == NULL && form == NULL))
        return fail(loader->fault, ERR_INTERNAL, NULL,
                    "%s: takes a body that is no application/json, or must take none", out->id);
    out->body_is_required = json_is_true(json_object_get(body, "required"));
    enum err err = document_known(loader, out->id, body, nothing);
    if (err == ERR_NONE)
        err = form != NULL ? read_parts(loader, content, form, out)
                           : read_json(loader, content, json, out);
    if (err == ERR_NONE)
        err = read_bound(loader, source, out);
    return err != ERR_NONE ? err : read_permissions(loader, form != NULL ? form : json, out);
}
