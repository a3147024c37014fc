#include "models/share/share.h"

#include "db/keys.h"
#include "gen/queries.h"

#include <stdlib.h>
#include <string.h>

enum { TOKEN_BYTES = 32 };

const char *share_token(struct arena *arena)
{
    return random_token(arena, "", TOKEN_BYTES);
}

static const char *hash_of(const char *token, char out[DIGEST_TEXT])
{
    return digest_hex(token, strlen(token), out);
}

enum err share_create(struct tx *tx, const char *prescription_id, const char *token,
                      const char *body, struct rows *out)
{
    char id[UUID_TEXT], hash[DIGEST_TEXT];
    const struct q_share_create_args args = {
        .id = uuid_make(tx->scope.now_us, id),
        .prescription_id = prescription_id,
        .token_hash = hash_of(token, hash),
        .body = body,
    };
    return query_run(tx, &q_share_create, &args, out);
}

enum err share_list(struct tx *tx, const char *prescription_id, struct rows *out, int64_t *total)
{
    const struct q_share_list_args args = {.prescription_id = prescription_id};
    return query_run_list(tx, &q_share_list, &args, out, total);
}

enum err share_revoke(struct tx *tx, const char *prescription_id, const char *id)
{
    const struct q_share_revoke_args args = {.prescription_id = prescription_id, .id = id};
    return query_run(tx, &q_share_revoke, &args, NULL);
}

enum err share_find(struct tx *tx, const char *token, struct share_place *out)
{
    char hash[DIGEST_TEXT];
    struct rows rows;
    const struct q_share_place_args args = {.hash = hash_of(token, hash)};
    enum err err = query_run_alone(tx, &q_share_place, &args, &rows);
    if (err)
        return err;
    out->clinic_id = rows_int(&rows, 0, "clinic_id", 0);
    memcpy(out->id, rows_text(&rows, 0, "id"), UUID_TEXT);
    return ERR_NONE;
}

enum err share_view(struct tx *tx, const char *id, bool counts, struct rows *out)
{
    const struct q_share_view_args args = {.id = id, .counts = counts ? "t" : "f"};
    return query_run(tx, &q_share_view, &args, out);
}

enum err share_check(struct tx *tx, const char *prescription_id, int64_t version, struct rows *out)
{
    const struct q_share_check_args args = {
        .id = prescription_id,
        .version = arena_format(tx->fault->arena, "%lld", (long long)version),
    };
    return query_run(tx, &q_share_check, &args, out);
}
