/* Any bytes as the file of each operation that takes one: no crash; refused with a code, or read
 * into what the schema can judge, each element with its line, and every fault with its place. */
#include "api/http/document.h"
#include "api/http/sheet.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static const struct document *document(void)
{
    static struct arena arena;
    static struct document *loaded;
    struct fault fault = {.arena = &arena};
    if (!loaded)
        expect(document_load(&arena, document_bytes, document_bytes_n, &fault, &loaded) ==
               ERR_NONE);
    return loaded;
}

static size_t ends_of_lines(const uint8_t *data, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < size; i++)
        n += data[i] == '\n' || data[i] == '\r';
    return n;
}

static void check_lines(const struct sheet *sheet, size_t most)
{
    for (size_t i = 0; i < sheet->rows_n; i++) {
        expect(sheet->lines[i] > (i ? sheet->lines[i - 1] : 1));
        expect((size_t)sheet->lines[i] <= most);
    }
}

static void read_file(const struct schema *schema, const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    const struct sheet *sheet = NULL;
    json_t *body = sheet_read(schema, (const char *)data, size, &fault, &sheet);
    if (!body) {
        expect(fault.err == ERR_INPUT && fault.code);
        expect((strcmp(fault.code, "validation-failed") == 0) == (fault.flaws_n > 0));
        arena_end(&arena);
        return;
    }
    check_lines(sheet, ends_of_lines(data, size) + 1);
    bool is_good = schema_check(schema, &body, "#", SCHEMA_NORMALISE, &fault);
    expect(is_good || fault.flaws_n > 0);
    for (size_t i = 0; i < fault.flaws_n; i++) {
        const char *place = sheet_place(sheet, fault.flaws[i].pointer, &arena);
        expect(strncmp(place, "line:", 5) == 0 || sheet->rows_n == 0);
    }
    json_decref(body);
    arena_end(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < document()->operations_n; i++)
        if (document()->operations[i].takes_csv)
            read_file(document()->operations[i].body, data, size);
    return 0;
}
