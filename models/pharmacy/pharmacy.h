/* The pharmacies that a clinic works with; at most one is primary and active.
 *
 * A body is the request's, validated and normalised. Text is borrowed; rows live as long as the
 * tx's fault owner. */
#ifndef MODELS_PHARMACY_PHARMACY_H
#define MODELS_PHARMACY_PHARMACY_H

#include "db/tx.h"

#include <jansson.h>

/* `is_active`: "true", "false", or NULL for all. */
enum err pharmacy_list(struct tx *tx, const char *is_active, struct rows *out,
                       int64_t *total) FAILS;

enum err pharmacy_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* The body's own `id` is used when it has one. ERR_CONFLICT with primary-taken, id-taken. */
enum err pharmacy_create(struct tx *tx, const json_t *body, struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed, primary-taken. */
enum err pharmacy_update(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;

/* ERR_CONFLICT with precondition-failed. */
enum err pharmacy_deactivate(struct tx *tx, const char *id) FAILS;

#endif
