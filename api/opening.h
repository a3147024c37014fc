/* How a clinic that was just opened is answered, directly (api/clinics.c) or on its application
 * (api/clinic_applications.c): 201, the clinic, its address, and `admin` with the one-time
 * password. */
#ifndef API_OPENING_H
#define API_OPENING_H

#include "api/one_time.h"

enum err opening_reply(struct request *request, const struct rows *rows, const char *admin_username,
                       const struct one_time *once) FAILS;

#endif
