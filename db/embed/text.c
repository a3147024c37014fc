#include "db/embed/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store_block {
    struct store_block *before;
    max_align_t bytes[];
};

void *store_take(struct store *store, size_t bytes)
{
    struct store_block *block = calloc(1, sizeof *block + bytes);
    if (!block) {
        perror("embed");
        exit(1);
    }
    block->before = store->blocks;
    store->blocks = block;
    return block->bytes;
}

char *store_copy(struct store *store, const char *bytes, size_t length)
{
    char *copy = store_take(store, length + 1);
    if (length > 0)
        memcpy(copy, bytes, length);
    return copy;
}

void store_end(struct store *store)
{
    while (store->blocks) {
        struct store_block *before = store->blocks->before;
        free(store->blocks);
        store->blocks = before;
    }
}

void text_add(struct text *text, const char *bytes, size_t length)
{
    if (text->length + length + 1 > text->room) {
        size_t room = (text->length + length + 1) * 2;
        char *bigger = store_take(text->store, room);
        if (text->length > 0)
            memcpy(bigger, text->bytes, text->length);
        text->bytes = bigger;
        text->room = room;
    }
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void text_say(struct text *text, const char *format, ...)
{
    char *line = NULL;
    va_list args;
    va_start(args, format);
    int length = vasprintf(&line, format, args);
    va_end(args);
    if (length < 0) {
        perror("embed");
        exit(1);
    }
    text_add(text, line, (size_t)length);
    free(line);
}

void text_literal(struct text *text, const char *bytes, size_t length)
{
    text_add(text, "\"", 1);
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\n' && i + 1 < length)
            text_say(text, "\\n\"\n        \"");
        else if (c == '\n')
            text_say(text, "\\n");
        else if (c == '"' || c == '\\')
            text_say(text, "\\%c", c);
        else if (c == '?' || (unsigned char)c < ' ' || (unsigned char)c > '~')
            text_say(text, "\\%03o", (unsigned char)c); /* '?': no trigraph by accident */
        else
            text_add(text, &c, 1);
    }
    text_add(text, "\"", 1);
}

static void file_close(FILE **file)
{
    if (*file)
        fclose(*file);
}

bool source_load(struct store *store, const char *path, struct source *out)
{
    FILE *file CLEANUP(file_close) = fopen(path, "rb");
    if (!file) {
        perror(path);
        return false;
    }
    struct text text = {.store = store};
    char part[8192];
    size_t n = 0;
    text_add(&text, "", 0);
    while ((n = fread(part, 1, sizeof part, file)) > 0)
        text_add(&text, part, n);
    if (ferror(file)) {
        perror(path);
        return false;
    }
    if (memchr(text.bytes, '\0', text.length)) {
        fprintf(stderr, "%s:1: holds a NUL byte\n", path);
        return false;
    }
    *out = (struct source){.store = store, .path = path, .text = text.bytes, .length = text.length};
    return true;
}

void source_refuse(struct source *source, const char *at, const char *format, ...)
{
    int line = 1;
    for (const char *c = source->text; c < at && *c; c++)
        line += *c == '\n';
    fprintf(stderr, "%s:%d: ", source->path, line);
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    source->refusals++;
}

bool text_write(const struct text *text, const char *directory, const char *name)
{
    struct text path = {.store = text->store};
    text_say(&path, "%s/%s", directory, name);
    FILE *file = fopen(path.bytes, "wb");
    if (!file) {
        perror(path.bytes);
        return false;
    }
    bool is_written = fwrite(text->bytes, 1, text->length, file) == text->length;
    if (fclose(file) != 0 || !is_written) {
        perror(path.bytes);
        return false;
    }
    return true;
}
