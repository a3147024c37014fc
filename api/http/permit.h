/* Step 5: may this principal do this? The document says; nothing here knows an operation or a role
 * by name. Also chooses what of the answer the principal sees (x-hide, x-mask). */
#ifndef API_HTTP_PERMIT_H
#define API_HTTP_PERMIT_H

#include "api/http/request.h"

/* 401 unauthenticated or clinic-inactive; 403 missing-permission, password-change-required,
 * subscription-inactive; 404 for a clinic that does not exist. */
enum err permit(struct request *request) FAILS;

/* Parameters and body members that need a permission of their own; after they were read. */
enum err permit_input(struct request *request) FAILS;

/* What that role gets to see of the operation's answer; clinic_id is left to the caller. */
void permit_view(const struct operation *operation, const char *role, struct view *out);

#endif
