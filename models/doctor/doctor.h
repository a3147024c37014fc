/* A clinic's doctors: an account and a profile under one id and one version. Who they are (names,
 * contacts) is changed as staff, what they are as doctors; closing and opening is the staff's
 * (models/account/staff.h).
 *
 * Bodies are the request's, validated and normalised; what the schema cannot say is checked here:
 * office hours that end before they begin or overlap. Rows live as long as the tx's fault owner.
 */
#ifndef MODELS_DOCTOR_DOCTOR_H
#define MODELS_DOCTOR_DOCTOR_H

#include "db/tx.h"

#include <jansson.h>

/* Each may be NULL. */
struct doctor_filters {
    const char *q, *availability_status, *is_active;
};

enum err doctor_find(struct tx *tx, const char *id, struct rows *out) FAILS;

enum err doctor_list(struct tx *tx, const struct doctor_filters *filters, struct rows *out,
                     int64_t *total) FAILS;

/* Before anything is asked of the database. ERR_INPUT with what is wrong. */
enum err doctor_check(struct fault *fault, const json_t *body) FAILS;

/* Account and profile in one statement. ERR_CONFLICT with license-taken, username-taken,
 * email-taken, id-taken, quota-exceeded. */
enum err doctor_create(struct tx *tx, const json_t *body, const char *password_hash,
                       struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed, license-taken. */
enum err doctor_update(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;

#endif
