/* A clinic's staff: the accounts of everybody who signs in but the patients. A doctor has a profile
 * beside the account: models/doctor/doctor.h.
 *
 * Bodies are the request's, validated and normalised. Text is borrowed; rows live as long as the
 * tx's fault owner. Whoever takes an administrator away may be told "last-admin". What changes or
 * closes an account announces it (db/listen.h, "account").
 */
#ifndef MODELS_ACCOUNT_STAFF_H
#define MODELS_ACCOUNT_STAFF_H

#include "db/tx.h"

#include <jansson.h>

struct staff_filter {
    const char *q, *role, *is_active; /* each may be NULL */
};

enum err staff_find_all(struct tx *tx, const struct staff_filter *filter, struct rows *out,
                        int64_t *total) FAILS;

struct staff_new {
    const char *id; /* NULL: made here */
    const char *username, *role, *first_name, *last_name, *email, *mobile_number;
    const char *password_hash; /* of the one-time password */
};

/* Also "username-taken" "email-taken" "id-taken" "quota-exceeded". */
enum err staff_create_account(struct tx *tx, const struct staff_new *staff, struct rows *out) FAILS;

enum err staff_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed, role-fixed (a doctor's), last-admin,
 * email-taken, quota-exceeded. */
enum err staff_change(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;

/* Sessions end, the quota's place is free again. role NULL: whoever it is. ERR_CONFLICT with
 * precondition-failed, account-inactive, last-admin. */
enum err staff_deactivate(struct tx *tx, const char *id, const char *role, struct rows *out) FAILS;

/* ERR_CONFLICT with account-active, quota-exceeded. */
enum err staff_reactivate(struct tx *tx, const char *id, struct rows *out) FAILS;

/* manual. Sessions end; the row has username and expires_at. ERR_CONFLICT with account-inactive. */
enum err staff_reset_password(struct tx *tx, const char *id, const char *password_hash,
                              struct rows *out) FAILS;

/* As above for a token (models/account/reset.h); nothing ends before it is used. */
enum err staff_keep_reset_token(struct tx *tx, const char *id, const char *token,
                                struct rows *out) FAILS;

#endif
