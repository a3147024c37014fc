/* Hours of a week, a clinic's or a doctor's: what their schema cannot say. */
#ifndef MODELS_CLINIC_HOURS_H
#define MODELS_CLINIC_HOURS_H

#include "db/error.h"

#include <jansson.h>

/* Adds a flaw for every entry of the body's `member` that ends before it begins or overlaps another
 * one of its day. The member is absent, or an array of {day, <from>, <to>} as its schema says. */
void hours_check(const json_t *body, const char *member, const char *from, const char *to,
                 struct fault *fault);

#endif
