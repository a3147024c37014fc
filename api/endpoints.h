/* The table of handlers. Adding an endpoint: an operation in openapi/, a .sql, a handler, one row.
 */
#ifndef API_ENDPOINTS_H
#define API_ENDPOINTS_H

#include "api/http/document.h"

extern const struct handler endpoints[];
extern const size_t endpoints_n;

/* Each resource's handlers; the rows are in api/endpoints.c. */
enum err clinics_list(struct request *request);
enum err clinics_create(struct request *request);
enum err clinics_get(struct request *request);
enum err clinics_update(struct request *request);
enum err clinics_deactivate(struct request *request);
enum err clinics_set_subscription(struct request *request);
enum err platform_login(struct request *request);
enum err platform_refresh(struct request *request);
enum err platform_logout(struct request *request);
enum err platform_password(struct request *request);
enum err platform_me(struct request *request);
enum err auth_login(struct request *request);
enum err auth_refresh(struct request *request);
enum err auth_logout(struct request *request);
enum err auth_password(struct request *request);
enum err auth_me(struct request *request);
enum err staff_list(struct request *request);
enum err staff_create(struct request *request);
enum err patients_list(struct request *request);
enum err patients_create(struct request *request);
enum err patients_get(struct request *request);
enum err patients_update(struct request *request);
enum err patients_delete(struct request *request);
enum err patients_restore(struct request *request);
enum err audit_list(struct request *request);
enum err health_live(struct request *request);
enum err health_ready(struct request *request);
enum err version_get(struct request *request);
enum err document_get(struct request *request);
enum err docs_get(struct request *request);
enum err docs_asset(struct request *request);

#endif
