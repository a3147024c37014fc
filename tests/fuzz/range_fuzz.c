/* Any text as a Range, against files of several lengths: a part lies within the file. */
#include "api/http/range.h"

#include <stdbool.h>
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
    static const uint64_t sizes[] = {0, 1, 10, 1000, UINT64_MAX};
    char *text = malloc(size + 1);
    expect(text != NULL);
    memcpy(text, data, size);
    text[size] = '\0';
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        uint64_t from = 7, length = 7;
        enum range range = range_read(text, sizes[i], &from, &length);
        if (range == RANGE_PART)
            expect(length > 0 && from < sizes[i] && length <= sizes[i] - from);
        else
            expect(from == 7 && length == 7);
    }
    free(text);
    return 0;
}
