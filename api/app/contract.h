/* The document against the program: does each operation have its handler and its route, and the
 * other way round? */
#ifndef API_APP_CONTRACT_H
#define API_APP_CONTRACT_H

#include "api/http/document.h"
#include "db/buf.h"

/* The document that is built in, compiled, bound to the table of handlers and routed. */
enum err contract_load(struct arena *arena, struct fault *fault, struct document **out) FAILS;

/* Compares a document with the handlers, and path by path with the one that is built in. `out` gets
 * a line for each difference, in the document's order. ERR_INTERNAL: it cannot be compiled. */
enum err contract_compare(const char *text, size_t length, const struct handler *handlers, size_t n,
                          struct fault *fault, struct buf *out) FAILS;

/* contract_compare() of the built-in document with the program's own handlers: "" when they agree,
 * or the first difference. */
const char *contract_trouble(struct arena *arena);

#endif
