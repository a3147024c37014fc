/* Forgotten passwords. Whoever forgot one says so; the clinic's administrators see it in the trail
 * and hand over a token: 256 random bits, of which only the SHA-256 is kept, good for half an hour
 * and for one use. Using it sets a new password, ends all sessions and signs nobody in.
 */
#ifndef MODELS_ACCOUNT_RESET_H
#define MODELS_ACCOUNT_RESET_H

#include "db/tx.h"
#include "models/account/account.h"

/* A new token, in the arena. Whose it is: staff_keep_reset_token(). */
char *reset_token_make(struct arena *arena);

/* Notes in the trail that somebody asked, whether or not the name is anybody's. ERR_INPUT
 * "throttled" with retry_after_s when this address asked too often. */
enum err reset_request(struct tx *tx, const char *username) FAILS;

/* In a trip of its own: whose living token this is. ERR_NOT_FOUND: nobody's. */
enum err reset_find(struct tx *tx, const char *token, struct admission *out) FAILS;

/* manual. ERR_NOT_FOUND: used, run out or replaced meanwhile. */
enum err reset_confirm(struct tx *tx, const struct admission *who, const char *token,
                       const char *password_hash) FAILS;

#endif
