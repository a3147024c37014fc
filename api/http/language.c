#include "api/http/language.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const tags[LANGUAGES] = {
    [LANGUAGE_EN] = "en", [LANGUAGE_HI] = "hi", [LANGUAGE_MR] = "mr"};

const char *language_tag(enum language language)
{
    return tags[language];
}

bool language_find(const char *tag, size_t length, enum language *out)
{
    for (int i = 0; i < LANGUAGES; i++) {
        size_t n = strlen(tags[i]);
        bool is_whole = length == n || (length > n && tag[n] == '-');
        if (is_whole && strncasecmp(tag, tags[i], n) == 0) {
            *out = (enum language)i;
            return true;
        }
    }
    return false;
}

/* Thousandths of ";q=0.8"; 1000 when nothing is said, 0 when it is no weight. */
static int weight_of(const char *range, size_t length)
{
    const char *q = memmem(range, length, "q=", 2);
    if (!q)
        return 1000;
    size_t left = length - (size_t)(q + 2 - range);
    char text[8] = "";
    memcpy(text, q + 2, left < sizeof text - 1 ? left : sizeof text - 1);
    double weight = strtod(text, NULL);
    return weight > 0 && weight <= 1 ? (int)(weight * 1000) : 0;
}

enum language language_choose(const char *accepted)
{
    enum language best = LANGUAGE_EN;
    int best_weight = 0;
    for (const char *p = accepted ? accepted : ""; *p;) {
        p += strspn(p, ", \t");
        size_t length = strcspn(p, ",");
        size_t tag_length = strcspn(p, ",; \t");
        enum language found = LANGUAGE_EN;
        bool is_any = tag_length == 1 && *p == '*';
        int weight = weight_of(p, length);
        if (weight > best_weight && (is_any || language_find(p, tag_length, &found))) {
            best = found;
            best_weight = weight;
        }
        p += length;
    }
    return best;
}
