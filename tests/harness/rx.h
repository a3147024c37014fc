/* Prescriptions in few words, in clinic A; see ask.h. */
#ifndef TESTS_HARNESS_RX_H
#define TESTS_HARNESS_RX_H

#include "tests/harness/ask.h"

enum { RX_COMPLETED = 701, RX_PENDING = 702 }; /* of clinic.sql; the doctor's */

/* A second doctor, "colleague", signed in. */
void rx_colleague(struct world *world);

/* What "doctor" prescribes to a patient; `more` follows the patient_id: "" or ", \"…\": …". Dies
 * unless it is made. */
struct answer rx_make(struct world *world, int patient, const char *more);

/* "/clinics/clinic-a/prescriptions/<id of the answer><rest>" */
const char *rx_path(struct world *world, const struct answer *rx, const char *rest);

/* A change by `who` under the version that the answer shows. */
struct answer rx_do(struct world *world, const struct answer *rx, const char *who,
                    const char *method, const char *rest, const char *body);

enum rx_state { RX_IS_PENDING, RX_IS_COMPLETED, RX_IS_CANCELLED, RX_STATES };

extern const char *const rx_states[RX_STATES]; /* as the API says them */

/* The step to a state: the end of its path, its body or NULL, and taking it. */
const char *rx_verb(enum rx_state to);
const char *rx_reason(enum rx_state to);
struct answer rx_step(struct world *world, const struct answer *rx, const char *who,
                      enum rx_state to);

/* A new one with a medicine, a test, vital signs and notes, in a state. */
struct answer rx_in(struct world *world, enum rx_state to);

/* As it is now, for the doctor. */
struct answer rx_read(struct world *world, const struct answer *rx);

/* The i-th of a list of objects, and a member of it ("" when it is no string). */
const json_t *rx_item(const struct answer *answer, const char *list, size_t i);
const char *rx_text(const struct answer *answer, const char *list, size_t i, const char *member);
size_t rx_count(const struct answer *answer, const char *list);
const char *rx_etag(struct world *world, const struct answer *answer);

/* A medicine's line as JSON, without braces. */
#define RX_MEDICINE                                                                                \
    "\"medicine_name\": \"Paracetamol\", \"medicine_type\": \"tablet\", \"dosage\": \"500 mg\", "  \
    "\"frequency_per_day\": 3, \"duration\": \"3 days\", \"quantity\": 9"
#define RX_TEST "\"test_name\": \"Complete blood count\", \"test_type\": \"blood\""
#define RX_NOTES                                                                                   \
    "\"observations\": \"Throat red\", \"diagnosis\": \"Fever\", \"treatment_plan\": \"Rest\""

#endif
