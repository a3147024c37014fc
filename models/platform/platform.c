#include "models/platform/platform.h"

#include "db/uuid.h"
#include "gen/queries.h"
#include "models/account/password.h"

#include <string.h>

/* As the document says for a clinic's people: openapi/staff.yaml, Username. */
static bool is_username(const char *text)
{
    size_t length = strlen(text);
    return length >= 3 && length <= 150 &&
           strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@.+_-") ==
               length;
}

enum err superadmin_create(struct tx *tx, const char *username, const char *password, bool *created)
{
    if (!is_username(username))
        return fail(tx->fault, ERR_INPUT, "validation-failed",
                    "the username has 3 to 150 letters, digits and @ . + _ -");
    struct password_words words = {.username = username};
    const char *wrong = password_fault(password, &words);
    if (wrong)
        return fail(tx->fault, ERR_INPUT, "weak-password", "the password %s", wrong);
    char id[UUID_TEXT], hash[PASSWORD_HASH_TEXT];
    enum err err = password_hash(password, &password_target, tx->fault, hash);
    if (err)
        return err;
    struct q_platform_superadmin_create_args args = {
        .id = uuid_make(tx->scope.now_us, id), .username = username, .password_hash = hash};
    err = query_run(tx, &q_platform_superadmin_create, &args, NULL);
    if (err && err != ERR_NOT_FOUND)
        return err;
    if (err)
        fault_reset(tx->fault);
    *created = !err;
    return ERR_NONE;
}

enum err platform_counts(struct tx *tx, struct rows *out)
{
    return query_run(tx, &q_platform_counts, NULL, out);
}
