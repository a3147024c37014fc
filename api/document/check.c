#include "api/document/check.h"

#include "db/keys.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum {
    UUID_BYTES = 16,
    CLINIC_BYTES = 6,
    VERSION_BYTES = 4,
    CLAIM_BYTES = UUID_BYTES + CLINIC_BYTES + VERSION_BYTES,
    CODE_BYTES = CLAIM_BYTES + SIGNATURE_BYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

_Static_assert((int)SECRET_BYTES >= (int)CLAIM_BYTES, "one cover is enough");
_Static_assert(PAPER_CHECK_TEXT == sodium_base64_ENCODED_LEN(CODE_BYTES, BASE64), "room");

static void number_put(unsigned char *at, int bytes, int64_t value)
{
    for (int i = 0; i < bytes; i++)
        at[i] = (unsigned char)((uint64_t)value >> (8 * (bytes - 1 - i)));
}

static int64_t number_get(const unsigned char *at, int bytes)
{
    uint64_t value = 0;
    for (int i = 0; i < bytes; i++)
        value = value << 8 | at[i];
    return (int64_t)value;
}

static void claim_sign(const unsigned char claim[CLAIM_BYTES], unsigned char out[SIGNATURE_BYTES])
{
    const char *const parts[] = {"prescription", (const char *)claim};
    const size_t lengths[] = {strlen("prescription"), CLAIM_BYTES};
    keys_sign(KEY_PAPER, parts, lengths, 2, out);
}

static bool claim_verify(const unsigned char claim[CLAIM_BYTES],
                         const unsigned char signature[SIGNATURE_BYTES])
{
    const char *const parts[] = {"prescription", (const char *)claim};
    const size_t lengths[] = {strlen("prescription"), CLAIM_BYTES};
    return keys_verify(KEY_PAPER, parts, lengths, 2, signature);
}

/* Nobody outside reads a clinic's number off a paper: what is claimed is covered with bytes that
 * its own signature yields under a key of the file, so the same claim has the same code. False:
 * there is no such key. */
static bool claim_cover(size_t key, const unsigned char signature[SIGNATURE_BYTES],
                        unsigned char claim[CLAIM_BYTES])
{
    unsigned char cover[SECRET_BYTES];
    if (!keys_derive(KEY_PAPER, key, signature, SIGNATURE_BYTES, cover))
        return false;
    for (int i = 0; i < CLAIM_BYTES; i++)
        claim[i] ^= cover[i];
    return true;
}

static bool code_open(const unsigned char code[CODE_BYTES], unsigned char claim[CLAIM_BYTES])
{
    for (size_t key = 0;; key++) {
        memcpy(claim, code, CLAIM_BYTES);
        if (!claim_cover(key, code + CLAIM_BYTES, claim))
            return false;
        if (claim_verify(claim, code + CLAIM_BYTES))
            return true;
    }
}

const char *paper_check_code(const struct paper_check *check, char out[PAPER_CHECK_TEXT])
{
    unsigned char code[CODE_BYTES] = {0};
    sodium_hex2bin(code, UUID_BYTES, check->prescription_id, strlen(check->prescription_id), "-",
                   NULL, NULL);
    number_put(code + UUID_BYTES, CLINIC_BYTES, check->clinic_id);
    number_put(code + UUID_BYTES + CLINIC_BYTES, VERSION_BYTES, check->version);
    claim_sign(code, code + CLAIM_BYTES);
    if (!claim_cover(0, code + CLAIM_BYTES, code))
        abort();
    return sodium_bin2base64(out, PAPER_CHECK_TEXT, code, sizeof code, BASE64);
}

bool paper_check_parse(const char *code, struct paper_check *out)
{
    unsigned char bytes[CODE_BYTES], claim[CLAIM_BYTES];
    size_t length = 0;
    const char *end = NULL;
    size_t text = strlen(code);
    if (sodium_base642bin(bytes, sizeof bytes, code, text, NULL, &length, &end, BASE64) != 0 ||
        length != sizeof bytes || end != code + text || !code_open(bytes, claim))
        return false;
    char hex[2 * UUID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, claim, UUID_BYTES);
    static const int groups[] = {8, 4, 4, 4, 12};
    char *to = out->prescription_id;
    const char *from = hex;
    for (int i = 0; i < 5; i++) {
        memcpy(to, from, (size_t)groups[i]);
        from += groups[i];
        to += groups[i];
        *to++ = i < 4 ? '-' : '\0';
    }
    out->clinic_id = number_get(claim + UUID_BYTES, CLINIC_BYTES);
    out->version = number_get(claim + UUID_BYTES + CLINIC_BYTES, VERSION_BYTES);
    return true;
}
