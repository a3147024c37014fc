/* From method and raw path to an operation. The path is checked first (decisions 1): empty, `.`,
 * `..` or encoded-slash segments, bad escapes, control bytes and invalid UTF-8 are simply not
 * found. Static segments win over parameters. Cost does not grow with the number of operations. */
#ifndef API_HTTP_ROUTER_H
#define API_HTTP_ROUTER_H

#include "api/http/document.h"

struct router;

struct route {
    const struct operation *operation; /* NULL: path unknown, or method not allowed */
    bool path_is_known;
    const char *allow;                       /* "GET, HEAD, OPTIONS, POST" of a known path */
    const char *values[PATH_PARAMETERS_MAX]; /* decoded, in the operation's order; in the arena */
};

/* ERR_INTERNAL when two operations share method and path shape. Lives in the document's arena. */
enum err router_make(const struct document *document, struct fault *fault,
                     const struct router **out) FAILS;

/* `method` as on the request line (case matters); HEAD finds GET's operation. `path` is raw,
 * without the query. */
void router_find(const struct router *router, const char *method, const char *path,
                 struct arena *arena, struct route *out);

#endif
