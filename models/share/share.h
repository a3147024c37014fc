/* Share links: whoever holds one sees a prescription's paper for a while, without signing in.
 *
 * A link's token is 256 random bits and is nowhere but in the link: the database has its SHA-256.
 * What a link may and when it is over, the database knows (0016_share_links.sql). Every function
 * but share_place() speaks for the clinic and, for a patient's token, the patient of its tx. Text
 * is borrowed; rows live as long as the tx's fault owner.
 */
#ifndef MODELS_SHARE_SHARE_H
#define MODELS_SHARE_SHARE_H

#include "db/tx.h"
#include "db/uuid.h"

/* A new token: 43 characters that are safe in an address. In the arena. */
const char *share_token(struct arena *arena);

/* `body`: JSON text of the request's. One row: what is shown of the link, and in columns that are
 * not: `_phone_key` (the patient's, or NULL), `_clinic_name`, `_language`, `_until` (the end by the
 * clinic's clock). ERR_CONFLICT with not-the-author, not-completed. */
enum err share_create(struct tx *tx, const char *prescription_id, const char *token,
                      const char *body, struct rows *out) FAILS;

/* ERR_NOT_FOUND to a doctor who is not the author. */
enum err share_list(struct tx *tx, const char *prescription_id, struct rows *out,
                    int64_t *total) FAILS;

/* At once. One that is over stays as it is. ERR_CONFLICT with not-the-author. */
enum err share_revoke(struct tx *tx, const char *prescription_id, const char *id) FAILS;

/* Where a link is. */
struct share_place {
    int64_t clinic_id;
    char id[UUID_TEXT];
};

/* Asks without a clinic, in a trip of its own. ERR_NOT_FOUND: it is no token of ours. */
enum err share_find(struct tx *tx, const char *token, struct share_place *out) FAILS;

/* The paper (column `paper`, as prescription_paper() gives it), counted. `counts` false: the same
 * without counting. ERR_CONFLICT with share-link-expired: the link is over. */
enum err share_view(struct tx *tx, const char *id, bool counts, struct rows *out) FAILS;

/* What a printed prescription's check address tells. */
enum err share_check(struct tx *tx, const char *prescription_id, int64_t version,
                     struct rows *out) FAILS;

#endif
