/* What papers call things, in each language. Values of the document's lists (medicine types,
 * genders) are called what the document calls them: nothing is translated twice. */
#ifndef API_DOCUMENT_LABELS_H
#define API_DOCUMENT_LABELS_H

#include "api/http/language.h"

#include <jansson.h>

enum label {
    LABEL_PRESCRIPTION,
    LABEL_DISCHARGE_SUMMARY,
    LABEL_INTERIM_SUMMARY,
    LABEL_DRAFT,
    LABEL_CANCELLED,
    LABEL_INTERIM,
    LABEL_REASON,
    LABEL_REGISTRATION,
    LABEL_LICENCE,
    LABEL_SIGNATURE,
    LABEL_DOCTOR,
    LABEL_PATIENT,
    LABEL_PATIENT_NUMBER,
    LABEL_AGE_GENDER,
    LABEL_YEARS,
    LABEL_BIRTH,
    LABEL_WEIGHT,
    LABEL_PHONE,
    LABEL_ADDRESS,
    LABEL_DATE,
    LABEL_ALLERGIES,
    LABEL_NO_ALLERGIES,
    LABEL_VITALS,
    LABEL_BLOOD_PRESSURE,
    LABEL_PULSE,
    LABEL_TEMPERATURE,
    LABEL_SPO2,
    LABEL_SUGAR,
    LABEL_PER_MINUTE,
    LABEL_COMPLAINT,
    LABEL_FINDINGS,
    LABEL_DIAGNOSIS,
    LABEL_PLAN,
    LABEL_ADVICE,
    LABEL_MEDICINES,
    LABEL_MEDICINE,
    LABEL_DOSE,
    LABEL_SLOTS,
    LABEL_TIMES_A_DAY,
    LABEL_FOOD,
    LABEL_DURATION,
    LABEL_QUANTITY,
    LABEL_NO_MEDICINES,
    LABEL_ONCE_A_DAY,
    LABEL_TWICE_A_DAY,
    LABEL_N_TIMES_A_DAY, /* {n} */
    LABEL_IF_NEEDED,
    LABEL_TESTS,
    LABEL_TEST,
    LABEL_TYPE,
    LABEL_FOLLOW_UP,
    LABEL_ADMITTED,
    LABEL_ENDED,
    LABEL_STAY,
    LABEL_SAME_DAY,
    LABEL_ONE_DAY,
    LABEL_N_DAYS, /* {n} */
    LABEL_WARD,
    LABEL_BED,
    LABEL_OUTCOME,
    LABEL_STATUS,
    LABEL_REASON_FOR_ADMISSION,
    LABEL_ALLERGIES_SAID,
    LABEL_HISTORY,
    LABEL_FINAL_DIAGNOSIS,
    LABEL_DISCHARGE_NOTES,
    LABEL_TREATMENTS,
    LABEL_TREATMENT,
    LABEL_DETAILS,
    LABEL_GIVEN_BY,
    LABEL_NO_TREATMENTS,
    LABEL_PHARMACY,
    LABEL_PAGE, /* {n} {of} */
    LABEL_CHECK,
    LABEL_COUNT
};

const char *label(enum label name, enum language language);

/* "Nov": of a month from 1. */
const char *label_month(int month, enum language language);

/* What the schema of the document that has this name calls a value; the value itself when it has no
 * label, NULL when it is NULL. */
const char *label_value(const json_t *document, const char *schema, const char *value,
                        enum language language);

#endif
