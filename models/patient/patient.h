/* A clinic's patients.
 *
 * Every function speaks for the clinic and, for a patient's token, the patient of its tx.
 * `clinic` is its entry in the directory: it says which day it is, and of which country a phone
 * number without one is. A body is the request's, validated and
 * normalised; what the schema cannot say is checked here: an Aadhaar number, a birth date to come,
 * no age at all. Text is borrowed; rows live as long as the tx's fault owner.
 */
#ifndef MODELS_PATIENT_PATIENT_H
#define MODELS_PATIENT_PATIENT_H

#include "db/tx.h"

#include <jansson.h>

struct clinic_entry;

/* Filters of a list; each may be NULL. */
struct patient_filters {
    const char *q; /* looked for: the best match comes first */
    const char *status;
    const char *gender;
    const char *registered_from; /* dates */
    const char *registered_to;
    const char *has_login; /* "true" "false" */
};

enum err patient_find(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                      struct rows *out) FAILS;

enum err patient_list(struct tx *tx, const struct clinic_entry *clinic,
                      const struct patient_filters *filters, struct rows *out,
                      int64_t *total) FAILS;

/* Registers. The body's own `id` is used when it has one. login_hash, of a one-time password, makes
 * a login too (the row's _username); NULL: none. ERR_CONFLICT with duplicate-phone (and
 * candidates), id-taken, quota-exceeded, username-taken; ERR_INPUT with what is wrong in the body.
 */
enum err patient_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                        const char *login_hash, struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed; ERR_INPUT as above. */
enum err patient_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        const json_t *body, struct rows *out) FAILS;

/* Hides; the record is kept, a login is closed: the row's _login_id, or NULL. ERR_CONFLICT with
 * precondition-failed. */
enum err patient_delete(struct tx *tx, const char *id, struct rows *out) FAILS;

/* ERR_CONFLICT with not-deleted, quota-exceeded. */
enum err patient_restore(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                         struct rows *out) FAILS;

#endif
