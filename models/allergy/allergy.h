/* What a patient does not tolerate.
 *
 * Every function speaks for the clinic and, for a patient's token, the patient of its tx; an
 * allergy of a patient who is hidden is not found. `timezone` is the clinic's: it says which day it
 * is. A body is the request's, validated and normalised, as JSON text. Text is borrowed; rows live
 * as long as the tx's fault owner.
 */
#ifndef MODELS_ALLERGY_ALLERGY_H
#define MODELS_ALLERGY_ALLERGY_H

#include "db/tx.h"

enum err allergy_list(struct tx *tx, const char *patient_id, struct rows *out,
                      int64_t *total) FAILS;

/* `id`: the client's own, or NULL. ERR_CONFLICT with id-taken; ERR_INPUT when it was noted in the
 * future. */
enum err allergy_create(struct tx *tx, const char *timezone, const char *patient_id, const char *id,
                        const char *body, struct rows *out) FAILS;

/* A merge patch. ERR_CONFLICT with precondition-failed; ERR_INPUT as above. */
enum err allergy_update(struct tx *tx, const char *timezone, const char *patient_id, const char *id,
                        const char *body, struct rows *out) FAILS;

/* The row is kept. ERR_CONFLICT with precondition-failed. */
enum err allergy_delete(struct tx *tx, const char *patient_id, const char *id) FAILS;

#endif
