/* Passwords: how they are kept, when they are good enough, and those that are used once.
 *
 * Kept as Argon2id in libsodium's encoding, which names its own parameters. A stored hash is never
 * trusted with them: they are read and capped before any work is done. Hashing takes tens of
 * milliseconds and 19 MiB: the service does it through a password_job on the offload threads.
 */
#ifndef MODELS_ACCOUNT_PASSWORD_H
#define MODELS_ACCOUNT_PASSWORD_H

#include "db/arena.h"

#include <stdbool.h>
#include <stdint.h>

struct password_cost {
    unsigned memory_kib;
    unsigned passes;
};

/* What new hashes cost. Raise it here: older hashes are replaced as their owners sign in. */
extern const struct password_cost password_target;

enum {
    PASSWORD_HASH_TEXT = 128,
    PASSWORD_LEAST = 12, /* characters */
    PASSWORD_MOST = 256, /* bytes */
    PASSWORD_MEMORY_MOST_KIB = 65536,
    PASSWORD_PASSES_MOST = 10,
};

/* Parameters of a stored hash. False: malformed, not Argon2id, or asking for more than the caps. */
bool password_cost_read(const char *stored, struct password_cost *out);

/* ERR_INTERNAL: no memory for the work. */
enum err password_hash(const char *password, const struct password_cost *cost, struct fault *fault,
                       char out[PASSWORD_HASH_TEXT]) FAILS;

/* False, at once, for a stored hash that password_cost_read() refuses, unless it is one that an
 * import brought (legacy_password.h). */
bool password_matches(const char *stored, const char *password);

/* What all hashing and checking of this process has cost so far: KiB of memory times passes. It is
 * the same for a name that does not exist, and nothing for a stored hash that is refused. */
uint64_t password_work_kib(void);

/* Is the stored hash cheaper than the target, in any way? */
bool password_needs_rehash(const char *stored, const struct password_cost *target);

/* A well-formed hash of that cost which no password has: checked for names that do not exist. */
const char *password_dummy(const struct password_cost *cost, char out[PASSWORD_HASH_TEXT]);

/* Words that a password must not hold; each may be NULL. */
struct password_words {
    const char *slug;
    const char *clinic_name;
    const char *username;
    const char *phone;
};

/* NULL when good enough, else what is wrong with it, as a sentence's end ("is among …"). */
const char *password_fault(const char *password, const struct password_words *words);

/* 99 random bits in an alphabet without look-alikes: "kt7w-qm4z-9rxe-vb2n-hdc8". */
char *password_one_time(struct arena *arena);

/* One piece of hashing for the offload threads. Copies of what it is given; wiped as soon as they
 * are no longer needed. */
struct password_job {
    char stored[PASSWORD_HASH_TEXT];
    char *given;   /* NULL: nothing to verify */
    char *next;    /* the password to hash once `given` is right; NULL: `given` itself, and
                      only when the stored hash is below the target */
    bool is_right; /* result */
    char hash[PASSWORD_HASH_TEXT]; /* result; "" when none was made */
};

/* stored NULL: the dummy. given NULL: hashes `next` without asking. */
struct password_job *password_job_make(const char *stored, const char *given, const char *next);
void password_job_run(void *job);
void password_job_release(void *job);

#endif
