#include "api/app/clinic_file.h"

#include "api/http/document.h"

#include <stdio.h>

enum { FILE_MOST = 64 * 1024 };

enum err clinic_file_read(struct call *call, const char *path, json_t **out)
{
    char *bytes = arena_take(&call->arena, FILE_MOST + 1);
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(&call->fault, ERR_INPUT, "usage", "cannot read %s", path);
    size_t length = fread(bytes, 1, FILE_MOST + 1, file);
    fclose(file);
    if (length > FILE_MOST)
        return fail(&call->fault, ERR_INPUT, "usage", "%s is over 64 KiB", path);
    json_t *body = json_read(bytes, length, &call->fault);
    if (!body)
        return call->fault.err ? call->fault.err
                               : fail(&call->fault, ERR_INPUT, "usage", "%s is no JSON", path);
    *out = body;
    return ERR_NONE;
}

enum err clinic_file_check(struct call *call, const char *operation_id, json_t **body)
{
    struct document *document;
    enum err err =
        document_load(&call->arena, document_bytes, document_bytes_n, &call->fault, &document);
    if (err)
        return err;
    const struct operation *operation = document_find(document, operation_id);
    if (schema_check(operation->body, body, "#", SCHEMA_NORMALISE, &call->fault))
        return ERR_NONE;
    return fail(&call->fault, ERR_INPUT, "validation-failed", "the clinic's file has faults");
}
