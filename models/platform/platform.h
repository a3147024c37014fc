/* The platform's own people. Their sessions are those of models/session, in another realm. */
#ifndef MODELS_PLATFORM_PLATFORM_H
#define MODELS_PLATFORM_PLATFORM_H

#include "db/tx.h"

/* Makes a super admin, for the command line: hashes here, so it takes tens of milliseconds.
 * *created is false when the name is taken; nothing is changed then. ERR_INPUT "weak-password" or
 * "validation-failed" (username) says in its detail what is wrong. */
enum err superadmin_create(struct tx *tx, const char *username, const char *password,
                           bool *created) FAILS;

/* How many clinics a status, people who may sign in a role, and patients there are, over all
 * clinics: numbers only. */
enum err platform_counts(struct tx *tx, struct rows *out) FAILS;

#endif
