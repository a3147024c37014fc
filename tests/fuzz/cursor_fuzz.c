/* Any text as a cursor: malformed, or a signature and a payload that lie in memory of their own and
 * never verify, as nobody but us can sign. */
#include "api/http/cursor.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "db/keys.h"

#include <sodium.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena = {0};
    const char *text = arena_copy_n(&arena, (const char *)data, size), *payload = NULL;
    const unsigned char *signature = NULL;
    size_t length = 0;
    if (cursor_decode(&arena, text, &signature, &payload, &length)) {
        /* Base64 has one spelling: what was read is written the same again. */
        size_t raw = SIGNATURE_BYTES + length;
        size_t room = sodium_base64_encoded_len(raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        char *again = arena_take(&arena, room);
        sodium_bin2base64(again, room, signature, raw, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        if (!length || (const unsigned char *)payload != signature + SIGNATURE_BYTES ||
            strcmp(again, text) != 0)
            abort();
        json_t *keys = json_loadb(payload, length, 0, NULL);
        json_decref(keys);
    } else if (signature || payload || length) {
        abort(); /* outputs are untouched on failure */
    }
    arena_end(&arena);
    return 0;
}
