/* A second doctor in clinic A, signed in: whoever wants to see what one doctor may do with
 * another's work. */
#ifndef TESTS_HARNESS_COLLEAGUE_H
#define TESTS_HARNESS_COLLEAGUE_H

#include "tests/harness/world.h"

enum { SEED_COLLEAGUE = 209 };

/* token_a(world, "colleague") then opens clinic A. */
void colleague_arrive(struct world *world);

#endif
