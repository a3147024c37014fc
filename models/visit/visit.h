/* Visits: who came, with which token, and what became of it.
 *
 * The database keeps the rules: how a visit may move (visit_moves()), its history, one open visit a
 * patient, tokens without gap or twin. `clinic` is the entry in the directory: it says which day it
 * is. A body is the request's, validated and normalised. Text is borrowed; rows live as long as the
 * tx's fault owner.
 */
#ifndef MODELS_VISIT_VISIT_H
#define MODELS_VISIT_VISIT_H

#include "db/tx.h"

#include <jansson.h>

struct clinic_entry;
struct database;

/* Filters of a list; each may be NULL. */
struct visit_filters {
    const char *from; /* days */
    const char *to;
    const char *status;
    const char *doctor_id;
    const char *patient_id;
    const char *visit_type;
    const char *q; /* finds patients, as in their own list */
};

/* Checks in whom the body names by patient_id or patient_number. The body's own `id` is used when
 * it has one. ERR_NOT_FOUND: no such patient; ERR_CONFLICT with open-visit-exists (and the visit),
 * patient-deceased, id-taken; ERR_INPUT with what is wrong in the body. */
enum err visit_create(struct tx *tx, const struct clinic_entry *clinic, const json_t *body,
                      struct rows *out) FAILS;

enum err visit_find(struct tx *tx, const char *id, struct rows *out) FAILS;

enum err visit_list(struct tx *tx, const struct clinic_entry *clinic,
                    const struct visit_filters *filters, struct rows *out, int64_t *total) FAILS;

/* A merge patch; another doctor means a new token. ERR_CONFLICT with precondition-failed,
 * not-your-visit, visit-locked; ERR_INPUT as above. */
enum err visit_update(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;

/* Moves it to the body's status. ERR_CONFLICT with illegal-transition (and what is allowed),
 * not-your-visit, precondition-failed, open-visit-exists; ERR_INPUT when a note is needed. */
enum err visit_move(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;

enum err visit_history(struct tx *tx, const char *id, struct rows *out, int64_t *total) FAILS;

/* Counts by "day", "month" or "year"; from and to are days or NULL. ERR_INPUT when they are the
 * wrong way round or too far apart. */
enum err visit_stats(struct tx *tx, const struct clinic_entry *clinic, const char *granularity,
                     const char *from, const char *to, struct rows *out) FAILS;

/* Closes visits of days that are over, in whichever clinic, some at a time, each in a transaction
 * of its own with its row in the trail. True: there may be more. Several processes may do it at
 * once. */
bool visit_close_stale(struct database *database);

#endif
