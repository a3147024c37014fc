#include "api/endpoints.h"

/* One row an operation of the document, in its order; the start refuses a row too many or too few.
 */
const struct handler endpoints[] = {
    {"health_live", health_live},
    {"health_ready", health_ready},
    {"version_get", version_get},
    {"document_get", document_get},
    {"docs_get", docs_get},
    {"docs_asset", docs_asset},
    {"platform_login", platform_login},
    {"platform_refresh", platform_refresh},
    {"platform_logout", platform_logout},
    {"platform_password", platform_password},
    {"platform_me", platform_me},
    {"auth_login", auth_login},
    {"auth_refresh", auth_refresh},
    {"auth_logout", auth_logout},
    {"auth_password", auth_password},
    {"auth_me", auth_me},
    {"clinics_list", clinics_list},
    {"clinics_create", clinics_create},
    {"clinics_get", clinics_get},
    {"clinics_update", clinics_update},
    {"clinics_deactivate", clinics_deactivate},
    {"clinics_set_subscription", clinics_set_subscription},
    {"staff_list", staff_list},
    {"staff_create", staff_create},
    {"patients_list", patients_list},
    {"patients_create", patients_create},
    {"patients_get", patients_get},
    {"patients_update", patients_update},
    {"patients_delete", patients_delete},
    {"patients_restore", patients_restore},
    {"audit_list", audit_list},
};

const size_t endpoints_n = sizeof endpoints / sizeof endpoints[0];
