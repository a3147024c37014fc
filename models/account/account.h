/* Accounts: who may sign in, in a clinic or on the platform (models/session/realm.h). */
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

/* manual. Sets the password that `new_hash` is of, ends all sessions but session_id, and takes the
 * counted try back. ERR_NOT_FOUND: the password was changed meanwhile. */
enum err account_change_password(struct tx *tx, const struct realm *realm,
                                 const struct admission *try, const char *new_hash,
                                 const char *session_id) FAILS;

#endif
