#include "models/session/session.h"

#include "db/uuid.h"
#include "gen/queries.h"

#include <assert.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum {
    FAMILY_BYTES = 16,
    ACCESS_LENGTH = 3 + 43,  /* prefix and 32 bytes */
    REFRESH_LENGTH = 3 + 64, /* prefix and 48 bytes */
};

/* One struct of arguments serves both realms. */
#define SAME(a, b, member)                                                                         \
    static_assert(offsetof(struct a, member) == offsetof(struct b, member), #member)
#define SAME_SIZE(a, b) static_assert(sizeof(struct a) == sizeof(struct b), "the same arguments")

SAME_SIZE(q_session_open_args, q_platform_session_open_args);
SAME(q_session_open_args, q_platform_session_open_args, better_hash);
SAME(q_session_open_args, q_platform_session_open_args, account_id);
SAME(q_session_open_args, q_platform_session_open_args, seen_hash);
SAME(q_session_open_args, q_platform_session_open_args, session_id);
SAME(q_session_open_args, q_platform_session_open_args, access_hash);
SAME(q_session_open_args, q_platform_session_open_args, family_hash);
SAME(q_session_open_args, q_platform_session_open_args, refresh_hash);
SAME(q_session_open_args, q_platform_session_open_args, user_agent);
SAME(q_session_open_args, q_platform_session_open_args, idle_seconds);
SAME(q_session_open_args, q_platform_session_open_args, access_seconds);
SAME(q_session_open_args, q_platform_session_open_args, refresh_seconds);
SAME(q_session_open_args, q_platform_session_open_args, absolute_seconds);
SAME(q_session_open_args, q_platform_session_open_args, name_key);
SAME(q_session_open_args, q_platform_session_open_args, address_key);
SAME_SIZE(q_session_refresh_args, q_platform_session_refresh_args);
SAME(q_session_refresh_args, q_platform_session_refresh_args, family_hash);
SAME(q_session_refresh_args, q_platform_session_refresh_args, refresh_hash);
SAME(q_session_refresh_args, q_platform_session_refresh_args, next_refresh_hash);
SAME(q_session_refresh_args, q_platform_session_refresh_args, next_access_hash);
SAME(q_session_refresh_args, q_platform_session_refresh_args, access_seconds);
SAME(q_session_refresh_args, q_platform_session_refresh_args, refresh_seconds);
SAME_SIZE(q_session_end_args, q_platform_session_end_args);
SAME(q_session_end_args, q_platform_session_end_args, why);
SAME(q_session_end_args, q_platform_session_end_args, account_id);
SAME(q_session_end_args, q_platform_session_end_args, session_id);
SAME_SIZE(q_session_end_family_args, q_platform_session_end_family_args);
SAME_SIZE(q_session_find_args, q_platform_session_find_args);

static bool token_has(const char *text, const char *prefix, size_t length)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    return strnlen(text, length + 1) == length && memcmp(text, prefix, 3) == 0 &&
           strspn(text + 3, alphabet) == length - 3;
}

bool token_is_access(const char *text, const struct realm *realm)
{
    return token_has(text, realm->access_prefix, ACCESS_LENGTH);
}

const char *token_hash(const char *token, char out[DIGEST_TEXT])
{
    return digest_hex(token, strlen(token), out);
}

static void token_write(const char *prefix, const unsigned char *bytes, size_t length,
                        char out[SESSION_TOKEN_TEXT])
{
    memcpy(out, prefix, 3);
    sodium_bin2base64(out + 3, SESSION_TOKEN_TEXT - 3, bytes, length,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* family and secret, as a refresh token holds them. */
struct refresh_secret {
    unsigned char family[FAMILY_BYTES];
    unsigned char secret[SECRET_BYTES];
};

static bool refresh_read(const char *token, const struct realm *realm, struct refresh_secret *out)
{
    size_t length = 0;
    return token_has(token, realm->refresh_prefix, REFRESH_LENGTH) &&
           sodium_base642bin((unsigned char *)out, sizeof *out, token + 3, REFRESH_LENGTH - 3, NULL,
                             &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) == 0 &&
           length == sizeof *out;
}

static enum err not_a_token(struct tx *tx)
{
    return fail(tx->fault, ERR_INPUT, "unauthenticated", NULL);
}

static const char *seconds(struct tx *tx, int value)
{
    return arena_format(tx->fault->arena, "%d", value);
}

enum err session_open(struct tx *tx, const struct realm *realm, const struct sign_in *who,
                      const struct session_ttl *ttl, struct tokens *tokens, struct rows *account)
{
    unsigned char access[SECRET_BYTES];
    struct refresh_secret refresh;
    randombytes_buf(access, sizeof access);
    randombytes_buf(&refresh, sizeof refresh);
    struct tokens made;
    token_write(realm->access_prefix, access, sizeof access, made.access);
    token_write(realm->refresh_prefix, (const unsigned char *)&refresh, sizeof refresh,
                made.refresh);
    char id[UUID_TEXT], access_hash[DIGEST_TEXT], refresh_hash[DIGEST_TEXT],
        family_hash[DIGEST_TEXT];
    struct q_session_open_args args = {
        .account_id = who->account_id,
        .seen_hash = who->seen_hash,
        .better_hash = who->better_hash,
        .user_agent = who->user_agent,
        .name_key = who->name_key,
        .address_key = who->address_key,
        .session_id = uuid_make(tx->scope.now_us, id),
        .access_hash = token_hash(made.access, access_hash),
        .refresh_hash = token_hash(made.refresh, refresh_hash),
        .family_hash = digest_hex(refresh.family, sizeof refresh.family, family_hash),
        .access_seconds = seconds(tx, ttl->access),
        .refresh_seconds = seconds(tx, ttl->refresh),
        .absolute_seconds = seconds(tx, ttl->absolute),
        .idle_seconds = seconds(tx, ttl->idle),
    };
    enum err err = query_run(tx, realm->open, &args, account);
    if (!err)
        *tokens = made;
    return err;
}

/* The pair that follows a refresh token: the same for whoever presents the same token. */
static void successors(const struct realm *realm, const char *presented,
                       const struct refresh_secret *from, struct tokens *out)
{
    char labelled[SESSION_TOKEN_TEXT + 1];
    int length = snprintf(labelled, sizeof labelled, "a%s", presented);
    unsigned char access[SECRET_BYTES];
    struct refresh_secret next;
    memcpy(next.family, from->family, sizeof next.family);
    (void)keys_derive(KEY_REFRESH, 0, labelled, (size_t)length, access);
    labelled[0] = 'r';
    (void)keys_derive(KEY_REFRESH, 0, labelled, (size_t)length, next.secret);
    token_write(realm->access_prefix, access, sizeof access, out->access);
    token_write(realm->refresh_prefix, (const unsigned char *)&next, sizeof next, out->refresh);
}

enum err session_refresh(struct tx *tx, const struct realm *realm, const char *presented,
                         const struct session_ttl *ttl, struct tokens *tokens, struct rows *account)
{
    struct refresh_secret old;
    if (!refresh_read(presented, realm, &old))
        return not_a_token(tx);
    struct tokens next;
    successors(realm, presented, &old, &next);
    char family_hash[DIGEST_TEXT], refresh_hash[DIGEST_TEXT], next_refresh_hash[DIGEST_TEXT],
        next_access_hash[DIGEST_TEXT];
    struct q_session_refresh_args args = {
        .family_hash = digest_hex(old.family, sizeof old.family, family_hash),
        .refresh_hash = token_hash(presented, refresh_hash),
        .next_refresh_hash = token_hash(next.refresh, next_refresh_hash),
        .next_access_hash = token_hash(next.access, next_access_hash),
        .access_seconds = seconds(tx, ttl->access),
        .refresh_seconds = seconds(tx, ttl->refresh),
    };
    enum err err = query_run(tx, realm->refresh, &args, account);
    if (!err)
        *tokens = next;
    return err;
}

enum err session_end_family(struct tx *tx, const struct realm *realm, const char *presented,
                            struct rows *out)
{
    struct refresh_secret old;
    if (!refresh_read(presented, realm, &old))
        return not_a_token(tx);
    char family_hash[DIGEST_TEXT];
    struct q_session_end_family_args args = {
        .family_hash = digest_hex(old.family, sizeof old.family, family_hash)};
    return query_run_alone(tx, realm->end_family, &args, out);
}

enum err session_end(struct tx *tx, const struct realm *realm, const char *account_id,
                     const char *session_id, const char *why)
{
    struct q_session_end_args args = {
        .account_id = account_id, .session_id = session_id, .why = why};
    return query_run(tx, realm->end, &args, NULL);
}

enum err session_list(struct tx *tx, const char *account_id, const char *session_id,
                      struct rows *out, int64_t *total)
{
    struct q_session_list_args args = {.account_id = account_id, .session_id = session_id};
    return query_run_list(tx, &q_session_list, &args, out, total);
}

enum err session_end_one(struct tx *tx, const char *account_id, const char *session_id,
                         struct rows *out)
{
    struct q_session_end_one_args args = {.account_id = account_id, .id = session_id};
    return query_run(tx, &q_session_end_one, &args, out);
}

enum err session_find(struct tx *tx, const struct realm *realm, const char *access_hash,
                      struct rows *out)
{
    struct q_session_find_args args = {.access_hash = access_hash};
    return query_run_alone(tx, realm->find_session, &args, out);
}

enum err session_alive(struct tx *tx, const char *ids, struct rows *out)
{
    const struct q_session_alive_args args = {.ids = ids};
    return query_run(tx, &q_session_alive, &args, out);
}
