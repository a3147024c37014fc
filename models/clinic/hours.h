/* When a clinic is open: what the schema of opening hours cannot say. */
#ifndef MODELS_CLINIC_HOURS_H
#define MODELS_CLINIC_HOURS_H

#include "db/error.h"

#include <jansson.h>

/* Adds a flaw for every entry that closes before it opens or overlaps another one of its day.
 * `hours` is an array of {day, opens, closes} as its schema says, or NULL. */
void opening_hours_check(const json_t *hours, struct fault *fault);

#endif
