/* What a doctor prescribes.
 *
 * Every function speaks for the clinic and, for a patient's token, the patient of its tx: what that
 * patient may not see is not found, and so is what belongs to a patient who is hidden. Whoever
 * writes must be the author (not-the-author) and name the present version (precondition-failed);
 * what is not pending is locked (prescription-locked), in the database too. Every change gives the
 * whole prescription back, with the patient's allergies. Bodies are the request's, validated and
 * normalised; text is borrowed; rows live as long as the tx's fault owner.
 */
#ifndef MODELS_PRESCRIPTION_PRESCRIPTION_H
#define MODELS_PRESCRIPTION_PRESCRIPTION_H

#include "db/tx.h"

#include <jansson.h>

struct clinic_entry;

/* As texts; NULL: any. Days are the clinic's. */
struct prescription_filters {
    const char *q; /* part of the patient's name, a number or a phone */
    const char *mine, *patient_id, *status, *from, *to;
};

enum err prescription_list(struct tx *tx, const struct clinic_entry *clinic,
                           const struct prescription_filters *filters, struct rows *out,
                           int64_t *total) FAILS;

/* One row: how many there are in which state; q and status do not count. */
enum err prescription_stats(struct tx *tx, const struct clinic_entry *clinic,
                            const struct prescription_filters *filters, struct rows *out) FAILS;

enum err prescription_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* Whole or empty. Vital signs are read and lines get their ids in `body`, in place. ERR_INPUT names
 * every line's fault; ERR_CONFLICT with id-taken, patient-deceased, visit-closed, too-many-lines;
 * ERR_NOT_FOUND when there is no such patient. */
enum err prescription_create(struct tx *tx, const struct clinic_entry *clinic, json_t *body,
                             struct rows *out) FAILS;

/* A merge patch. ERR_INPUT: the day is over. */
enum err prescription_update(struct tx *tx, const struct clinic_entry *clinic, const char *id,
                             const char *body, struct rows *out) FAILS;

/* The row, and its number, are kept. */
enum err prescription_delete(struct tx *tx, const char *id) FAILS;

/* One row with the column `paper`: all that is printed of it, as JSON. What is not pending is as it
 * stood when it was completed. ERR_CONFLICT with not-the-author, not-completed. */
enum err prescription_paper(struct tx *tx, const char *id, struct rows *out) FAILS;

enum prescription_line { LINE_MEDICINE, LINE_TEST };

/* `body` gets an id, in place. ERR_INPUT as with create. The row's `_made_id` is the line's. */
enum err prescription_line_add(struct tx *tx, enum prescription_line kind, const char *id,
                               json_t *body, struct rows *out) FAILS;
enum err prescription_line_update(struct tx *tx, enum prescription_line kind, const char *id,
                                  const char *line_id, const char *body, struct rows *out) FAILS;
enum err prescription_line_delete(struct tx *tx, enum prescription_line kind, const char *id,
                                  const char *line_id, struct rows *out) FAILS;

/* In place of what was noted before. Vital signs are read in place (models/prescription/vitals.h).
 */
enum err prescription_vitals(struct tx *tx, const char *id, json_t *body, struct rows *out) FAILS;
enum err prescription_notes(struct tx *tx, const char *id, const char *body,
                            struct rows *out) FAILS;

/* "completed", "cancelled" (with a reason), or "pending" again. ERR_CONFLICT with
 * illegal-transition, prescription-empty, reopened-too-late, or what the laboratory says. */
enum err prescription_step(struct tx *tx, const char *id, const char *to_status, const char *reason,
                           struct rows *out) FAILS;

/* Advice to admit the patient; with a reason of NULL, that it is withdrawn. */
enum err prescription_recommend(struct tx *tx, const char *id, const char *admission_type,
                                const char *reason, struct rows *out) FAILS;

/* Advice that nobody withdrew. Of `filters`, mine and patient_id count, and status: pending or
 * admitted. */
enum err prescription_recommendations(struct tx *tx, const struct prescription_filters *filters,
                                      struct rows *out, int64_t *total) FAILS;

#endif
