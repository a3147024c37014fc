/* Signing in and out, in a clinic and on the platform: the handlers of api/auth.c and
 * api/platform_auth.c in one piece. A wrong password, an unknown name and a disabled account cannot
 * be told apart, neither by the answer nor by the time it takes. */
#ifndef API_SIGN_IN_H
#define API_SIGN_IN_H

#include "api/http/request.h"
#include "models/account/account.h"
#include "models/session/realm.h"

enum err sign_in(struct request *request, const struct realm *realm);
enum err sign_in_refresh(struct request *request, const struct realm *realm);
enum err sign_in_end(struct request *request, const struct realm *realm);
enum err sign_in_change_password(struct request *request, const struct realm *realm);
enum err sign_in_show(struct request *request, const struct realm *realm);

/* Who has shown another proof than a session: the trail names them from here on. */
void sign_in_act_as(struct tx *tx, const struct realm *realm, const struct admission *who);

/* ERR_INPUT "weak-password" at `#/new_password`. */
enum err sign_in_judge_password(struct request *request, const struct admission *who,
                                const char *next) FAILS;

#endif
