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
enum err settings_get(struct request *request);
enum err settings_update(struct request *request);
enum err pharmacies_list(struct request *request);
enum err pharmacies_create(struct request *request);
enum err pharmacies_get(struct request *request);
enum err pharmacies_update(struct request *request);
enum err pharmacies_deactivate(struct request *request);
enum err clinic_applications_create(struct request *request);
enum err clinic_applications_list(struct request *request);
enum err clinic_applications_get(struct request *request);
enum err clinic_applications_approve(struct request *request);
enum err clinic_applications_reject(struct request *request);
enum err meta_enums(struct request *request);
enum err platform_dashboard(struct request *request);
enum err platform_audit(struct request *request);
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
enum err auth_password_reset(struct request *request);
enum err auth_password_reset_confirm(struct request *request);
enum err auth_sessions_list(struct request *request);
enum err auth_sessions_end(struct request *request);
enum err staff_list(struct request *request);
enum err staff_create(struct request *request);
enum err staff_get(struct request *request);
enum err staff_update(struct request *request);
enum err staff_close(struct request *request);
enum err staff_reopen(struct request *request);
enum err staff_password_reset(struct request *request);
enum err doctors_list(struct request *request);
enum err doctors_create(struct request *request);
enum err doctors_get(struct request *request);
enum err doctors_update(struct request *request);
enum err doctors_deactivate(struct request *request);
enum err patients_list(struct request *request);
enum err patients_create(struct request *request);
enum err patients_get(struct request *request);
enum err patients_update(struct request *request);
enum err patients_delete(struct request *request);
enum err patients_restore(struct request *request);
enum err patients_login_create(struct request *request);
enum err patients_login_reset(struct request *request);
enum err patients_login_disable(struct request *request);
enum err allergies_list(struct request *request);
enum err allergies_create(struct request *request);
enum err allergies_update(struct request *request);
enum err allergies_delete(struct request *request);
enum err visits_list(struct request *request);
enum err visits_create(struct request *request);
enum err visits_get(struct request *request);
enum err visits_update(struct request *request);
enum err visits_set_status(struct request *request);
enum err visits_history(struct request *request);
enum err visits_stats(struct request *request);
enum err queue_get(struct request *request);
enum err queue_listen(struct request *request);
enum err me_get(struct request *request);
enum err history_list(struct request *request);
enum err dashboards_admin(struct request *request);
enum err dashboards_reception(struct request *request);
enum err dashboards_doctor(struct request *request);
enum err dashboards_patient(struct request *request);
enum err access_log_list(struct request *request);
enum err audit_list(struct request *request);
enum err health_live(struct request *request);
enum err health_ready(struct request *request);
enum err version_get(struct request *request);
enum err document_get(struct request *request);
enum err docs_get(struct request *request);
enum err docs_asset(struct request *request);

#endif
