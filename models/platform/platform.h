/* The platform's own people: super admins. */
#ifndef MODELS_PLATFORM_PLATFORM_H
#define MODELS_PLATFORM_PLATFORM_H

#include "db/tx.h"

#include <stdbool.h>

/* The account `username` with this password; when there is one already it stays as it is and
 * `created` is false. ERR_INPUT with code "weak-password", or when the name is none. */
enum err superadmin_create(struct tx *tx, const char *username, const char *password,
                           bool *created) FAILS;

#endif
