/* A clinic's waiting room: who waits, in which order and how long, and what happens in it, event by
 * event. Events are numbered 1, 2, 3, … in a clinic, by a trigger in the transaction that changed
 * the visit, and kept for two days.
 *
 * Every function speaks for the clinic of its tx; rows live as long as the tx's fault owner. */
#ifndef MODELS_QUEUE_QUEUE_H
#define MODELS_QUEUE_QUEUE_H

#include "db/tx.h"

struct clinic_entry;

/* One row: the day, counts, and two JSON lists. doctor_id NULL: everybody. */
enum err queue_waiting(struct tx *tx, const struct clinic_entry *clinic, const char *doctor_id,
                       struct rows *out) FAILS;

/* One row: `last` and `oldest` event. */
enum err queue_bounds(struct tx *tx, struct rows *out) FAILS;

/* The `most` events after that one, oldest first. */
enum err queue_events(struct tx *tx, int64_t after, int most, struct rows *out) FAILS;

#endif
