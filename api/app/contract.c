#include "api/app/contract.h"

#include "api/endpoints.h"
#include "api/http/router.h"

#include <string.h>

static const char *const method_names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};

enum err contract_load(struct arena *arena, struct fault *fault, struct document **out)
{
    struct document *document = NULL;
    const struct router *router = NULL;
    enum err err = document_load(arena, document_bytes, document_bytes_n, fault, &document);
    if (!err)
        err = document_bind(document, endpoints, endpoints_n, fault);
    if (!err)
        err = router_make(document, fault, &router);
    if (!err)
        *out = document;
    return err;
}

static bool is_handled(const char *id, const struct handler *handlers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(handlers[i].operation, id) == 0)
            return true;
    }
    return false;
}

static void operation_compare(const struct operation *own, const struct operation *other,
                              struct buf *out)
{
    if (own->method != other->method || strcmp(own->path, other->path) != 0)
        buf_format(out, "%s: the document has %s %s, the program %s %s\n", own->id,
                   method_names[other->method], other->path, method_names[own->method], own->path);
}

/* Every difference, where document_bind() stops at the first. */
enum err contract_compare(const char *text, size_t length, const struct handler *handlers, size_t n,
                          struct fault *fault, struct buf *out)
{
    struct document *document = NULL, *built_in = NULL;
    const struct router *router = NULL;
    enum err err = document_load(fault->arena, text, length, fault, &document);
    if (!err)
        err = router_make(document, fault, &router);
    if (!err)
        err = document_load(fault->arena, document_bytes, document_bytes_n, fault, &built_in);
    if (err)
        return err;
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        const struct operation *own = document_find(built_in, operation->id);
        if (!is_handled(operation->id, handlers, n))
            buf_format(out, "%s: %s %s has no route in the program\n", operation->id,
                       method_names[operation->method], operation->path);
        else if (own)
            operation_compare(own, operation, out);
    }
    for (size_t i = 0; i < n; i++) {
        const struct operation *own = document_find(built_in, handlers[i].operation);
        if (!document_find(document, handlers[i].operation))
            buf_format(out, "%s: the program's route %s %s is not in the document\n",
                       handlers[i].operation, own ? method_names[own->method] : "",
                       own ? own->path : "");
    }
    return ERR_NONE;
}

const char *contract_trouble(struct arena *arena)
{
    struct fault fault = {.arena = arena};
    struct buf out;
    buf_begin(&out, arena, 256);
    if (contract_compare(document_bytes, document_bytes_n, endpoints, endpoints_n, &fault, &out))
        return fault.detail ? fault.detail : "the document cannot be compiled";
    return arena_copy_n(arena, out.text, strcspn(out.text, "\n"));
}
