/* Step 4: bearer token + clinic -> principal.
 *
 * Tokens are opaque: prefix + 256 random bits, known to us only by their SHA-256. Prefixes tell the
 * table: "ca_" access of a clinic's session, "pa_" of the platform's. A principal is cached for
 * `kept_ms` at most under the token's hash and dropped at once when news of its session, account or
 * clinic comes. A miss is one trip: context of the clinic in the path, session row (and its idle
 * clock, at most once a minute).
 */
#ifndef API_HTTP_IDENTIFY_H
#define API_HTTP_IDENTIFY_H

#include "api/http/request.h"

struct principals;

struct principals *principals_make(int kept_ms);
void principals_free(struct principals *principals);

/* What the listener calls: kind and key as in db/listen.h. */
void principals_forget(struct principals *principals, const char *kind, const char *key);

/* Is that news about this one? */
bool principal_is_about(const struct principal *principal, const char *kind, const char *key);

/* Fills request->principal. `authorization` is the header or NULL. Credentials that are absent give
 * the anonymous principal. 401 unauthenticated (malformed, unknown, expired), 401 clinic-inactive,
 * 404 not-found (token of another clinic; clinic that does not exist while a token was given). */
enum err identify(struct request *request, const char *authorization) FAILS;

#endif
