/* What the files of patients are; their bytes are in the store (db/store/store.h).
 *
 * Every function speaks for the clinic and, for a patient's token, the patient of its tx; a file of
 * a patient who is hidden, one that was deleted, and a logo are not found. Text is borrowed; rows
 * live as long as the tx's fault owner.
 */
#ifndef MODELS_FILE_FILE_H
#define MODELS_FILE_FILE_H

#include "db/tx.h"

/* What is known of a file whose bytes are kept, before it has a row. */
struct file_facts {
    const char *id; /* its name in the store */
    const char *name, *media_type, *sha256;
    uint64_t size;
    bool is_pending; /* until the scanner has looked at it */
};

enum err file_find(struct tx *tx, const char *id, struct rows *out) FAILS;

/* What is needed to hand it out. ERR_CONFLICT with file-pending, file-infected or file-missing: it
 * is not. */
enum err file_content(struct tx *tx, const char *id, struct file_facts *out) FAILS;

/* The row is kept, and the bytes. ERR_CONFLICT with precondition-failed, or with report-in-use: the
 * result of a test rests on it. */
enum err file_delete(struct tx *tx, const char *id) FAILS;

#endif
