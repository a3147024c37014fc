/* What the build tool stands on: memory that is freed at the end, text that grows, source files and
 * the sentence that refuses one. libc only, so that it builds before everything else.
 *
 * Out of memory ends the tool. Nothing here is used by the service.
 */
#ifndef DB_EMBED_TEXT_H
#define DB_EMBED_TEXT_H

#include "db/error.h"

#include <stdbool.h>
#include <stddef.h>

/* All memory of one run. `struct store store = {0};` is one, empty. */
struct store {
    struct store_block *blocks;
};

void *store_take(struct store *store, size_t bytes);                     /* zeroed; never NULL */
char *store_copy(struct store *store, const char *bytes, size_t length); /* adds the NUL */
void store_end(struct store *store);

struct text {
    struct store *store;
    char *bytes; /* NUL-terminated once something was added */
    size_t length;
    size_t room;
};

void text_add(struct text *text, const char *bytes, size_t length);
void text_say(struct text *text, const char *format, ...) PRINTF(2, 3);

/* Adds bytes as a C string literal, one line of it for each line of them. */
void text_literal(struct text *text, const char *bytes, size_t length);

/* One input file. */
struct source {
    struct store *store;
    const char *path;
    const char *text;
    size_t length;
    int refusals;
};

/* Says on stderr what is wrong, returns false when the file cannot be read. */
bool source_load(struct store *store, const char *path, struct source *out);

/* "path:line: sentence" on stderr; `at` points into the text. Counts the refusal. */
void source_refuse(struct source *source, const char *at, const char *format, ...) PRINTF(3, 4);

/* Writes directory/name; says on stderr what is wrong. */
bool text_write(const struct text *text, const char *directory, const char *name);

#endif
