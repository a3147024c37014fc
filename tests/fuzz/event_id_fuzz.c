/* Any text as a Last-Event-ID: refused, or a number that is written the same again. */
#include "api/http/event_text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *text = arena_copy_n(&arena, (const char *)data, size);
    int64_t id = -7;
    if (event_id_read(text, &id)) {
        struct buf again;
        buf_begin(&again, &arena, 32);
        buf_int(&again, id);
        if (id < 0 || strcmp(again.text, text) != 0)
            abort();
    } else if (id != -7) {
        abort(); /* outputs are untouched on failure */
    }
    arena_end(&arena);
    return 0;
}
