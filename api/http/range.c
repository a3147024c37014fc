#include "api/http/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

/* Digits, at least one; what is too large for a number is the largest. */
static const char *read_number(const char *at, uint64_t *out)
{
    uint64_t number = 0;
    const char *digits = at;
    for (; *at >= '0' && *at <= '9'; at++) {
        unsigned digit = (unsigned)(*at - '0');
        bool is_too_large = number > (UINT64_MAX - digit) / 10;
        number = is_too_large ? UINT64_MAX : number * 10 + digit;
    }
    *out = number;
    return at == digits ? NULL : at;
}

static enum range last_bytes(const char *at, uint64_t size, uint64_t *from, uint64_t *length)
{
    uint64_t n;
    at = read_number(at, &n);
    if (!at || *at)
        return RANGE_ALL;
    if (!n || !size)
        return RANGE_NONE;
    *length = n < size ? n : size;
    *from = size - *length;
    return RANGE_PART;
}

enum range range_read(const char *header, uint64_t size, uint64_t *from, uint64_t *length)
{
    static const char unit[] = "bytes=";
    uint64_t first, last = UINT64_MAX;
    if (!header || strncasecmp(header, unit, sizeof unit - 1) != 0)
        return RANGE_ALL;
    const char *at = header + sizeof unit - 1;
    if (*at == '-')
        return last_bytes(at + 1, size, from, length);
    at = read_number(at, &first);
    if (!at || *at++ != '-')
        return RANGE_ALL;
    if (*at && (!(at = read_number(at, &last)) || *at || last < first))
        return RANGE_ALL;
    if (first >= size)
        return RANGE_NONE;
    *from = first;
    *length = (last < size ? last + 1 : size) - first;
    return RANGE_PART;
}
