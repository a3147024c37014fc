/* Memory that lives as long as a request (or a command, or a test).
 *
 * Everything is freed at once by arena_end(); nothing above db/ frees by hand. Foreign objects
 * (a PGresult, a json_t) are tied to the arena by arena_defer(). Out of memory aborts: what a
 * caller can grow is bounded elsewhere. One arena belongs to one thread at a time.
 */
#ifndef DB_ARENA_H
#define DB_ARENA_H

#include "db/error.h"

#include <jansson.h>
#include <stdarg.h>
#include <stddef.h>

struct arena {
    struct arena_chunk *chunks;
    struct arena_deferred *deferred;
    char *next;
    size_t left;
    size_t taken; /* bytes handed out since the start: for metrics and bounds */
};

/* An arena needs no begin: `struct arena arena = {0};` is one, empty. */

/* Runs what was deferred, last first, and frees all; the arena is then empty and usable again. */
void arena_end(struct arena *arena);

/* Zeroed memory, aligned for any object; never NULL. */
void *arena_take(struct arena *arena, size_t bytes);

#define arena_new(arena, type) ((type *)arena_take((arena), sizeof(type)))
#define arena_array(arena, type, n) ((type *)arena_take((arena), sizeof(type) * (n)))

char *arena_copy(struct arena *arena, const char *text);                   /* NULL stays NULL */
char *arena_copy_n(struct arena *arena, const char *bytes, size_t length); /* adds the NUL */
char *arena_format(struct arena *arena, const char *format, ...) PRINTF(2, 3);
char *arena_vformat(struct arena *arena, const char *format, va_list args) PRINTF(2, 0);

/* Calls release(object) when the arena ends. A NULL object is not remembered. */
void arena_defer(struct arena *arena, void (*release)(void *object), void *object);

/* Ties a new reference to the arena and returns it, then borrowed by everybody. */
json_t *arena_json(struct arena *arena, json_t *owned);

#endif
