/* Whether the operator has taken the service away (`clinicd maintenance on`): the order is one row
 * of ops.maintenance, which the service reads and only the operator's tool writes. Kept in memory,
 * filled at start and kept true by news (db/listen.h), so asking costs a request nothing.
 */
#ifndef MODELS_MAINTENANCE_MAINTENANCE_H
#define MODELS_MAINTENANCE_MAINTENANCE_H

#include "db/tx.h"

struct maintenance;

enum maintenance_mode { MAINTENANCE_OFF, MAINTENANCE_READ_ONLY, MAINTENANCE_FULL };

enum err maintenance_load(struct database *database, struct fault *fault,
                          struct maintenance **out) FAILS;
void maintenance_free(struct maintenance *maintenance); /* NULL is fine */

/* Reads the order again. On failure the last one known stays: a fence (no more connections) comes
 * after the order that it belongs to. */
enum err maintenance_refresh(struct maintenance *maintenance, struct fault *fault) FAILS;

enum maintenance_mode maintenance_mode(const struct maintenance *maintenance);

/* The operator's words for everybody who asks, in the arena; NULL: none. And in how many seconds
 * to come back. */
const char *maintenance_reason(struct maintenance *maintenance, struct arena *arena, int64_t now_us,
                               long *retry_after_s);

/* Whether `token` (NULL: none) is the pass of who proves that the service serves: it lets in, and
 * gives no right (db/maintain.h). */
bool maintenance_lets_pass(struct maintenance *maintenance, const char *token, int64_t now_us);

#endif
