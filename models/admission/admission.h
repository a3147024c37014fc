/* Who lies in which bed, what is given to them there, and how it ends.
 *
 * One patient has one admission at a time, one bed one patient; what is over is locked. All that is
 * the database's business (0014_admissions.sql): here is how it is asked. Every function speaks for
 * the clinic of its tx. A body is the request's, validated; rows live as long as the tx's fault
 * owner.
 */
#ifndef MODELS_ADMISSION_ADMISSION_H
#define MODELS_ADMISSION_ADMISSION_H

#include "db/tx.h"

#include <jansson.h>

struct clinic_entry;

/* Each NULL: any; days are the clinic's. `active` is "true" or "false". */
struct admission_filters {
    const char *active;
    const char *admission_type;
    const char *status;
    const char *doctor_id;
    const char *patient_id;
    const char *q;
    const char *from, *to;
};

struct treatment_filters {
    const char *treatment_type;
    const char *from, *to;
};

enum err admission_list(struct tx *tx, const struct clinic_entry *clinic,
                        const struct admission_filters *filters, struct rows *out,
                        int64_t *total) FAILS;
enum err admission_find(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        struct rows *out) FAILS;

/* One row with the column `paper`: all that is printed of it, as JSON; of one that is over as it
 * stood at the end. A patient's token finds the own ones that are over. */
enum err admission_paper(struct tx *tx, const char *id, struct rows *out) FAILS;

/* ERR_NOT_FOUND: no such patient. ERR_CONFLICT with already-admitted or bed-occupied (and that
 * admission), recommendation-closed, patient-deceased, id-taken; ERR_INPUT with what is wrong. */
enum err admission_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                          struct rows *out) FAILS;

/* ERR_CONFLICT with admission-ended, or bed-occupied and who lies there. */
enum err admission_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                          const json_t *body, struct rows *out) FAILS;

/* ERR_CONFLICT with admission-ended, or illegal-transition and what is allowed. */
enum err admission_move(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                        const char *status, const char *reason, struct rows *out) FAILS;

/* Ends it with the body's outcome. _login_id of the row: whose sessions ended, as the patient has
 * died. ERR_CONFLICT with admission-ended; ERR_INPUT. */
enum err admission_end(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                       const json_t *body, struct rows *out) FAILS;

/* Corrects what was said at the end. _login_id as above. ERR_CONFLICT with conflict: it is not
 * over; ERR_INPUT. */
enum err admission_correct(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                           const json_t *body, struct rows *out) FAILS;

/* Every step since the admission, and every correction. */
enum err admission_history(struct tx *tx, const char *id, struct rows *out, int64_t *total) FAILS;

enum err treatment_list(struct tx *tx, const struct clinic_entry *clinic, const char *admission_id,
                        const struct treatment_filters *filters, struct rows *out,
                        int64_t *total) FAILS;

/* ERR_CONFLICT with admission-ended or id-taken; ERR_INPUT with every member that the type needs or
 * has no place for. */
enum err treatment_create(struct tx *tx, const char *admission_id, const json_t *body,
                          struct rows *out) FAILS;

/* The row keeps what it said before, and why it was corrected. Failures as above. */
enum err treatment_correct(struct tx *tx, const char *admission_id, const char *id,
                           const json_t *body, struct rows *out) FAILS;

#endif
