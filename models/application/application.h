/* Applications: clinics that ask to be opened, and what the platform decides, once.
 *
 * A body is the request's, validated and normalised. Text is borrowed; rows live as long as the
 * tx's fault owner. */
#ifndef MODELS_APPLICATION_APPLICATION_H
#define MODELS_APPLICATION_APPLICATION_H

#include "db/tx.h"

#include <jansson.h>

/* `clinic` is what POST /clinics would get, without what only the platform decides. */
enum err application_create(struct tx *tx, const json_t *clinic, struct rows *out) FAILS;

enum err application_list(struct tx *tx, const char *status, struct rows *out,
                          int64_t *total) FAILS;

enum err application_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* manual. Opens the clinic that the application asks for, with the members of `terms` (quotas,
 * subscription, perhaps another slug) laid over it, by clinic_create(): its rows and its faults,
 * and `admin_username`. ERR_CONFLICT with already-decided. */
enum err application_approve(struct tx *tx, const char *id, json_t *terms,
                             const char *password_hash, const char **admin_username,
                             struct rows *out) FAILS;

/* ERR_CONFLICT with already-decided. */
enum err application_reject(struct tx *tx, const char *id, const char *reason,
                            struct rows *out) FAILS;

#endif
