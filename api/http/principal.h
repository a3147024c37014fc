/* Who asks: made by identify.c from a bearer token, cached at most 5 s, dropped at once on news. */
#ifndef API_HTTP_PRINCIPAL_H
#define API_HTTP_PRINCIPAL_H

#include "db/uuid.h"

#include <stdbool.h>
#include <stdint.h>

enum principal_kind { PRINCIPAL_ANONYMOUS, PRINCIPAL_ACCOUNT, PRINCIPAL_PLATFORM };

enum { ROLE_TEXT = 24, NAME_TEXT = 164 };

struct principal {
    enum principal_kind kind;
    int64_t clinic_id; /* of an account; 0 else */
    char account_id[UUID_TEXT];
    char session_id[UUID_TEXT];
    char patient_id[UUID_TEXT]; /* a patient's login; "" else */
    char role[ROLE_TEXT];       /* "anonymous" when nobody */
    char name[NAME_TEXT];       /* username, for the audit row */
    bool must_change_password;
    int64_t expires_us; /* wall clock: the earliest of idle and absolute end */
};

#endif
