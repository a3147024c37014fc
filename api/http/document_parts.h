/* The document while it is being read: for document.c and document_operation.c. */
#ifndef API_HTTP_DOCUMENT_PARTS_H
#define API_HTTP_DOCUMENT_PARTS_H

#include "api/http/document.h"

enum { ROLES_MAX = 64, KEPT_MAX = 256 };

struct loader {
    struct document *document;
    struct fault *fault;
    struct arena *arena;
    json_t *json;
    struct {
        const json_t *source;
        const struct schema *schema;
    } kept[KEPT_MAX]; /* schemas of shared components, compiled once */
    size_t kept_n;
};

/* The target of "#/a/b" in the document, or the value itself. NULL: it points nowhere. */
json_t *document_resolve(json_t *document, json_t *value);

/* Refuses an x- member that is not in the NULL-terminated list. */
enum err document_known(struct loader *loader, const char *where, json_t *object,
                        const char *const *known) FAILS;

/* The roles, and states, that have a permission; refuses one that no role has. */
enum err document_permission(struct loader *loader, const char *where, const char *name,
                             uint64_t *out) FAILS;

/* Reads one operation into *out. `shared` are the parameters of its path, or NULL. */
enum err document_operation(struct loader *loader, enum method method, const char *path,
                            json_t *shared, json_t *source, struct operation *out) FAILS;

/* What it takes: JSON, CSV, or one file with text beside it. Part of document_operation(). */
enum err document_body(struct loader *loader, json_t *source, struct operation *out) FAILS;

/* What it answers, and what of that is hidden from whom. Part of document_operation(). */
enum err document_responses(struct loader *loader, json_t *source, struct operation *out) FAILS;

#endif
