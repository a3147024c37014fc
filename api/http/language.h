/* The languages that the service speaks to people, and which one a request wants. */
#ifndef API_HTTP_LANGUAGE_H
#define API_HTTP_LANGUAGE_H

#include <stdbool.h>
#include <stddef.h>

enum language { LANGUAGE_EN, LANGUAGE_HI, LANGUAGE_MR };

enum { LANGUAGES = 3 };

const char *language_tag(enum language language); /* "hi" */

/* Is it the tag of one of ours? "hi" and "hi-IN" are, in any case of letters. */
bool language_find(const char *tag, size_t length, enum language *out);

/* The language of ours that an Accept-Language (RFC 9110 12.5.4) likes best, the first of equals;
 * English when it names none, or is NULL. */
enum language language_choose(const char *accepted);

#endif
