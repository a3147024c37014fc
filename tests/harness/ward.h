/* Admissions in few words, in clinic A; see ask.h. */
#ifndef TESTS_HARNESS_WARD_H
#define TESTS_HARNESS_WARD_H

#include "tests/harness/world.h"

/* Of clinic.sql, both of the own patient. */
enum { WARD_ENDED = 511, WARD_OPEN = 514 };

/* Patients 1001 … 1000 + n of clinic A, where they are not there yet. */
void ward_patients(struct world *world, int n);

/* What the doctor is answered who admits a patient to a bed of room 7; `more` follows: "" or
 * ", \"…\": …". */
struct answer ward_ask(struct world *world, int patient, const char *bed, const char *more);

/* As above; dies unless it is made. */
struct answer ward_admit(struct world *world, int patient, const char *bed, const char *more);

/* "/clinics/clinic-a/admissions/<id of the answer><rest>" */
const char *ward_path(struct world *world, const struct answer *stay, const char *rest);

/* A request by `who` about it; a change under the version that it has now. */
struct answer ward_do(struct world *world, const struct answer *stay, const char *who,
                      const char *method, const char *rest, const char *body);

/* As it is now, for the doctor. */
struct answer ward_read(struct world *world, const struct answer *stay);

/* Ended with everything that the outcome needs; dies unless it is. */
struct answer ward_end(struct world *world, const struct answer *stay, const char *outcome);

/* The seed's patient has left the bed, and nothing else happened. */
void ward_left(struct world *world);

/* What is wrong, of a 422: "#/pointer code" of each fault in order, with ", " between. */
const char *ward_flaws(struct world *world, const struct answer *answer);

/* A patient's status as it stands in the table. */
const char *ward_patient_status(struct world *world, int patient);

#define WARD_SALINE                                                                                \
    "\"treatment_type\": \"saline\", \"treatment_name\": \"IV fluid\", \"saline_type\": "          \
    "\"D5W\", \"quantity\": \"500 ml\""

#endif
