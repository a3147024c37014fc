/* What answering has cost the service so far, counted and not timed: whoever promises that two
 * answers cost the same is held to this. How long they take is for script/bench. */
#ifndef TESTS_HARNESS_EFFORT_H
#define TESTS_HARNESS_EFFORT_H

#include "tests/harness/world.h"

struct effort {
    uint64_t password_kib; /* models/account/password.h */
    uint64_t trips;        /* to the database, of all requests; more than four count as four */
};

struct effort effort_now(struct world *world);

/* From `before` until now. */
struct effort effort_since(struct world *world, const struct effort *before);

#endif
