#include "models/patient/identification.h"

#include "db/keys.h"

#include <inttypes.h>
#include <string.h>

enum { AADHAAR_DIGITS = 12 };

/* Verhoeff: multiplication in the dihedral group D5, and the permutation of a digit's position. */
static const unsigned char product[10][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 2, 3, 4, 0, 6, 7, 8, 9, 5}, {2, 3, 4, 0, 1, 7, 8, 9, 5, 6},
    {3, 4, 0, 1, 2, 8, 9, 5, 6, 7}, {4, 0, 1, 2, 3, 9, 5, 6, 7, 8}, {5, 9, 8, 7, 6, 0, 4, 3, 2, 1},
    {6, 5, 9, 8, 7, 1, 0, 4, 3, 2}, {7, 6, 5, 9, 8, 2, 1, 0, 4, 3}, {8, 7, 6, 5, 9, 3, 2, 1, 0, 4},
    {9, 8, 7, 6, 5, 4, 3, 2, 1, 0},
};
static const unsigned char permuted[8][10] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, {1, 5, 7, 6, 2, 8, 3, 0, 9, 4}, {5, 8, 0, 3, 7, 9, 6, 1, 4, 2},
    {8, 9, 1, 6, 0, 4, 3, 5, 2, 7}, {9, 4, 5, 3, 1, 2, 6, 8, 7, 0}, {4, 2, 8, 6, 5, 7, 3, 9, 0, 1},
    {2, 7, 9, 3, 8, 0, 6, 4, 1, 5}, {7, 0, 4, 6, 9, 1, 3, 2, 5, 8},
};

bool identification_is_aadhaar(const char *number)
{
    unsigned char digits[AADHAAR_DIGITS];
    size_t n = 0;
    for (const char *c = number; *c; c++) {
        if (strchr(" -.", *c))
            continue;
        if (*c < '0' || *c > '9' || n == AADHAAR_DIGITS)
            return false;
        digits[n++] = (unsigned char)(*c - '0');
    }
    unsigned check = 0;
    for (size_t i = 0; i < n; i++)
        check = product[check][permuted[i % 8][digits[n - 1 - i]]];
    return n == AADHAAR_DIGITS && check == 0;
}

const char *identification_seal(struct arena *arena, int64_t clinic_id, const char *number)
{
    if (!number)
        return NULL;
    const char *bound = arena_format(arena, "clinic %" PRId64, clinic_id);
    return keys_seal(arena, KEY_COLUMN, bound, number, strlen(number));
}
