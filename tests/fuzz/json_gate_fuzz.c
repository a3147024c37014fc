/* Any bytes as a body: refused with a code, or an object that means the same when written and read
 * again. */
#include "api/http/schema.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    json_t *value = json_read((const char *)data, size, &fault);

    if (value == NULL) {
        expect(fault.err == ERR_INPUT && strcmp(fault.code, "malformed-json") == 0);
    } else {
        expect(json_is_object(value));
        char *text = json_dumps(value, 0);
        expect(text != NULL);
        json_t *again = json_read(text, strlen(text), &fault);
        expect(again != NULL && json_equal(value, again));
        free(text);
        json_decref(again);
        json_decref(value);
    }
    arena_end(&arena);
    return 0;
}
