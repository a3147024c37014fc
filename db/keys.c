#include "db/keys.h"

#include "db/key_file.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What makes keys of the same master differ from those of another program's. */
static const char kdf_context[crypto_kdf_CONTEXTBYTES + 1] = "clinicd1";

enum {
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

_Static_assert(SECRET_BYTES == crypto_auth_hmacsha256_BYTES, "an HMAC is a secret");
_Static_assert(SECRET_BYTES == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "a secret is a key");
_Static_assert(SECRET_BYTES == crypto_kdf_KEYBYTES, "a secret is a master key");

struct key {
    int64_t id;
    unsigned char derived[KEY_PURPOSE_END][SECRET_BYTES]; /* by purpose */
};

struct keys {
    size_t count;
    struct key all[KEYS_MAX]; /* the last is the newest */
};

/* Set once, before the first thread: every query's rows and every cursor need it, and handing it
 * through each of them would say nothing. */
static const struct keys *in_use;

enum err keys_load(const char *path, struct fault *fault, struct keys **out)
{
    struct key_file file CLEANUP(key_file_wipe) = {.count = 0};
    if (sodium_init() < 0)
        return fail(fault, ERR_INTERNAL, NULL, "libsodium does not start");
    enum err err = key_file_read(path, fault, &file);
    if (err)
        return err;
    struct keys *keys = sodium_malloc(sizeof *keys);
    if (!keys)
        return fail(fault, ERR_INTERNAL, NULL, "no memory for the keys");
    keys->count = file.count;
    for (size_t i = 0; i < file.count; i++) {
        keys->all[i].id = file.entries[i].id;
        for (int purpose = KEY_CURSOR; purpose < KEY_PURPOSE_END; purpose++)
            crypto_kdf_derive_from_key(keys->all[i].derived[purpose], SECRET_BYTES,
                                       (uint64_t)purpose, kdf_context, file.entries[i].master);
    }
    *out = keys;
    return ERR_NONE;
}

void keys_free(struct keys *keys)
{
    if (in_use == keys)
        in_use = NULL;
    sodium_free(keys);
}

void keys_use(struct keys *keys)
{
    in_use = keys;
}

/* Without keys_use() nothing may go on. */
static const struct keys *keys_now(void)
{
    if (!in_use)
        abort();
    return in_use;
}

static const struct key *key_newest(void)
{
    const struct keys *keys = keys_now();
    return &keys->all[keys->count - 1];
}

/* The i-th newest key; NULL past the oldest. */
static const struct key *key_at(size_t i)
{
    const struct keys *keys = keys_now();
    return i < keys->count ? &keys->all[keys->count - 1 - i] : NULL;
}

static const struct key *key_find(int64_t id)
{
    const struct key *key = NULL;
    for (size_t i = 0; (key = key_at(i)); i++)
        if (key->id == id)
            return key;
    return NULL;
}

static void sign_with(const unsigned char key[SECRET_BYTES], const char *const parts[],
                      const size_t lengths[], size_t n, unsigned char out[SIGNATURE_BYTES])
{
    crypto_auth_hmacsha256_state state;
    unsigned char mac[crypto_auth_hmacsha256_BYTES];
    crypto_auth_hmacsha256_init(&state, key, SECRET_BYTES);
    for (size_t i = 0; i < n; i++) {
        uint64_t length = lengths[i];
        unsigned char prefix[8];
        for (int b = 0; b < 8; b++)
            prefix[b] = (unsigned char)(length >> (8 * b));
        crypto_auth_hmacsha256_update(&state, prefix, sizeof prefix);
        crypto_auth_hmacsha256_update(&state, (const unsigned char *)parts[i], length);
    }
    crypto_auth_hmacsha256_final(&state, mac);
    memcpy(out, mac, SIGNATURE_BYTES);
    sodium_memzero(&state, sizeof state);
}

void keys_sign(enum key_purpose purpose, const char *const parts[], const size_t lengths[],
               size_t n, unsigned char out[SIGNATURE_BYTES])
{
    sign_with(key_newest()->derived[purpose], parts, lengths, n, out);
}

bool keys_verify(enum key_purpose purpose, const char *const parts[], const size_t lengths[],
                 size_t n, const unsigned char signature[SIGNATURE_BYTES])
{
    const struct key *key = NULL;
    for (size_t i = 0; (key = key_at(i)); i++) {
        unsigned char expected[SIGNATURE_BYTES];
        sign_with(key->derived[purpose], parts, lengths, n, expected);
        if (sodium_memcmp(expected, signature, SIGNATURE_BYTES) == 0)
            return true;
    }
    return false;
}

static void derive(const struct key *key, enum key_purpose purpose, const void *from, size_t length,
                   unsigned char out[SECRET_BYTES])
{
    crypto_auth_hmacsha256(out, from, length, key->derived[purpose]);
}

bool keys_derive(enum key_purpose purpose, size_t index, const void *from, size_t length,
                 unsigned char out[SECRET_BYTES])
{
    const struct key *key = key_at(index);
    if (key)
        derive(key, purpose, from, length, out);
    return key;
}

static char *seal(struct arena *arena, int64_t id, const unsigned char key[SECRET_BYTES],
                  const char *bound, const void *plain, size_t length)
{
    size_t sealed_n = NONCE_BYTES + length + TAG_BYTES;
    unsigned char *sealed = arena_take(arena, sealed_n);
    randombytes_buf(sealed, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + NONCE_BYTES, NULL, plain, length,
                                               (const unsigned char *)bound, strlen(bound), NULL,
                                               sealed, key);
    size_t room = sodium_base64_ENCODED_LEN(sealed_n, BASE64);
    char *text = arena_take(arena, room);
    sodium_bin2base64(text, room, sealed, sealed_n, BASE64);
    return arena_format(arena, "%lld.%s", (long long)id, text);
}

/* The number before the dot; NULL when there is none or no such key. `rest` is behind the dot. */
static const struct key *sealed_key(const char *sealed, const char **rest)
{
    char *end = NULL;
    if (*sealed < '0' || *sealed > '9')
        return NULL;
    long long id = strtoll(sealed, &end, 10);
    if (*end != '.')
        return NULL;
    *rest = end + 1;
    return key_find(id);
}

static char *open_sealed(struct arena *arena, const unsigned char key[SECRET_BYTES],
                         const char *bound, const char *text, size_t *length)
{
    size_t room = strlen(text);
    size_t sealed_n = 0;
    unsigned char *sealed = arena_take(arena, room + 1);
    if (sodium_base642bin(sealed, room, text, room, NULL, &sealed_n, NULL, BASE64) != 0 ||
        sealed_n < NONCE_BYTES + TAG_BYTES)
        return NULL;
    size_t plain_n = sealed_n - NONCE_BYTES - TAG_BYTES;
    char *plain = arena_take(arena, plain_n + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            (unsigned char *)plain, NULL, NULL, sealed + NONCE_BYTES, sealed_n - NONCE_BYTES,
            (const unsigned char *)bound, strlen(bound), sealed, key) != 0)
        return NULL;
    if (length)
        *length = plain_n;
    return plain;
}

char *keys_seal(struct arena *arena, enum key_purpose purpose, const char *bound, const void *plain,
                size_t length)
{
    const struct key *key = key_newest();
    return seal(arena, key->id, key->derived[purpose], bound, plain, length);
}

char *keys_open(struct arena *arena, enum key_purpose purpose, const char *bound,
                const char *sealed, size_t *length)
{
    const char *text = NULL;
    const struct key *key = sealed_key(sealed, &text);
    return key ? open_sealed(arena, key->derived[purpose], bound, text, length) : NULL;
}

char *keys_seal_with(struct arena *arena, const char *secret, const void *plain, size_t length)
{
    const struct key *key = key_newest();
    unsigned char own[SECRET_BYTES];
    derive(key, KEY_ANSWER, secret, strlen(secret), own);
    char *sealed = seal(arena, key->id, own, "", plain, length);
    sodium_memzero(own, sizeof own);
    return sealed;
}

char *keys_open_with(struct arena *arena, const char *secret, const char *sealed, size_t *length)
{
    const char *text = NULL;
    const struct key *key = sealed_key(sealed, &text);
    if (!key)
        return NULL;
    unsigned char own[SECRET_BYTES];
    derive(key, KEY_ANSWER, secret, strlen(secret), own);
    char *plain = open_sealed(arena, own, "", text, length);
    sodium_memzero(own, sizeof own);
    return plain;
}

const char *digest_hex(const void *bytes, size_t length, char out[DIGEST_TEXT])
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, bytes, length);
    return sodium_bin2hex(out, DIGEST_TEXT, digest, sizeof digest);
}

char *random_token(struct arena *arena, const char *prefix, size_t bytes)
{
    unsigned char *random = arena_take(arena, bytes);
    randombytes_buf(random, bytes);
    size_t room = sodium_base64_ENCODED_LEN(bytes, BASE64);
    char *text = arena_take(arena, room);
    sodium_bin2base64(text, room, random, bytes, BASE64);
    sodium_memzero(random, bytes);
    return arena_format(arena, "%s%s", prefix, text);
}
