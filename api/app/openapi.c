/* clinicd openapi, routes: the document, byte for byte as /openapi.json serves it, whether it and
 * the program agree, and what the program answers. */
#include "api/app/commands.h"
#include "api/app/contract.h"
#include "api/endpoints.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MOST = 16 * 1024 * 1024 };

static const char *const method_names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

static enum err file_read(struct call *call, const char *path, const char **text, size_t *length)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(&call->fault, ERR_INPUT, "usage", "cannot read %s", path);
    char *bytes = arena_take(&call->arena, FILE_MOST);
    *length = fread(bytes, 1, FILE_MOST, file);
    bool is_whole = *length < FILE_MOST && !ferror(file);
    fclose(file);
    *text = bytes;
    return is_whole ? ERR_NONE
                    : fail(&call->fault, ERR_INPUT, "usage", "%s cannot be read whole", path);
}

static void differences_write(struct call *call, char *lines)
{
    const char *line;
    size_t n = 0;
    buf_text(&call->result, "{\"differences\": [");
    while ((line = strsep(&lines, "\n")) && lines) {
        buf_text(&call->result, n++ ? ", " : "");
        buf_json_string(&call->result, line);
    }
    buf_format(&call->result, "], \"routes\": %zu}", endpoints_n);
}

static enum exit_code check(struct call *call, const char *path)
{
    struct buf found;
    const char *text = document_bytes;
    size_t length = document_bytes_n;
    buf_begin(&found, &call->arena, 1024);
    enum err err = path ? file_read(call, path, &text, &length) : ERR_NONE;
    if (err)
        return call_failed(call);
    err = contract_compare(text, length, endpoints, endpoints_n, &call->fault, &found);
    if (err)
        return EXIT_UNVERIFIED;
    buf_text(&call->text, found.text);
    if (found.length == 0)
        buf_format(&call->text, "%zu operations, each with its route: they agree\n", endpoints_n);
    differences_write(call, arena_copy(&call->arena, found.text));
    return found.length > 0 ? EXIT_UNVERIFIED : EXIT_DONE;
}

enum exit_code run_openapi(struct call *call)
{
    if (call_option(call, "--check"))
        return check(call, call->operands_n ? call->operands[0] : NULL);
    if (call->operands_n)
        return call_usage(call, "a FILE is for --check");
    if (call->is_json)
        return call_usage(call, "--json goes with --check: the document is JSON by itself");
    buf_add(&call->text, document_bytes, document_bytes_n);
    return EXIT_DONE;
}

static void route_write(struct call *call, const struct operation *operation, bool is_first)
{
    buf_format(&call->text, "%-6s %-72s %-32s %s\n", method_names[operation->method],
               operation->path, operation->id, operation->permission_name);
    buf_text(&call->result, is_first ? "{\"method\": " : ", {\"method\": ");
    buf_json_string(&call->result, method_names[operation->method]);
    buf_text(&call->result, ", \"path\": ");
    buf_json_string(&call->result, operation->path);
    buf_text(&call->result, ", \"operation\": ");
    buf_json_string(&call->result, operation->id);
    buf_text(&call->result, ", \"permission\": ");
    buf_json_string(&call->result, operation->permission_name);
    buf_format(&call->result, ", \"in_clinic\": %s}", operation->in_clinic ? "true" : "false");
}

enum exit_code run_routes(struct call *call)
{
    struct document *document = NULL;
    if (contract_load(&call->arena, &call->fault, &document))
        return call_failed(call);
    buf_char(&call->result, '[');
    for (size_t i = 0; i < document->operations_n; i++)
        route_write(call, &document->operations[i], i == 0);
    buf_char(&call->result, ']');
    return EXIT_DONE;
}
