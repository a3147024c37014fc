/* Rows for tests: clinics with people, patients, sessions and a trail, made by SQL alone.
 *
 * Every clinic has the same rows with ids, marks and digits of its own (tests/harness/clinic.sql);
 * a mark that turns up in an answer to somebody else is a leak. Everybody's password is
 * SEED_PASSWORD, hashed with the least work, so a sign-in costs microseconds.
 */
#ifndef TESTS_HARNESS_SEED_H
#define TESTS_HARNESS_SEED_H

#include "db/uuid.h"
#include "tests/harness/sql.h"

#include <stdint.h>

#define SEED_PASSWORD "plum orchard quiet lantern"

enum { TOKEN_TEXT = 48 };

/* What an id of seed_id() names. */
enum {
    SEED_CLINIC = 1,
    SEED_PATIENT_OWN = 101, /* the one of the patient's login */
    SEED_PATIENT_OTHER = 102,
    SEED_PATIENT_DELETED = 103,
    SEED_ADMIN = 201,
    SEED_DOCTOR = 202,
    SEED_RECEPTIONIST = 203,
    SEED_LAB_TECH = 204,
    SEED_PATIENT_LOGIN = 205,
    SEED_NEWCOMER = 206, /* an admin who must change the password */
    SEED_LATE = 207,     /* an admin whose session is over */
    SEED_SESSION_ADMIN = 301,
    SEED_SESSION_PATIENT = 305,
    SEED_PHARMACY = 401,
    SEED_APPLICATION = 501, /* the platform's */
    SEED_ALLERGY = 320,     /* and the number of its patient */
    SEED_NOBODY = 999,      /* no such thing */
};

struct seed {
    int64_t clinic_id;
    const char *slug;
    const char *status;
    const char *mark;   /* letters and digits only: stands in names and addresses */
    const char *digits; /* stands in phone numbers */
    const char *hex;    /* two hex digits: tells this clinic's ids from others' */
};

/* The clinics of the tests. */
extern const struct seed seed_a, seed_b;
extern const struct seed seed_suspended, seed_expired, seed_importing, seed_inactive;

/* Into a migrated database, as a superuser. */
void seed_clinic(PGconn *boss, const struct seed *seed);
void seed_platform(PGconn *boss);

const char *seed_id(const struct seed *seed, int what, char out[UUID_TEXT]);

const char *seed_platform_id(int what, char out[UUID_TEXT]);

/* The access token of `who` ("doctor", "newcomer", …); seed NULL: the platform's ("boss"). */
const char *seed_token(const struct seed *seed, const char *who, char out[TOKEN_TEXT]);

#endif
