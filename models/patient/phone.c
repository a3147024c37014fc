#include "models/patient/phone.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { DIGITS_MOST = 15, NATIONAL_DIGITS = 10 };

const char *phone_key(const char *typed, const char *country, char out[PHONE_KEY_TEXT])
{
    char digits[DIGITS_MOST + 3]; /* "00" may stand before */
    size_t n = 0;
    bool has_country = false;
    for (const char *c = typed ? typed : ""; *c; c++) {
        if (*c == '+' && n == 0)
            has_country = true;
        if (*c < '0' || *c > '9')
            continue;
        if (n == sizeof digits - 1)
            return NULL;
        digits[n++] = *c;
    }
    digits[n] = '\0';

    const char *rest = digits;
    if (!has_country && strncmp(rest, "00", 2) == 0) {
        has_country = true;
        rest += 2;
    }
    size_t country_n = strlen(country);
    if (!has_country && *rest == '0')
        rest += strspn(rest, "0"); /* the trunk prefix */
    else if (!has_country && strlen(rest) == country_n + NATIONAL_DIGITS)
        has_country = strncmp(rest, country, country_n) == 0;

    size_t length = strlen(rest) + (has_country ? 0 : country_n);
    if (*rest == '\0' || (has_country && *rest == '0') || length > DIGITS_MOST)
        return NULL;
    out[0] = '+';
    out[1] = '\0';
    if (!has_country)
        strcat(out, country);
    return strcat(out, rest);
}
