#include "models/account/password.h"

#include "models/account/legacy_password.h"

#include <assert.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct password_cost password_target = {.memory_kib = 19456, .passes = 2};

static_assert(PASSWORD_HASH_TEXT == crypto_pwhash_STRBYTES, "libsodium's own encoding fits");

/* So many rounds of a legacy hash take as long as a KiB of Argon2id, once. */
enum { ROUNDS_A_KIB = 16 };

/* One for the process, as memory and cores are: counted where the work is done, so that no caller
 * can forget to. */
static _Atomic uint64_t work_kib;

static void count_work(const struct password_cost *cost)
{
    atomic_fetch_add(&work_kib, (uint64_t)cost->memory_kib * cost->passes);
}

uint64_t password_work_kib(void)
{
    return atomic_load(&work_kib);
}

/* Digits, without sign or leading zero, at most seven. */
static bool number_read(const char **at, unsigned *out)
{
    unsigned value = 0;
    size_t digits = 0;
    for (; **at >= '0' && **at <= '9' && digits < 7; (*at)++, digits++)
        value = value * 10 + (unsigned)(**at - '0');
    *out = value;
    return digits > 0 && (*at)[-(long)digits] != '0';
}

static bool text_skip(const char **at, const char *text)
{
    size_t length = strlen(text);
    if (strncmp(*at, text, length) != 0)
        return false;
    *at += length;
    return true;
}

/* Unpadded base64 of exactly so many characters. */
static bool base64_skip(const char **at, size_t length)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    if (strspn(*at, alphabet) != length)
        return false;
    *at += length;
    return true;
}

bool password_cost_read(const char *stored, struct password_cost *out)
{
    if (!stored || strnlen(stored, PASSWORD_HASH_TEXT) >= PASSWORD_HASH_TEXT)
        return false;
    const char *at = stored;
    struct password_cost cost;
    bool is_read = text_skip(&at, "$argon2id$v=19$m=") && number_read(&at, &cost.memory_kib) &&
                   text_skip(&at, ",t=") && number_read(&at, &cost.passes) &&
                   text_skip(&at, ",p=1$") && base64_skip(&at, 22) && text_skip(&at, "$") &&
                   base64_skip(&at, 43) && *at == '\0';
    if (!is_read || cost.memory_kib < 8 || cost.memory_kib > PASSWORD_MEMORY_MOST_KIB ||
        cost.passes > PASSWORD_PASSES_MOST)
        return false;
    *out = cost;
    return true;
}

enum err password_hash(const char *password, const struct password_cost *cost, struct fault *fault,
                       char out[PASSWORD_HASH_TEXT])
{
    char made[PASSWORD_HASH_TEXT];
    count_work(cost);
    if (crypto_pwhash_str_alg(made, password, strlen(password), cost->passes,
                              (size_t)cost->memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "password hash: no memory");
    memcpy(out, made, sizeof made);
    return ERR_NONE;
}

bool password_matches(const char *stored, const char *password)
{
    struct password_cost cost;
    unsigned rounds;
    if (legacy_password_read(stored, &rounds)) {
        count_work(&(struct password_cost){.memory_kib = 1, .passes = rounds / ROUNDS_A_KIB + 1});
        return legacy_password_matches(stored, password);
    }
    if (!password_cost_read(stored, &cost))
        return false;
    count_work(&cost);
    return crypto_pwhash_str_verify(stored, password, strlen(password)) == 0;
}

bool password_needs_rehash(const char *stored, const struct password_cost *target)
{
    struct password_cost cost;
    return !password_cost_read(stored, &cost) || cost.memory_kib < target->memory_kib ||
           cost.passes < target->passes;
}

const char *password_dummy(const struct password_cost *cost, char out[PASSWORD_HASH_TEXT])
{
    snprintf(out, PASSWORD_HASH_TEXT, "$argon2id$v=19$m=%u,t=%u,p=1$%s$%s", cost->memory_kib,
             cost->passes, "bm9ib2R5IGhhcyB0aGlzLg", "bm9ib2R5IGhhcyBhIHBhc3N3b3JkIGxpa2UgdGhpcy4");
    return out;
}

char *password_one_time(struct arena *arena)
{
    static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz23456789"; /* no i l o 0 1 */
    enum { GROUPS = 5, GROUP = 4, LENGTH = GROUPS * (GROUP + 1) - 1 };
    char *made = arena_take(arena, LENGTH + 1);
    for (int i = 0; i < LENGTH; i++)
        made[i] =
            i % (GROUP + 1) == GROUP ? '-' : alphabet[randombytes_uniform(sizeof alphabet - 1)];
    return made;
}

static char *copy(const char *text)
{
    char *made = text ? strdup(text) : NULL;
    if (text && !made)
        abort();
    return made;
}

static void wipe(char **secret)
{
    if (*secret)
        sodium_memzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

struct password_job *password_job_make(const char *stored, const char *given, const char *next)
{
    struct password_job *job = calloc(1, sizeof *job);
    if (!job)
        abort();
    if (!stored)
        password_dummy(&password_target, job->stored);
    else
        snprintf(job->stored, sizeof job->stored, "%s", stored);
    job->given = copy(given);
    job->next = copy(next);
    return job;
}

void password_job_run(void *user)
{
    struct password_job *job = user;
    struct fault fault = {0}; /* the caller sees that there is no hash */
    job->is_right = !job->given || password_matches(job->stored, job->given);
    const char *chosen = job->next ? job->next : job->given;
    bool is_wanted = job->next || password_needs_rehash(job->stored, &password_target);
    if (job->is_right && is_wanted && password_hash(chosen, &password_target, &fault, job->hash))
        job->hash[0] = '\0';
    wipe(&job->given);
    wipe(&job->next);
}

void password_job_release(void *user)
{
    struct password_job *job = user;
    wipe(&job->given);
    wipe(&job->next);
    sodium_memzero(job, sizeof *job);
    free(job);
}
