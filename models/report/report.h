/* Medical reports and test reports: a few words about a patient, and a file.
 *
 * Every function speaks for the clinic and, for a patient's token, the patient of its tx; reports
 * of a patient who is hidden, and what was deleted, are not found. `timezone` is the clinic's. Text
 * is borrowed; rows live as long as the tx's fault owner.
 */
#ifndef MODELS_REPORT_REPORT_H
#define MODELS_REPORT_REPORT_H

#include "db/tx.h"
#include "models/file/file.h"

#include <jansson.h>

#define REPORT_MEDICAL "medical_report"
#define REPORT_TEST "test_report"

/* Of whom, and which. Each NULL: any; `kind` and one of patient and admission are said. */
struct report_filters {
    const char *kind;
    const char *patient_id, *admission_id;
    const char *type;
    const char *from, *to; /* days of the clinic */
};

/* The newest first. */
enum err report_list(struct tx *tx, const char *timezone, const struct report_filters *filters,
                     struct rows *out, int64_t *total) FAILS;

/* What is said in `body`, the request's, validated, about a patient or an admission's patient, and
 * the file, whose bytes are kept already; both rows or none. ERR_CONFLICT with id-taken or
 * quota-exceeded; ERR_INPUT with what only the database knows to be wrong. */
enum err report_create(struct tx *tx, const char *timezone, const struct report_filters *of,
                       const json_t *body, const struct file_facts *file, struct rows *out) FAILS;

/* The id of a report's file, when the tx is over. */
enum err report_file_of(struct tx *tx, const char *id, const char **out) FAILS;

#endif
