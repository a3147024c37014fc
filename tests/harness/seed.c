#include "tests/harness/seed.h"

#include "db/buf.h"
#include "tests/harness/die.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

const struct seed seed_a = {7001, "clinic-a", "active", "alphamark", "8111100001", "aa"};
const struct seed seed_b = {7002, "clinic-b", "active", "canaryb7f3", "9417094170", "bb"};
const struct seed seed_suspended = {7003,         "clinic-s",   "suspended",
                                    "canarys2c1", "9418094180", "cc"};
const struct seed seed_expired = {7004, "clinic-e", "expired", "canarye5d9", "9419094190", "dd"};
const struct seed seed_importing = {7005,         "clinic-i",   "importing",
                                    "canaryi8a4", "9415094150", "ee"};
const struct seed seed_inactive = {7006, "clinic-n", "inactive", "canaryn6b2", "9416094160", "ff"};

struct word {
    const char *name, *value;
};

/* Replaces every @name@ of `text`. */
static char *fill(struct arena *arena, const char *text, const struct word *words, size_t n)
{
    struct buf out;
    buf_begin(&out, arena, strlen(text) * 2);
    while (*text) {
        size_t i = 0;
        while (i < n && strncmp(text, words[i].name, strlen(words[i].name)) != 0)
            i++;
        buf_text(&out, i < n ? words[i].value : (char[]){*text, '\0'});
        text += i < n ? strlen(words[i].name) : 1;
    }
    return out.text;
}

static const char *password_hash(struct arena *arena)
{
    char *out = arena_take(arena, crypto_pwhash_STRBYTES);
    if (sodium_init() < 0 || crypto_pwhash_str(out, SEED_PASSWORD, strlen(SEED_PASSWORD), 1, 8192))
        die("cannot hash a password");
    return out;
}

void seed_clinic(PGconn *boss, const struct seed *seed)
{
    struct arena arena CLEANUP(arena_end) = {0};
    const struct word words[] = {
        {"@clinic@", arena_format(&arena, "%" PRId64, seed->clinic_id)},
        {"@id@", arena_format(&arena, "0190a000-0000-7000-8000-%s", seed->hex)},
        {"@hex@", seed->hex},
        {"@slug@", seed->slug},
        {"@status@", seed->status},
        {"@mark@", seed->mark},
        {"@digits@", seed->digits},
        {"@password_hash@", password_hash(&arena)},
    };
    const char *sql = source_read(&arena, "tests/harness/clinic.sql");
    sql_run(boss, "%s", fill(&arena, sql, words, sizeof words / sizeof *words));
}

void seed_platform(PGconn *boss)
{
    struct arena arena CLEANUP(arena_end) = {0};
    const struct word words[] = {{"@password_hash@", password_hash(&arena)}};
    const char *sql = source_read(&arena, "tests/harness/platform.sql");
    sql_run(boss, "%s", fill(&arena, sql, words, 1));
}

const char *seed_id(const struct seed *seed, int what, char out[UUID_TEXT])
{
    snprintf(out, UUID_TEXT, "0190a000-0000-7000-8000-%s%010d", seed->hex, what);
    return out;
}

const char *seed_platform_id(int what, char out[UUID_TEXT])
{
    return seed_id(&(struct seed){.hex = "99"}, what, out);
}

const char *seed_token(const struct seed *seed, const char *who, char out[TOKEN_TEXT])
{
    int n = snprintf(out, TOKEN_TEXT, "%s_%s-%s", seed ? "ca" : "pa",
                     seed ? seed->slug : "platform", who);
    if (n < 0 || n > 46)
        die("token of %s too long", who);
    memset(out + n, 'A', (size_t)(46 - n));
    out[46] = '\0';
    return out;
}
