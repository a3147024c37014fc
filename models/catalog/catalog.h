/* What a clinic prescribes from: medicines and tests.
 *
 * An entry is retired, never deleted; of the active ones, no two have the same name and type (names
 * are compared without case, accents and punctuation). A body is the request's, validated and
 * normalised, as JSON text; `id` is the client's own or NULL. Text is borrowed; rows live as long
 * as the tx's fault owner.
 */
#ifndef MODELS_CATALOG_CATALOG_H
#define MODELS_CATALOG_CATALOG_H

#include "db/tx.h"

/* What a list is narrowed to; NULL: not narrowed. */
struct catalog_filters {
    const char *q; /* beginnings of words; then the best match comes first */
    const char *type;
    const char *is_active; /* "true" or "false"; NULL: "true" */
};

enum err catalog_medicine_list(struct tx *tx, const struct catalog_filters *filters,
                               struct rows *out, int64_t *total) FAILS;
enum err catalog_test_list(struct tx *tx, const struct catalog_filters *filters, struct rows *out,
                           int64_t *total) FAILS;

/* Also one that is retired. */
enum err catalog_medicine_find(struct tx *tx, const char *id, struct rows *out) FAILS;
enum err catalog_test_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* ERR_CONFLICT with name-taken, id-taken. */
enum err catalog_medicine_create(struct tx *tx, const char *id, const char *body,
                                 struct rows *out) FAILS;
enum err catalog_test_create(struct tx *tx, const char *id, const char *body,
                             struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed, name-taken. */
enum err catalog_medicine_update(struct tx *tx, const char *id, const char *body,
                                 struct rows *out) FAILS;
enum err catalog_test_update(struct tx *tx, const char *id, const char *body,
                             struct rows *out) FAILS;

/* ERR_CONFLICT with precondition-failed. */
enum err catalog_medicine_retire(struct tx *tx, const char *id) FAILS;
enum err catalog_test_retire(struct tx *tx, const char *id) FAILS;

/* Adds the members of the body's list `medicines`, all or none; those that the clinic has by
 * name and type, retired ones too, are left as they are. `is_dry_run` ("true"): says what would be,
 * and does nothing. ERR_INPUT names each that is in the list twice. */
enum err catalog_medicine_import(struct tx *tx, const char *body, const char *is_dry_run,
                                 struct rows *out) FAILS;

/* Adds what every clinic begins with and this one has not; may be run again at any time. */
enum err catalog_load_defaults(struct tx *tx, struct rows *out) FAILS;

#endif
