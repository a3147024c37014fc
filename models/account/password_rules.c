/* The rules of password_fault(): length, the list of what everybody tries first, names of this
 * clinic and this person. No rules of composition: they make passwords worse. */
#include "models/account/password.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_LEAST = 4, PHONE_TAIL = 7, DISTINCT_LEAST = 5 };

/* Sorted by strcmp, lower case, each of at least PASSWORD_LEAST characters. */
static const char *const common[] = {
#include "models/account/common_passwords.inc"
};

/* What a password must not be once digits and signs around it and its usual disguises are taken
 * off: "P@ssw0rd!2026" is "password". Sorted. */
static const char *const bases[] = {
#include "models/account/common_bases.inc"
};

static int compare(const void *key, const void *element)
{
    const char *const *word = element;
    return strcmp(key, *word);
}

static bool is_in(const char *word, const char *const *list, size_t n)
{
    return bsearch(word, list, n, sizeof *list, compare) != NULL;
}

/* Lower case for ASCII; what is beyond has hardly any, and keeps its bytes. */
static void fold(const char *text, char out[PASSWORD_MOST + 1])
{
    size_t length = strnlen(text, PASSWORD_MOST);
    for (size_t i = 0; i < length; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    out[length] = '\0';
}

static size_t characters(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static bool is_repetitive(const char *folded)
{
    bool seen[256] = {false};
    int distinct = 0;
    for (const unsigned char *c = (const unsigned char *)folded; *c; c++) {
        distinct += !seen[*c];
        seen[*c] = true;
    }
    return distinct < DISTINCT_LEAST;
}

static char undisguised(char c)
{
    static const char from[] = "@4013$57!8", to[] = "aaoiesstib";
    const char *at = c ? strchr(from, c) : NULL;
    return at ? to[at - from] : c;
}

/* Strips what is not a letter from both ends, then undoes "@" for "a" and the like. */
static bool is_disguised_base(const char *folded)
{
    char core[PASSWORD_MOST + 1];
    const char *from = folded;
    size_t length = strlen(folded);
    while (*from && !isalpha((unsigned char)*from) && !((unsigned char)*from & 0x80))
        from++, length--;
    while (length && !isalpha((unsigned char)from[length - 1]) &&
           !((unsigned char)from[length - 1] & 0x80))
        length--;
    for (size_t i = 0; i < length; i++)
        core[i] = undisguised(from[i]);
    core[length] = '\0';
    return is_in(core, bases, sizeof bases / sizeof *bases);
}

static bool is_common(const char *folded)
{
    return is_in(folded, common, sizeof common / sizeof *common) || is_repetitive(folded) ||
           is_disguised_base(folded);
}

/* Any run of letters and digits of `words` that is long enough to be a word. */
static bool holds_a_word_of(const char *folded, const char *words)
{
    char lower[PASSWORD_MOST + 1];
    fold(words ? words : "", lower);
    char *rest = lower;
    for (char *word; (word = strtok_r(rest, " \t.,;:'\"()&/-_+@", &rest));)
        if (strlen(word) >= WORD_LEAST && strstr(folded, word))
            return true;
    return false;
}

static void digits_of(const char *text, char out[PASSWORD_MOST + 1])
{
    size_t n = 0;
    for (; text && *text && n < PASSWORD_MOST; text++)
        if (isdigit((unsigned char)*text))
            out[n++] = *text;
    out[n] = '\0';
}

/* The last seven digits of a number name it, however it is written. */
static bool holds_the_phone(const char *folded, const char *phone)
{
    char mine[PASSWORD_MOST + 1], theirs[PASSWORD_MOST + 1];
    digits_of(folded, mine);
    digits_of(phone, theirs);
    size_t length = strlen(theirs);
    return length >= PHONE_TAIL && strstr(mine, theirs + length - PHONE_TAIL);
}

static bool holds_the_username(const char *folded, const char *username)
{
    char lower[PASSWORD_MOST + 1];
    fold(username ? username : "", lower);
    return strlen(lower) >= WORD_LEAST && strstr(folded, lower);
}

const char *password_fault(const char *password, const struct password_words *words)
{
    if (strlen(password) > PASSWORD_MOST)
        return "is longer than 256 bytes";
    if (characters(password) < PASSWORD_LEAST)
        return "is shorter than 12 characters";
    char folded[PASSWORD_MOST + 1];
    fold(password, folded);
    if (is_common(folded))
        return "is among the passwords that are tried first";
    if (holds_a_word_of(folded, words->slug) || holds_a_word_of(folded, words->clinic_name))
        return "holds the clinic's name";
    if (holds_the_username(folded, words->username) || holds_a_word_of(folded, words->username))
        return "holds your username";
    if (holds_the_phone(folded, words->phone))
        return "holds your phone number";
    return NULL;
}
