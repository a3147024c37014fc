/* Clinics: opened by the platform, changed by their administrators, closed but never deleted.
 *
 * A body is the request's, validated and normalised. Text is borrowed; rows live as long as the
 * tx's fault owner. Whatever changes a clinic announces it, so that every process reads its
 * directory entry again.
 */
#ifndef MODELS_CLINIC_CLINIC_H
#define MODELS_CLINIC_CLINIC_H

#include "db/tx.h"

#include <jansson.h>

/* Filters of a list; each may be NULL. */
struct clinic_filters {
    const char *q;
    const char *city;
    const char *status; /* of all clinics only */
};

/* Slug, name, city and state of open clinics. */
enum err clinic_directory(struct tx *tx, const struct clinic_filters *filters, struct rows *out,
                          int64_t *total) FAILS;

/* Every clinic, whole. For who may list clinics. */
enum err clinic_list_all(struct tx *tx, const struct clinic_filters *filters, struct rows *out,
                         int64_t *total) FAILS;

/* The clinic of the tx. */
enum err clinic_find(struct tx *tx, struct rows *out) FAILS;

/* The first administrator's name: the body's, or the slug and "_admin". */
const char *clinic_admin_username(struct arena *arena, const json_t *body);

/* manual. Clinic, quotas, first administrator and pharmacy; the tx then speaks for the clinic, and
 * tx->scope.clinic_id names it. ERR_CONFLICT with slug-taken, registration-number-taken; ERR_INPUT
 * with an unknown time zone. */
enum err clinic_create(struct tx *tx, const json_t *body, const char *admin_username,
                       const char *password_hash, struct rows *out) FAILS;

/* Merge patches. ERR_CONFLICT with precondition-failed, the …-taken codes, quota-exceeded. */
enum err clinic_update(struct tx *tx, const json_t *body, struct rows *out) FAILS;
enum err clinic_set_subscription(struct tx *tx, const json_t *body, struct rows *out) FAILS;

enum err clinic_deactivate(struct tx *tx) FAILS;

/* Time zone, language, hours and the like: of the clinic's row, so of its version. The merge patch
 * fails as clinic_update() does. */
enum err clinic_settings(struct tx *tx, struct rows *out) FAILS;
enum err clinic_update_settings(struct tx *tx, const json_t *body, struct rows *out) FAILS;

#endif
