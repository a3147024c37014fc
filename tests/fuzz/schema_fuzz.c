/* Any JSON against every body of the embedded document: no crash, and what was normalised once is
 * good and stays the same when it is normalised again. The first byte chooses the operation. */
#include "api/http/document.h"

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

    if (loaded == NULL)
        expect(document_load(&arena, document_bytes, document_bytes_n, &fault, &loaded) ==
               ERR_NONE);
    return loaded;
}

static void check_twice(const struct schema *schema, json_t *value, struct fault *fault)
{
    if (schema_check(schema, &value, "#", SCHEMA_NORMALISE, fault)) {
        json_t *before = json_deep_copy(value);
        expect(fault->flaws_n == 0);
        expect(schema_check(schema, &value, "#", SCHEMA_NORMALISE, fault));
        expect(json_equal(before, value));
        json_decref(before);
    } else {
        expect(fault->flaws_n > 0);
    }
    json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};

    if (size < 1)
        return 0;
    const struct operation *operation = &document()->operations[data[0] % document()->operations_n];
    json_t *value = json_read((const char *)data + 1, size - 1, &fault);
    if (operation->body != NULL && value != NULL)
        check_twice(operation->body, json_incref(value), &fault);
    json_decref(value);

    const char *text = arena_copy_n(&arena, (const char *)data + 1, size - 1);
    for (size_t i = 0; i < operation->query_n; i++) {
        struct fault other = {.arena = &arena};
        json_t *made = schema_check_text(operation->query[i].schema, text, "query:x", &other);
        expect((made == NULL) == (other.flaws_n > 0));
        json_decref(made);
    }
    arena_end(&arena);
    return 0;
}
