#include "api/document/check.h"

#include "db/keys.h"

#include <sodium.h>
#include <string.h>

enum {
    UUID_BYTES = 16,
    CLINIC_BYTES = 6,
    VERSION_BYTES = 4,
    CLAIM_BYTES = UUID_BYTES + CLINIC_BYTES + VERSION_BYTES,
    CODE_BYTES = CLAIM_BYTES + SIGNATURE_BYTES,
    BASE64 = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

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

static bool claim_verify(const unsigned char code[CODE_BYTES])
{
    const char *const parts[] = {"prescription", (const char *)code};
    const size_t lengths[] = {strlen("prescription"), CLAIM_BYTES};
    return keys_verify(KEY_PAPER, parts, lengths, 2, code + CLAIM_BYTES);
}

const char *paper_check_code(const struct paper_check *check, char out[PAPER_CHECK_TEXT])
{
    unsigned char code[CODE_BYTES] = {0};
    sodium_hex2bin(code, UUID_BYTES, check->prescription_id, strlen(check->prescription_id), "-",
                   NULL, NULL);
    number_put(code + UUID_BYTES, CLINIC_BYTES, check->clinic_id);
    number_put(code + UUID_BYTES + CLINIC_BYTES, VERSION_BYTES, check->version);
    claim_sign(code, code + CLAIM_BYTES);
    return sodium_bin2base64(out, PAPER_CHECK_TEXT, code, sizeof code, BASE64);
}

bool paper_check_parse(const char *code, struct paper_check *out)
{
    unsigned char bytes[CODE_BYTES];
    size_t length = 0;
    const char *end = NULL;
    size_t text = strlen(code);
    if (sodium_base642bin(bytes, sizeof bytes, code, text, NULL, &length, &end, BASE64) != 0 ||
        length != sizeof bytes || end != code + text || !claim_verify(bytes))
        return false;
    char hex[2 * UUID_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, bytes, UUID_BYTES);
    static const int groups[] = {8, 4, 4, 4, 12};
    char *to = out->prescription_id;
    const char *from = hex;
    for (int i = 0; i < 5; i++) {
        memcpy(to, from, (size_t)groups[i]);
        from += groups[i];
        to += groups[i];
        *to++ = i < 4 ? '-' : '\0';
    }
    out->clinic_id = number_get(bytes + UUID_BYTES, CLINIC_BYTES);
    out->version = number_get(bytes + UUID_BYTES + CLINIC_BYTES, VERSION_BYTES);
    return true;
}
