/* What the laboratory is asked for and what it found.
 *
 * An order comes into being when its prescription is completed and is named by the prescription and
 * its test. Every function speaks for the clinic of its tx. A body is the request's, validated;
 * rows live as long as the tx's fault owner.
 */
#ifndef MODELS_LAB_LAB_H
#define MODELS_LAB_LAB_H

#include "db/tx.h"

#include <jansson.h>

struct clinic_entry;

/* Each NULL: any; days are the clinic's. `status`: one of TestStatus, "open" (pending or in
 * progress) or "all". */
struct lab_filters {
    const char *status;
    const char *test_type;
    const char *patient_id;
    const char *from, *to;
    const char *q;
};

/* The work list, oldest first. */
enum err lab_list(struct tx *tx, const struct clinic_entry *clinic,
                  const struct lab_filters *filters, struct rows *out, int64_t *total) FAILS;

/* To in_progress or cancelled, which needs a note. ERR_CONFLICT with illegal-transition (and what
 * is allowed) or precondition-failed; ERR_INPUT. */
enum err lab_move(struct tx *tx, const char *prescription_id, const char *test_id,
                  const json_t *body, struct rows *out) FAILS;

/* Records the result, which completes the order, or corrects one, which needs a reason. Judges the
 * values and fills in what follows from them (lab_judge()), in `body` itself. Failures as above. */
enum err lab_record(struct tx *tx, const char *prescription_id, const char *test_id, json_t *body,
                    struct rows *out) FAILS;

/* Adds a flaw for every value that contradicts itself; the others get all their members, null where
 * nothing was said, and an interpretation where the reference range gives one. */
void lab_judge(struct fault *fault, json_t *values);

#endif
