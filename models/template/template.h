/* What a doctor prescribes often: medicines and tests, kept to be written into prescriptions.
 *
 * Every function speaks for the clinic and the actor of its tx: a doctor finds the own templates
 * and those that colleagues made visible, and changes the own. A body is the request's, validated.
 * What changes a line gives the whole template, whose version counts it. Rows live as long as the
 * tx's fault owner.
 */
#ifndef MODELS_TEMPLATE_TEMPLATE_H
#define MODELS_TEMPLATE_TEMPLATE_H

#include "db/tx.h"

#include <jansson.h>

struct template_filters {
    const char *q;
    const char *mine;   /* "true": the doctor's own only; else NULL or "false" */
    const char *active; /* "true", "false", NULL: either */
};

enum template_line { TEMPLATE_MEDICINE, TEMPLATE_TEST };

enum err template_list(struct tx *tx, const struct template_filters *filters, struct rows *out,
                       int64_t *total) FAILS;
enum err template_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* ERR_CONFLICT with name-taken or id-taken; ERR_INPUT when a line is not whole. */
enum err template_create(struct tx *tx, const json_t *body, struct rows *out) FAILS;

/* ERR_CONFLICT with not-the-author, precondition-failed or name-taken. */
enum err template_update(struct tx *tx, const char *id, const json_t *body, struct rows *out) FAILS;
enum err template_delete(struct tx *tx, const char *id) FAILS;

/* ERR_CONFLICT with not-the-author, precondition-failed (but for adding), too-many-lines or
 * id-taken; ERR_INPUT as above. An added line that has no id gets one, in `body`. */
enum err template_add(struct tx *tx, const char *id, enum template_line kind, json_t *body,
                      struct rows *out) FAILS;
enum err template_change(struct tx *tx, const char *id, enum template_line kind,
                         const char *line_id, const json_t *body, struct rows *out) FAILS;
enum err template_remove(struct tx *tx, const char *id, enum template_line kind,
                         const char *line_id, struct rows *out) FAILS;

/* Writes a template's lines into a pending prescription of the actor's: gives the added lines and
 * the patient's allergies. ERR_CONFLICT with not-the-author, prescription-locked or too-many-lines;
 * ERR_INPUT when it is no template that the actor may use. */
enum err template_apply(struct tx *tx, const char *timezone, const char *prescription_id,
                        const json_t *body, struct rows *out) FAILS;

/* Makes a template of a prescription of the actor's. ERR_CONFLICT with not-the-author, name-taken,
 * too-many-lines or prescription-empty. */
enum err template_save(struct tx *tx, const char *prescription_id, const json_t *body,
                       struct rows *out) FAILS;

#endif
