/* Passwords that came with a legacy database: "pbkdf2_sha256$rounds$salt$hash". They are checked
 * once, when their owner signs in for the first time, and are Argon2id from then on. Nothing makes
 * new ones.
 */
#ifndef MODELS_ACCOUNT_LEGACY_PASSWORD_H
#define MODELS_ACCOUNT_LEGACY_PASSWORD_H

#include <stdbool.h>

enum { LEGACY_ROUNDS_MOST = 2000000 }; /* about a second; more is nobody's honest hash */

/* Is it of that form, with a number of rounds that we do? *rounds is set when it is. */
bool legacy_password_read(const char *stored, unsigned *rounds);

/* Takes as long as the rounds say: for the offload threads. */
bool legacy_password_matches(const char *stored, const char *password);

#endif
