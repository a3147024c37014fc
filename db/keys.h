/* The key file: what must never be in the database or the environment.
 *
 * One file, mode 0600, owned by the service's user, made at first start:
 *
 *     {"keys": [{"id": 1, "made_at": "2026-…", "key": "<64 hex>"}]}
 *
 * The last key signs and seals; older ones still verify and open, so that a key can be rotated
 * without signing anybody out. Keys for the purposes are derived (crypto_kdf). All functions are
 * safe from any thread after keys_load().
 */
#ifndef DB_KEYS_H
#define DB_KEYS_H

#include "db/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keys;

enum key_purpose {
    KEY_CURSOR = 1,
    KEY_COLUMN,
    KEY_REFRESH,
    KEY_ANSWER,
    KEY_SHARE,
    KEY_PAPER,
    KEY_PURPOSE_END
};

enum { SIGNATURE_BYTES = 16, SECRET_BYTES = 32 };

/* Reads the file, or makes it when it is not there. Refuses a file that others can read. */
enum err keys_load(const char *path, struct fault *fault, struct keys **out) FAILS;
void keys_free(struct keys *keys);

/* The service's keys, for row.c and the models: set once at start, before the first thread. */
void keys_use(struct keys *keys);

/* HMAC of several parts (each with its length, so parts cannot slide), with the newest key. */
void keys_sign(enum key_purpose purpose, const char *const parts[], const size_t lengths[],
               size_t n, unsigned char out[SIGNATURE_BYTES]);
bool keys_verify(enum key_purpose purpose, const char *const parts[], const size_t lengths[],
                 size_t n, const unsigned char signature[SIGNATURE_BYTES]);

/* 32 bytes derived from `from` under every key that exists; index 0 is the newest key. Returns
 * false past the last. For refresh successors (decisions: a twin gets the same successor). */
bool keys_derive(enum key_purpose purpose, size_t index, const void *from, size_t length,
                 unsigned char out[SECRET_BYTES]);

/* Authenticated encryption (XChaCha20-Poly1305) to text: "<key id>.<base64url>". `bound` is what
 * the value belongs to ("clinic 7"): opening under another fails. keys_open gives NULL then. */
char *keys_seal(struct arena *arena, enum key_purpose purpose, const char *bound, const void *plain,
                size_t length);
char *keys_open(struct arena *arena, enum key_purpose purpose, const char *bound,
                const char *sealed, size_t *length);

/* As above under a key that also needs `secret` (the raw Idempotency-Key). */
char *keys_seal_with(struct arena *arena, const char *secret, const void *plain, size_t length);
char *keys_open_with(struct arena *arena, const char *secret, const char *sealed, size_t *length);

/* Lower-case hex of SHA-256 (libsodium). */
enum { DIGEST_TEXT = 65 };
const char *digest_hex(const void *bytes, size_t length, char out[DIGEST_TEXT]);

/* URL-safe base64 without padding of random bytes. */
char *random_token(struct arena *arena, const char *prefix, size_t bytes);

#endif
