#include "models/account/staff.h"

#include "db/json.h"
#include "db/keys.h"
#include "db/uuid.h"
#include "gen/queries.h"

#include <string.h>

enum err staff_find_all(struct tx *tx, const struct staff_filter *filter, struct rows *out,
                        int64_t *total)
{
    struct q_account_staff_list_args args = {
        .q = filter->q, .role = filter->role, .is_active = filter->is_active};
    return query_run_list(tx, &q_account_staff_list, &args, out, total);
}

enum err staff_create_account(struct tx *tx, const struct staff_new *staff, struct rows *out)
{
    char id[UUID_TEXT];
    if (staff->id && !uuid_is_v7(staff->id)) {
        fault_add(tx->fault, "#/id", "format", "is not a UUID version 7");
        return fail(tx->fault, ERR_INPUT, "validation-failed", NULL);
    }
    struct q_account_staff_create_args args = {
        .id = staff->id ? staff->id : uuid_make(tx->scope.now_us, id),
        .username = staff->username,
        .role = staff->role,
        .first_name = staff->first_name,
        .last_name = staff->last_name,
        .email = staff->email,
        .mobile_number = staff->mobile_number,
        .password_hash = staff->password_hash,
    };
    return query_run(tx, &q_account_staff_create, &args, out);
}

enum err staff_find(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_account_staff_find_args args = {.id = id};
    return query_run(tx, &q_account_staff_find, &args, out);
}

enum err staff_change(struct tx *tx, const char *id, const json_t *body, struct rows *out)
{
    const char *text = json_text(tx->fault->arena, body);
    const struct q_account_staff_update_args args = {.id = id, .body = text};
    return query_run(tx, &q_account_staff_update, &args, out);
}

enum err staff_deactivate(struct tx *tx, const char *id, const char *role, struct rows *out)
{
    const struct q_account_staff_deactivate_args args = {.id = id, .role = role};
    return query_run(tx, &q_account_staff_deactivate, &args, out);
}

enum err staff_reactivate(struct tx *tx, const char *id, struct rows *out)
{
    const struct q_account_staff_reactivate_args args = {.id = id};
    return query_run(tx, &q_account_staff_reactivate, &args, out);
}

enum err staff_reset_password(struct tx *tx, const char *id, const char *password_hash,
                              struct rows *out)
{
    const struct q_account_lock_args held = {.account_id = id};
    const struct q_account_staff_reset_args args = {.id = id, .password_hash = password_hash};
    enum err err = query_run(tx, &q_account_lock, &held, NULL);
    return err ? err : query_run(tx, &q_account_staff_reset, &args, out);
}

enum err staff_keep_reset_token(struct tx *tx, const char *id, const char *token, struct rows *out)
{
    char hash[DIGEST_TEXT];
    const struct q_account_staff_reset_token_args args = {
        .id = id, .reset_hash = digest_hex(token, strlen(token), hash)};
    return query_run(tx, &q_account_staff_reset_token, &args, out);
}
