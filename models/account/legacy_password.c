#include "models/account/legacy_password.h"

#include <sodium.h>
#include <string.h>

enum { SALT_MOST = 64, ROUNDS_DIGITS = 7 };
enum { HASH = crypto_auth_hmacsha256_BYTES };

struct legacy_hash {
    unsigned rounds;
    const char *salt;
    size_t salt_n;
    unsigned char hash[HASH];
};

static bool rounds_read(const char **at, unsigned *out)
{
    size_t digits = strspn(*at, "0123456789");
    *out = 0;
    for (size_t i = 0; i < digits && digits <= ROUNDS_DIGITS; i++)
        *out = *out * 10 + (unsigned)((*at)[i] - '0');
    bool is_good = digits > 0 && (*at)[0] != '0' && (*at)[digits] == '$';
    *at += digits + 1;
    return is_good && *out > 0 && *out <= LEGACY_ROUNDS_MOST;
}

static bool hash_read(const char *stored, struct legacy_hash *out)
{
    static const char kind[] = "pbkdf2_sha256$";
    size_t length;
    if (!stored || strncmp(stored, kind, sizeof kind - 1) != 0)
        return false;
    const char *at = stored + sizeof kind - 1;
    if (!rounds_read(&at, &out->rounds))
        return false;
    out->salt = at;
    out->salt_n = strcspn(at, "$");
    if (out->salt_n == 0 || out->salt_n > SALT_MOST || at[out->salt_n] != '$')
        return false;
    at += out->salt_n + 1;
    return sodium_base642bin(out->hash, HASH, at, strlen(at), NULL, &length, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0 &&
           length == HASH;
}

bool legacy_password_read(const char *stored, unsigned *rounds)
{
    struct legacy_hash hash;
    bool is_read = hash_read(stored, &hash);
    if (is_read)
        *rounds = hash.rounds;
    return is_read;
}

/* The first block of PBKDF2 with HMAC-SHA-256 (RFC 8018); the key is put into the HMAC once. */
static void pbkdf2(const struct legacy_hash *hash, const char *password, unsigned char out[HASH])
{
    static const unsigned char first_block[4] = {0, 0, 0, 1};
    unsigned char turn[HASH];
    crypto_auth_hmacsha256_state keyed, state;
    crypto_auth_hmacsha256_init(&keyed, (const unsigned char *)password, strlen(password));
    state = keyed;
    crypto_auth_hmacsha256_update(&state, (const unsigned char *)hash->salt, hash->salt_n);
    crypto_auth_hmacsha256_update(&state, first_block, sizeof first_block);
    crypto_auth_hmacsha256_final(&state, turn);
    memcpy(out, turn, HASH);
    for (unsigned i = 1; i < hash->rounds; i++) {
        state = keyed;
        crypto_auth_hmacsha256_update(&state, turn, HASH);
        crypto_auth_hmacsha256_final(&state, turn);
        for (int k = 0; k < HASH; k++)
            out[k] ^= turn[k];
    }
    sodium_memzero(&keyed, sizeof keyed);
    sodium_memzero(&state, sizeof state);
    sodium_memzero(turn, sizeof turn);
}

bool legacy_password_matches(const char *stored, const char *password)
{
    struct legacy_hash hash;
    unsigned char made[HASH];
    if (!hash_read(stored, &hash))
        return false;
    pbkdf2(&hash, password, made);
    bool is_right = sodium_memcmp(made, hash.hash, HASH) == 0;
    sodium_memzero(made, sizeof made);
    return is_right;
}
