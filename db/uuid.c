#include "db/uuid.h"

#include <ctype.h>
#include <sodium.h>
#include <stddef.h>

static bool is_dash_place(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

const char *uuid_make(int64_t now_us, char out[UUID_TEXT])
{
    unsigned char bytes[16];
    uint64_t ms = (uint64_t)(now_us / 1000);
    randombytes_buf(bytes, sizeof bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (unsigned char)(ms >> (40 - 8 * i));
    bytes[6] = (unsigned char)(0x70 | (bytes[6] & 0x0f)); /* version 7 */
    bytes[8] = (unsigned char)(0x80 | (bytes[8] & 0x3f)); /* variant 10 */
    char *at = out;
    for (size_t i = 0; i < sizeof bytes; i++) {
        if (is_dash_place((size_t)(at - out)))
            *at++ = '-';
        *at++ = "0123456789abcdef"[bytes[i] >> 4];
        *at++ = "0123456789abcdef"[bytes[i] & 15];
    }
    *at = '\0';
    return out;
}

bool uuid_is_valid(const char *text)
{
    size_t i = 0;
    for (; text && text[i]; i++) {
        if (i == UUID_TEXT - 1)
            return false;
        if (is_dash_place(i) ? text[i] != '-' : !isxdigit((unsigned char)text[i]))
            return false;
    }
    return i == UUID_TEXT - 1;
}

bool uuid_is_v7(const char *text)
{
    if (!uuid_is_valid(text) || text[14] != '7')
        return false;
    char variant = text[19];
    return variant == '8' || variant == '9' || tolower((unsigned char)variant) == 'a' ||
           tolower((unsigned char)variant) == 'b';
}
