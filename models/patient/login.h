/* A patient's login: an account whose name is the patient number in lower case. The staff makes it
 * and gives out the one-time password; the patient's own token opens the own record only. */
#ifndef MODELS_PATIENT_LOGIN_H
#define MODELS_PATIENT_LOGIN_H

#include "db/tx.h"

/* All rows have username. A disabled login is opened again. ERR_CONFLICT with login-exists,
 * username-taken. */
enum err login_create(struct tx *tx, const char *patient_id, const char *password_hash,
                      struct rows *out) FAILS;

/* manual. Sessions end; the row has _account_id. ERR_NOT_FOUND: there is no login. ERR_CONFLICT
 * with account-inactive: it is disabled. */
enum err login_reset(struct tx *tx, const char *patient_id, const char *password_hash,
                     struct rows *out) FAILS;

/* Sessions end; the row has _account_id. ERR_NOT_FOUND: there is no login that is open. */
enum err login_disable(struct tx *tx, const char *patient_id, struct rows *out) FAILS;

#endif
