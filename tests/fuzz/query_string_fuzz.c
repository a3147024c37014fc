/* Any query string against every operation of the embedded document: taken, with each parameter at
 * most once and what was taken fit for PostgreSQL; or refused with 400's error and a flaw or code.
 */
#include "api/http/query_string.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

/* Compiled once for all inputs: a fuzz target has nowhere else to keep it. */
static const struct document *document(void)
{
    static struct arena arena;
    static struct document *made;
    struct fault fault = {.arena = &arena};
    if (!made)
        expect(document_load(&arena, document_bytes, document_bytes_n, &fault, &made) == ERR_NONE);
    return made;
}

static bool is_text(const char *text)
{
    utf8proc_int32_t c;
    for (utf8proc_ssize_t n; *text; text += n) {
        n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &c);
        if (n <= 0 || c < 0x20 || c == 0x7f)
            return false;
    }
    return true;
}

static void read_one(const struct operation *operation, const char *query)
{
    struct arena arena = {0};
    struct request request = {.operation = operation, .raw_query = query};
    request.fault.arena = &arena;
    /* Before the arena is the request's, it is ours: both end below. */
    bool has_cursor = strstr(query, "cursor") || strchr(query, '%');
    if (!has_cursor || !operation->is_list) { /* a cursor needs the keys: cursor_fuzz.c */
        enum err err = query_string_read(&request);
        expect(err == ERR_NONE || (err == ERR_INPUT && request.fault.code));
        for (size_t i = 0; !err && i < operation->query_n; i++) {
            const char *value = json_string_value(request.query[i]);
            expect(!value || is_text(value));
        }
        expect(err || !operation->is_list ||
               (request.scope.page.limit >= 1 && request.scope.page.limit <= 200));
    }
    arena_end(&request.arena);
    arena_end(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *query = malloc(size + 1);
    expect(query != NULL);
    memcpy(query, data, size);
    query[size] = '\0';
    for (size_t i = 0; i < document()->operations_n; i++)
        read_one(&document()->operations[i], query);
    free(query);
    return 0;
}
