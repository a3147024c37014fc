/* The figures of a clinic, of its front desk, of its wards, of a doctor and of a patient, as they
 * are now.
 *
 * Each is one statement and one row. `timezone` is the clinic's: it says which day it is. Rows live
 * as long as the tx's fault owner.
 */
#ifndef MODELS_DASHBOARD_DASHBOARD_H
#define MODELS_DASHBOARD_DASHBOARD_H

#include "db/tx.h"

enum err dashboard_admin(struct tx *tx, const char *timezone, struct rows *out) FAILS;
enum err dashboard_reception(struct tx *tx, const char *timezone, struct rows *out) FAILS;
enum err dashboard_admissions(struct tx *tx, const char *timezone, struct rows *out) FAILS;

/* NULL: of the doctor who asks, or when that is none of all. ERR_NOT_FOUND: no such doctor. */
enum err dashboard_doctor(struct tx *tx, const char *timezone, const char *doctor_id,
                          struct rows *out) FAILS;

/* NULL: of the patient whose token it is. ERR_NOT_FOUND: no such patient. */
enum err dashboard_patient(struct tx *tx, const char *timezone, const char *patient_id,
                           struct rows *out) FAILS;

#endif
