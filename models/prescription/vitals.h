/* Vital signs as people type them: "120/80", "98.6 F", "36.8 °C", "98 %", "5.8 mmol/L".
 *
 * Nothing here knows a patient or a database.
 */
#ifndef MODELS_PRESCRIPTION_VITALS_H
#define MODELS_PRESCRIPTION_VITALS_H

#include "db/error.h"

#include <jansson.h>

/* Makes numbers with units out of the texts of `vitals`, in place; the texts stay as they were
 * typed. A text that cannot be read, that contradicts the number beside it, or that says what
 * cannot be of a living person, is a fault at `pointer` ("#" or "#/vitals") and its member; so is
 * a number without its unit, or one half of a blood pressure. */
void vitals_read(struct fault *fault, const char *pointer, json_t *vitals);

#endif
