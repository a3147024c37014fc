/* Clinics A and B in full swing, by SQL: visits, prescriptions and tests in every state, at
 * instants around the beginnings of the clinic's day, month and year, of patients some of whom are
 * hidden since. What triggers keep (histories, figures, the laboratory's orders) they keep here
 * too. */
#ifndef TESTS_HARNESS_EDGES_H
#define TESTS_HARNESS_EDGES_H

#include "tests/harness/world.h"

/* As of the program's clock; `zone` is both clinics'. Once a world_restore(). */
void edges_make(struct world *world, const char *zone);

#endif
