#include "db/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_BYTES = 16 * 1024 };

struct arena_chunk {
    struct arena_chunk *before;
    alignas(max_align_t) char bytes[];
};

struct arena_deferred {
    struct arena_deferred *before;
    void (*release)(void *object);
    void *object;
};

void arena_end(struct arena *arena)
{
    /* The list lives in the chunks, so it is walked before they go. */
    for (struct arena_deferred *d = arena->deferred; d; d = d->before)
        d->release(d->object);
    for (struct arena_chunk *chunk = arena->chunks; chunk;) {
        struct arena_chunk *before = chunk->before;
        free(chunk);
        chunk = before;
    }
    *arena = (struct arena){0};
}

static char *chunk_add(struct arena *arena, size_t bytes)
{
    struct arena_chunk *chunk = malloc(sizeof *chunk + bytes);
    if (!chunk)
        abort();
    chunk->before = arena->chunks;
    arena->chunks = chunk;
    return chunk->bytes;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    if (bytes > SIZE_MAX / 2)
        abort();
    bytes = (bytes + align - 1) / align * align;
    arena->taken += bytes;
    char *taken;
    if (bytes > CHUNK_BYTES / 4 && bytes > arena->left) {
        taken = chunk_add(arena, bytes); /* the current chunk stays in use */
    } else {
        if (bytes > arena->left) {
            arena->next = chunk_add(arena, CHUNK_BYTES);
            arena->left = CHUNK_BYTES;
        }
        taken = arena->next;
        arena->next += bytes;
        arena->left -= bytes;
    }
    return memset(taken, 0, bytes);
}

char *arena_copy_n(struct arena *arena, const char *bytes, size_t length)
{
    char *copy = arena_take(arena, length + 1);
    if (length)
        memcpy(copy, bytes, length);
    return copy;
}

char *arena_copy(struct arena *arena, const char *text)
{
    return text ? arena_copy_n(arena, text, strlen(text)) : NULL;
}

char *arena_vformat(struct arena *arena, const char *format, va_list args)
{
    char *text;
    int length = vasprintf(&text, format, args);
    if (length < 0)
        abort();
    char *kept = arena_copy_n(arena, text, (size_t)length);
    free(text);
    return kept;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    char *text = arena_vformat(arena, format, args);
    va_end(args);
    return text;
}

void arena_defer(struct arena *arena, void (*release)(void *object), void *object)
{
    if (!object)
        return;
    struct arena_deferred *deferred = arena_new(arena, struct arena_deferred);
    *deferred = (struct arena_deferred){arena->deferred, release, object};
    arena->deferred = deferred;
}

static void json_release(void *json)
{
    json_decref(json);
}

json_t *arena_json(struct arena *arena, json_t *owned)
{
    arena_defer(arena, json_release, owned);
    return owned;
}
