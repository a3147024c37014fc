#include "models/account/reset.h"

#include "db/keys.h"
#include "gen/queries.h"

#include <stdlib.h>
#include <string.h>

char *reset_token_make(struct arena *arena)
{
    return random_token(arena, "rt_", SECRET_BYTES);
}

enum err reset_request(struct tx *tx, const char *username)
{
    const struct q_account_reset_request_args args = {.username = username};
    struct fault *fault = tx->fault;
    enum err err = query_run(tx, &q_account_reset_request, &args, NULL);
    if (err == ERR_CONFLICT && strcmp(fault->code, "throttled") == 0) {
        fault->retry_after_s = strtol(fault->extra, NULL, 10);
        fault->extra = NULL;
        err = fault->err = ERR_INPUT;
    }
    return err;
}

enum err reset_find(struct tx *tx, const char *token, struct admission *out)
{
    char hash[DIGEST_TEXT];
    const struct q_account_reset_find_args args = {.reset_hash =
                                                       digest_hex(token, strlen(token), hash)};
    struct rows rows;
    enum err err = query_run_alone(tx, &q_account_reset_find, &args, &rows);
    if (err)
        return err;
    *out = (struct admission){
        .account_id = rows_text(&rows, 0, "account_id"),
        .username = rows_text(&rows, 0, "username"),
        .role = rows_text(&rows, 0, "role"),
        .patient_id = rows_text(&rows, 0, "patient_id"),
        .mobile_number = rows_text(&rows, 0, "mobile_number"),
        .may_sign_in = true,
    };
    return ERR_NONE;
}

enum err reset_confirm(struct tx *tx, const struct admission *who, const char *token,
                       const char *password_hash)
{
    char hash[DIGEST_TEXT];
    const struct q_account_lock_args held = {.account_id = who->account_id};
    const struct q_account_reset_confirm_args args = {
        .reset_hash = digest_hex(token, strlen(token), hash), .password_hash = password_hash};
    enum err err = query_run(tx, &q_account_lock, &held, NULL);
    return err ? err : query_run(tx, &q_account_reset_confirm, &args, NULL);
}
