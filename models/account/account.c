#include "models/account/account.h"

#include "gen/queries.h"

#include <assert.h>

/* One struct of arguments serves both realms. */
#define SAME(a, b, member)                                                                         \
    static_assert(offsetof(struct a, member) == offsetof(struct b, member), #member)
#define SAME_SIZE(a, b) static_assert(sizeof(struct a) == sizeof(struct b), "the same arguments")

SAME_SIZE(q_account_admit_args, q_platform_admit_args);
SAME_SIZE(q_account_find_args, q_platform_find_args);
SAME_SIZE(q_account_forgive_args, q_platform_forgive_args);
SAME(q_account_forgive_args, q_platform_forgive_args, name_key);
SAME(q_account_forgive_args, q_platform_forgive_args, address_key);
SAME_SIZE(q_account_lock_args, q_platform_lock_args);
SAME(q_account_lock_args, q_platform_lock_args, account_id);
SAME_SIZE(q_account_change_password_args, q_platform_change_password_args);
SAME(q_account_change_password_args, q_platform_change_password_args, new_hash);
SAME(q_account_change_password_args, q_platform_change_password_args, account_id);
SAME(q_account_change_password_args, q_platform_change_password_args, seen_hash);
SAME(q_account_change_password_args, q_platform_change_password_args, session_id);
SAME(q_account_change_password_args, q_platform_change_password_args, name_key);
SAME(q_account_change_password_args, q_platform_change_password_args, address_key);

enum err account_admit(struct tx *tx, const struct realm *realm, const char *username,
                       struct admission *out)
{
    struct q_account_admit_args args = {.username = username};
    struct rows rows;
    enum err err = query_run_alone(tx, realm->admit, &args, &rows);
    if (err)
        return err;
    int64_t wait_s = rows_int(&rows, 0, "wait_seconds", 0);
    if (wait_s > 0) {
        err = fail(tx->fault, ERR_INPUT, "throttled", NULL);
        tx->fault->retry_after_s = (long)wait_s;
        return err;
    }
    *out = (struct admission){
        .account_id = rows_text(&rows, 0, "account_id"),
        .username = rows_text(&rows, 0, "username"),
        .role = rows_text(&rows, 0, "role"),
        .patient_id = rows_text(&rows, 0, "patient_id"),
        .mobile_number = rows_text(&rows, 0, "mobile_number"),
        .password_hash = rows_text(&rows, 0, "password_hash"),
        .may_sign_in = rows_bool(&rows, 0, "may_sign_in", false),
        .name_key = rows_text(&rows, 0, "name_key"),
        .address_key = rows_text(&rows, 0, "address_key"),
    };
    return ERR_NONE;
}

enum err account_forgive(struct tx *tx, const struct realm *realm, const struct admission *try)
{
    struct q_account_forgive_args args = {.name_key = try->name_key,
                                          .address_key = try->address_key};
    return query_run_alone(tx, realm->forgive, &args, NULL);
}

enum err account_find(struct tx *tx, const struct realm *realm, const char *account_id,
                      struct rows *out)
{
    struct q_account_find_args args = {.account_id = account_id};
    return query_run(tx, realm->find_account, &args, out);
}

enum err account_change_password(struct tx *tx, const struct realm *realm,
                                 const struct admission *try, const char *new_hash,
                                 const char *session_id)
{
    struct q_account_change_password_args args = {
        .account_id = try->account_id,
        .seen_hash = try->password_hash,
        .new_hash = new_hash,
        .session_id = session_id,
        .name_key = try->name_key,
        .address_key = try->address_key,
    };
    const struct q_account_lock_args held = {.account_id = try->account_id};
    enum err err = query_run(tx, realm->lock, &held, NULL);
    return err ? err : query_run(tx, realm->change_password, &args, NULL);
}
