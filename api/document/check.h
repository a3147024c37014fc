/* The check code on a printed prescription: whoever holds the paper learns from
 * <CLINICD_PUBLIC_URL>/check/<code> whether it is ours and still stands. It names the clinic, the
 * prescription and its version, signed and covered with the key file, and nothing of the patient.
 * The same prescription has the same code as long as the newest key is the same. */
#ifndef API_DOCUMENT_CHECK_H
#define API_DOCUMENT_CHECK_H

#include "db/uuid.h"

#include <stdbool.h>
#include <stdint.h>

enum { PAPER_CHECK_TEXT = 57 }; /* URL-safe base64 of 42 bytes, and its NUL */

struct paper_check {
    int64_t clinic_id;
    char prescription_id[UUID_TEXT];
    int64_t version;
};

/* Gives `out`. */
const char *paper_check_code(const struct paper_check *check, char out[PAPER_CHECK_TEXT]);

/* False: it is no code of ours. A code that was signed with an older key of the file still is. */
bool paper_check_parse(const char *code, struct paper_check *out);

#endif
