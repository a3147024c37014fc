/* Any path against the embedded document's router: never a crash; a route that is found has every
 * value, in clean UTF-8 without slashes in between. */
#include "api/http/router.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static const struct router *router(void)
{
    static struct arena arena;
    static const struct router *made;
    struct fault fault = {.arena = &arena};
    struct document *document = NULL;

    if (made == NULL) {
        expect(document_load(&arena, document_bytes, document_bytes_n, &fault, &document) ==
               ERR_NONE);
        expect(router_make(document, &fault, &made) == ERR_NONE);
    }
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *path = arena_copy_n(&arena, (const char *)data, size);
    struct route route;

    router_find(router(), "GET", path, &arena, &route);
    expect(route.path_is_known == (route.allow != NULL));
    expect(route.path_is_known || route.operation == NULL);
    for (size_t i = 0; route.operation != NULL && i < route.operation->path_parameters_n; i++) {
        const char *value = route.values[i];
        expect(value != NULL && *value != '\0' && strchr(value, '/') == NULL);
        expect(strcmp(value, ".") != 0 && strcmp(value, "..") != 0);
        for (utf8proc_ssize_t at = 0, left = (utf8proc_ssize_t)strlen(value); at < left;) {
            utf8proc_int32_t c;
            utf8proc_ssize_t n =
                utf8proc_iterate((const utf8proc_uint8_t *)value + at, left - at, &c);
            expect(n > 0 && c >= 0x20 && c != 0x7F);
            at += n;
        }
    }
    arena_end(&arena);
    return 0;
}
