/* The OpenAPI document, executed: operations, permissions, schemas, problem codes, as compiled at
 * start from the embedded openapi.json. What is not in the document is not a feature.
 *
 * Extensions that are understood (any other x- member stops the start): on the document x-roles,
 * x-problems; on an operation x-permission, x-row, x-hide, x-mask, x-secret, x-tx, x-idempotent,
 * x-audit, x-limit, x-upload; on a query parameter and on a member of a body x-permission; on a
 * response component x-machinery; on a schema x-text, x-labels. See openapi/README.md.
 */
#ifndef API_HTTP_DOCUMENT_H
#define API_HTTP_DOCUMENT_H

#include "api/http/language.h"
#include "api/http/limiter.h"
#include "api/http/schema.h"
#include "db/tx.h"

#include <stdbool.h>
#include <stdint.h>

enum method { METHOD_GET, METHOD_POST, METHOD_PUT, METHOD_PATCH, METHOD_DELETE, METHOD_COUNT };

enum { PATH_PARAMETERS_MAX = 4 };

struct parameter {
    const char *name;
    const struct schema *schema;
    bool is_required;
    const char *fallback; /* default as text, or NULL */
    uint64_t permission;  /* needed when the parameter is given: the roles that have it; 0: none */
};

/* A member of the body, first level, that needs a permission of its own. */
struct member_permission {
    const char *member;
    uint64_t permission;
};

struct response {
    int status;
    const struct schema *schema; /* of the application/json or problem+json body; NULL: no body */
    bool is_machinery;           /* comes from the machinery, not from this operation's handler */
};

/* Members that one role does not see, or sees masked. */
struct role_view {
    const char *role;
    const char *const *members; /* NULL-terminated */
};

/* Which setting bounds a file that comes in: service_options.upload_max, .logo_max. */
enum upload_bound { UPLOAD_FILE, UPLOAD_LOGO };

struct operation {
    const char *id; /* operationId */
    enum method method;
    const char *path;
    bool in_clinic;      /* the path begins with /clinics/{slug}: context is that clinic */
    bool is_public;      /* x-permission: public; credentials are optional */
    uint64_t permission; /* the roles that have it, and the states that leave it; 0 for public */
    const char *permission_name;
    const char *row; /* x-row or NULL */
    struct parameter path_parameters[PATH_PARAMETERS_MAX];
    size_t path_parameters_n;
    struct parameter *query;
    size_t query_n;
    const struct schema *body; /* NULL: no body is taken */
    bool body_is_required;
    bool takes_merge_patch; /* PATCH: application/merge-patch+json too */
    bool takes_csv;         /* text/csv too: sheet.h */
    const char *file;       /* multipart/form-data and nothing else: the member that is the file */
    enum upload_bound upload;
    bool needs_if_match;
    bool is_idempotent; /* takes Idempotency-Key */
    bool stays_open;    /* x-maintenance: answered while the service is taken away */
    bool is_secret;     /* its answer holds a secret: stored sealed, never logged */
    bool is_list;       /* has limit and cursor */
    bool is_stream;     /* its success is server-sent events; the schema is that of their data */
    bool answers_other; /* its success is or may be something else than JSON: Accept is not checked
                         */
    struct member_permission *body_permissions; /* members of the body that need more */
    size_t body_permissions_n;
    struct limit limit; /* for a client address; per_window 0: none of its own */
    enum tx_mode tx;
    enum audit_into audit;
    int success; /* the first 2xx it documents */
    struct response *responses;
    size_t responses_n;
    struct role_view *hidden;
    size_t hidden_n;
    struct role_view *masked;
    size_t masked_n;
    enum err (*handler)(struct request *request); /* bound by document_bind() */
};

/* A permission is compiled to the set of roles that have it. */
struct role {
    const char *name;
    uint64_t bit;
    const json_t *permissions; /* their names */
};

struct problem {
    const char *code;
    int status;
    const char *titles[LANGUAGES]; /* NULL: as in English */
    const char *member;            /* name of its extra member ("candidates") or NULL */
};

/* One row of the table of handlers: api/endpoints.c. */
struct handler {
    const char *operation;
    enum err (*run)(struct request *request);
};

struct document {
    json_t *json;
    const char *text; /* as served at /openapi.json */
    size_t length;
    struct operation *operations;
    size_t operations_n;
    struct role *roles; /* also the states: password_change_required, subscription_expired */
    size_t roles_n;
    struct problem *problems;
    size_t problems_n;
    struct arena *arena;
};

/* Compiles JSON text. Refuses, naming it: an operation without permission or operationId, a
 * permission that no role has, an unknown x- member or schema keyword, a problem code used but not
 * listed, more than 64 roles. */
enum err document_load(struct arena *arena, const char *text, size_t length, struct fault *fault,
                       struct document **out) FAILS;

/* Refuses, naming it: an operation without handler, a handler without operation, a name twice. */
enum err document_bind(struct document *document, const struct handler *handlers, size_t n,
                       struct fault *fault) FAILS;

const struct operation *document_find(const struct document *document, const char *operation_id);
/* A query parameter of the operation by name; NULL: it has none. */
const struct parameter *document_parameter(const struct operation *operation, const char *name);
/* The role's, or state's, bit in a permission; 0: unknown role. */
uint64_t document_role(const struct document *document, const char *role);
const struct problem *document_problem(const struct document *document, const char *code);

/* The embedded document. */
extern const char document_bytes[];
extern const size_t document_bytes_n;

#endif
