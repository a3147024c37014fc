/* Numbers of identity papers: what must not be kept, and how the rest is kept. */
#ifndef MODELS_PATIENT_IDENTIFICATION_H
#define MODELS_PATIENT_IDENTIFICATION_H

#include "db/arena.h"

#include <stdbool.h>
#include <stdint.h>

/* Twelve digits, however spaced, whose last is the right check digit (Verhoeff). */
bool identification_is_aadhaar(const char *number);

/* Sealed for this clinic, as "identification_number:sealed" columns are opened. NULL stays NULL. */
const char *identification_seal(struct arena *arena, int64_t clinic_id, const char *number);

#endif
