/* Bad bodies in parts: for mutant.c. */
#ifndef TESTS_HARNESS_MUTANT_PARTS_H
#define TESTS_HARNESS_MUTANT_PARTS_H

#include "tests/harness/mutant.h"

/* Below `n`. */
uint32_t mutant_roll(struct mutant *mutant, uint32_t n);

/* The body and its type: `good` (a JSON object, the file's member too) in parts, and mostly
 * something wrong with them. */
void mutant_parts(struct mutant *mutant, struct arena *arena, const struct operation *operation,
                  const json_t *good, struct call *call);

#endif
