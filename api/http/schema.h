/* JSON Schema (the part of 2020-12 that our document uses), compiled once at start, walked per
 * request. Which keywords are understood stands in openapi/README.md; any other one stops the start
 * with a sentence that names it.
 *
 * Validation names every fault at once, by JSON pointer. With SCHEMA_NORMALISE it also rewrites the
 * body in place to what we store: strings NFC, trimmed (inner whitespace of single-line text
 * collapsed to one space), "" to null where null is allowed, defaults filled in. x-text says which
 * strings are multi-line; without it control characters, tab and newline included, are faults.
 */
#ifndef API_HTTP_SCHEMA_H
#define API_HTTP_SCHEMA_H

#include "db/arena.h"

#include <stdbool.h>

struct schema;
struct request;

enum schema_mode { SCHEMA_CHECK, SCHEMA_NORMALISE };

/* Compiles `source` (borrowed for the schema's life) whose $refs point into `document`. Schemas
 * live as long as the arena. ERR_INTERNAL names the pointer and the keyword. */
enum err schema_compile(struct arena *arena, json_t *document, json_t *source, struct fault *fault,
                        const struct schema **out) FAILS;

/* Adds every fault to `fault` (codes: type, required, unknown-member, too-short, too-long,
 * too-small, too-large, enum, pattern, format, too-many-items, too-few-items, too-few-members,
 * not-unique) with `pointer` as the prefix ("#" for a body). True when there was none. `value` may
 * be replaced: pass the slot. */
bool schema_check(const struct schema *schema, json_t **value, const char *pointer,
                  enum schema_mode mode, struct fault *fault);

/* A query or path parameter arrives as text: makes the JSON value that the schema's type asks for
 * (integer "50", boolean "true", string), then checks it. Returns a new reference or NULL (faults
 * added). */
json_t *schema_check_text(const struct schema *schema, const char *text, const char *pointer,
                          struct fault *fault);

/* JSON text to value, strictly: UTF-8, object at top, no duplicate members, no NUL, depth <= 32,
 * nodes <= 10000, numbers finite and in int64. NULL and code "malformed-json" otherwise. */
json_t *json_read(const char *bytes, size_t length, struct fault *fault);

#endif
