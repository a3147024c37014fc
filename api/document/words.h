/* Facts as people read them: dates, counts, parts joined to one text. Results live in the arena, or
 * are what came in. */
#ifndef API_DOCUMENT_WORDS_H
#define API_DOCUMENT_WORDS_H

#include "api/http/language.h"
#include "db/arena.h"

/* `{n}` in the text becomes the number. */
const char *words_count(struct arena *arena, const char *text, int n);

/* "Page 2 of 5" of "Page {n} of {of}". */
const char *words_page(struct arena *arena, const char *text, int n, int of);

/* "22 Nov 2026" of "2026-11-22", whatever follows; NULL stays NULL. */
const char *words_day(struct arena *arena, const char *date, enum language language);

/* "22 Nov 2026, 14:05 IST" of "2026-11-22T14:05" on a clock so many minutes ahead of UTC. */
const char *words_minute(struct arena *arena, const char *local, int offset, const char *timezone,
                         enum language language);

/* The texts that are not NULL or empty, with something between them; NULL: there is none. */
const char *words_join(struct arena *arena, const char *between, const char *const texts[],
                       size_t n);
#define WORDS_JOIN(arena, between, ...)                                                            \
    words_join((arena), (between), (const char *const[]){__VA_ARGS__},                             \
               sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))

#endif
