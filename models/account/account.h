/* Accounts: who may sign in, in a clinic or on the platform (models/session/realm.h), and a
 * clinic's staff. A patient's login is an account too, but no staff. */
#ifndef MODELS_ACCOUNT_ACCOUNT_H
#define MODELS_ACCOUNT_ACCOUNT_H

#include "models/session/realm.h"

#include "db/tx.h"

/* What a name's try may start from; the password was not looked at yet. Lives with the rows. */
struct admission {
    const char *account_id; /* NULL: nobody has this name */
    const char *username, *role, *patient_id, *mobile_number;
    const char *password_hash;
    bool may_sign_in; /* active, and a one-time password has not run out */
    const char *name_key, *address_key;
};

/* Looks a name up and counts the try as a failed one, in a trip of its own. ERR_INPUT "throttled"
 * with retry_after_s when the name or the address has failed too often. */
enum err account_admit(struct tx *tx, const struct realm *realm, const char *username,
                       struct admission *out) FAILS;

/* Takes the counted try back: its password was never looked at. In a trip of its own. */
enum err account_forgive(struct tx *tx, const struct realm *realm,
                         const struct admission *try) FAILS;

/* An account as its owner sees it. */
enum err account_find(struct tx *tx, const struct realm *realm, const char *account_id,
                      struct rows *out) FAILS;

/* Sets the password that `new_hash` is of, ends all sessions but session_id, and takes the counted
 * try back. ERR_NOT_FOUND: the password was changed meanwhile. */
enum err account_change_password(struct tx *tx, const struct realm *realm,
                                 const struct admission *try, const char *new_hash,
                                 const char *session_id) FAILS;

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

#endif
