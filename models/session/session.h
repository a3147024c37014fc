/* Sessions: one row a sign-in, known to the client by two opaque tokens, to us by their SHA-256.
 *
 *     ca_<256 bits>                 access: one hour, and never past the session's end
 *     cr_<family 128 bits, 256 bits>  refresh: used once; its successors are derived from it
 *
 * A session ends when it was idle too long, at its absolute end, when it is ended, and when an old
 * refresh token of its family is used again. Every ending is announced (db/listen.h).
 */
#ifndef MODELS_SESSION_SESSION_H
#define MODELS_SESSION_SESSION_H

#include "db/keys.h"
#include "db/tx.h"
#include "models/session/realm.h"

enum { SESSION_TOKEN_TEXT = 72 };

struct tokens {
    char access[SESSION_TOKEN_TEXT];
    char refresh[SESSION_TOKEN_TEXT];
};

/* Seconds. */
struct session_ttl {
    int access, idle, refresh, absolute;
};

/* Is this the text of a token with that prefix? Length and alphabet only. */
bool token_is_access(const char *text, const struct realm *realm);

/* What find and refresh look for. */
const char *token_hash(const char *token, char out[DIGEST_TEXT]);

/* Who signs in, as account_admit() found them and the password confirmed. */
struct sign_in {
    const char *account_id;
    const char *seen_hash;   /* the hash that was verified: another one now is "not found" */
    const char *better_hash; /* NULL: keep it */
    const char *user_agent;  /* what the client's program calls itself, or NULL */
    const char *name_key, *address_key; /* of the counted try */
};

/* Makes a session; `account` gets the row that sign-in answers, with _access_seconds and
 * _refresh_seconds. ERR_NOT_FOUND: the account was changed meanwhile. */
enum err session_open(struct tx *tx, const struct realm *realm, const struct sign_in *who,
                      const struct session_ttl *ttl, struct tokens *tokens,
                      struct rows *account) FAILS;

/* Rotates in place. A twin within ten seconds gets the same tokens. Codes: "unauthenticated";
 * "refresh-reused": then session_end_family() is due. */
enum err session_refresh(struct tx *tx, const struct realm *realm, const char *presented,
                         const struct session_ttl *ttl, struct tokens *tokens,
                         struct rows *account) FAILS;

/* In a trip of its own: `tx` holds no connection. The row, if a session was alive, has session_id
 * and account_id. */
enum err session_end_family(struct tx *tx, const struct realm *realm, const char *presented,
                            struct rows *out) FAILS;

/* Ends one session of an account, or with session_id NULL all. */
enum err session_end(struct tx *tx, const struct realm *realm, const char *account_id,
                     const char *session_id, const char *why) FAILS;

/* The living sessions of an account; session_id is the one that asks. A clinic's. */
enum err session_list(struct tx *tx, const char *account_id, const char *session_id,
                      struct rows *out, int64_t *total) FAILS;

/* Ends one of them. ERR_NOT_FOUND: it is no living session of this account. */
enum err session_end_one(struct tx *tx, const char *account_id, const char *session_id,
                         struct rows *out) FAILS;

/* In a trip of its own: whose token this is. session_id is NULL when nobody's; is_elsewhere then
 * says whether it is a token of another clinic. */
enum err session_find(struct tx *tx, const struct realm *realm, const char *access_hash,
                      struct rows *out) FAILS;

/* Of a clinic's sessions, "{id,…}", those that live still: session_id, in order, and role. */
enum err session_alive(struct tx *tx, const char *ids, struct rows *out) FAILS;

#endif
