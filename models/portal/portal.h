/* What a patient, and whoever treats one, looks back on.
 *
 * Everything speaks for the clinic and, for a patient's token, the patient of its tx. `timezone` is
 * the clinic's: it says which day it is. Text is borrowed; rows live as long as the tx's fault
 * owner.
 */
#ifndef MODELS_PORTAL_PORTAL_H
#define MODELS_PORTAL_PORTAL_H

#include "db/tx.h"

/* The record of the patient whose token it is; ERR_NOT_FOUND when it is nobody's. */
enum err portal_me(struct tx *tx, const char *timezone, struct rows *out) FAILS;

/* Each may be NULL. */
struct history_filters {
    const char *include;  /* "visits,tests": which kinds */
    const char *from_day; /* days of the clinic, both included */
    const char *to_day;
};

enum err portal_history(struct tx *tx, const char *timezone, const char *patient_id,
                        const struct history_filters *filters, struct rows *out,
                        int64_t *total) FAILS;

#endif
