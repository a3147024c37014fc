/* The trails of a clinic and of the platform, for reading. Writing them is the floor's: see
 * db/tx.h. */
#ifndef MODELS_AUDIT_TRAIL_H
#define MODELS_AUDIT_TRAIL_H

#include "db/tx.h"

/* Each may be NULL. */
struct trail_filters {
    const char *actor; /* account */
    const char *operation;
    const char *entity;
    const char *entity_id;
    const char *patient_id; /* also rows of lists that showed the patient */
    const char *from;       /* instants: not before … */
    const char *to;         /* … and before */
};

enum err trail_list(struct tx *tx, const struct trail_filters *filters, struct rows *out,
                    int64_t *total) FAILS;

/* The platform's own; of the filters it has actor, operation, from and to. */
enum err trail_list_platform(struct tx *tx, const struct trail_filters *filters, struct rows *out,
                             int64_t *total) FAILS;

/* What names this patient, lists included. */
enum err trail_list_access(struct tx *tx, const char *patient_id, struct rows *out,
                           int64_t *total) FAILS;

#endif
