/* The bundler: the YAML files of this folder made into one OpenAPI document, at build time.
 *
 * It merges, flattens references across files, adds what the traits of an operation bring (see
 * README.md) and refuses, by file and line, whatever is there twice or points nowhere. Not here:
 * what the members mean; api/http/document.c refuses that when the program starts.
 */
#ifndef OPENAPI_BUNDLE_H
#define OPENAPI_BUNDLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <yaml.h>

#define PRINTF(text, first) __attribute__((format(printf, text, first)))

struct bundle {
    json_t *document;
    json_t *places;     /* "schemas/Clinic", "/clinics", "GET /clinics" -> "clinics.yaml:12" */
    json_t *operations; /* operationId -> place */
    json_t *refs;       /* [{name, file, place}], to be checked when all files are read */
    FILE *complaints;   /* where the sentences go */
    int faults;
};

void bundle_begin(struct bundle *bundle, FILE *complaints);
void bundle_end(struct bundle *bundle);

/* One sentence among the complaints, counted. `place` is "file:line", or NULL. */
void bundle_complain(struct bundle *bundle, const char *place, const char *sentence, ...)
    PRINTF(3, 4);

/* Reads one file's text and merges it. `file` is the name without folders. */
void bundle_add(struct bundle *bundle, const char *file, const char *text, size_t length);

/* When all files are in: checks every reference, then adds what the traits bring. */
void bundle_finish(struct bundle *bundle);

/* A node as JSON: plain scalars typed as YAML 1.2's core schema says, quoted ones strings, numbers
 * with a leading zero strings. References are flattened and noted. New reference, or NULL. */
json_t *bundle_value(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                     const yaml_node_t *node, int depth);

/* A mapping's key as text, or NULL (complained). */
const char *bundle_key(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                       const yaml_node_pair_t *pair);

/* "file:line" of a node; a new JSON string, for keeping. */
json_t *bundle_place(const char *file, const yaml_node_t *node);

/* The thing that a $ref names, else the value itself. Borrowed; NULL when it points nowhere. */
json_t *bundle_resolve(const struct bundle *bundle, json_t *value);

bool bundle_is_method(const char *name); /* "get", …: what else a path may hold is no operation */

/* Adds parameters, responses and headers to every operation. */
void bundle_traits(struct bundle *bundle);

#endif
