#include "api/http/cursor.h"

#include "db/keys.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING, CURSOR_BYTES_MAX = 768 };

struct bound {
    const char *parts[4];
    size_t lengths[4];
};

static struct bound bind_to(struct request *request, const char *payload, size_t length)
{
    const char *clinic = arena_format(&request->arena, "%lld", (long long)request->scope.clinic_id);
    return (struct bound){
        {clinic, request->operation->id, request->filters, payload},
        {strlen(clinic), strlen(request->operation->id), strlen(request->filters), length}};
}

const char *cursor_make(struct request *request, const struct rows *rows, int row)
{
    struct buf payload;
    buf_begin(&payload, &request->arena, 128);
    for (int i = 0; i < rows->query->keys_n; i++) {
        char column[24];
        snprintf(column, sizeof column, "_key_%d", i + 1);
        buf_char(&payload, i ? ',' : '[');
        buf_json_string(&payload, rows_text(rows, row, column));
    }
    buf_char(&payload, ']');
    struct bound bound = bind_to(request, payload.text, payload.length);
    size_t raw_length = SIGNATURE_BYTES + payload.length;
    unsigned char *raw = arena_take(&request->arena, raw_length);
    keys_sign(KEY_CURSOR, bound.parts, bound.lengths, 4, raw);
    memcpy(raw + SIGNATURE_BYTES, payload.text, payload.length);
    size_t room = sodium_base64_encoded_len(raw_length, VARIANT);
    return sodium_bin2base64(arena_take(&request->arena, room), room, raw, raw_length, VARIANT);
}

bool cursor_decode(struct arena *arena, const char *cursor, const unsigned char **signature,
                   const char **payload, size_t *length)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                   "0123456789-_";
    unsigned char *raw = arena_take(arena, CURSOR_BYTES_MAX + 1);
    size_t raw_length;
    const char *end;
    if (cursor[strspn(cursor, alphabet)]) /* libsodium takes bytes past 127 for underscores */
        return false;
    if (sodium_base642bin(raw, CURSOR_BYTES_MAX, cursor, strlen(cursor), NULL, &raw_length, &end,
                          VARIANT) != 0 ||
        *end || raw_length <= SIGNATURE_BYTES)
        return false;
    *signature = raw;
    *payload = (const char *)raw + SIGNATURE_BYTES;
    *length = raw_length - SIGNATURE_BYTES;
    return true;
}

enum err cursor_read(struct request *request, const char *cursor)
{
    const unsigned char *signature;
    const char *payload;
    size_t length;
    struct page *page = &request->scope.page;
    if (!cursor_decode(&request->arena, cursor, &signature, &payload, &length))
        return request_fail(request, ERR_INPUT, "bad-cursor", NULL);
    struct bound bound = bind_to(request, payload, length);
    if (!keys_verify(KEY_CURSOR, bound.parts, bound.lengths, 4, signature))
        return request_fail(request, ERR_INPUT, "bad-cursor", NULL);
    json_t *keys = arena_json(&request->arena, json_loadb(payload, length, 0, NULL));
    size_t n = json_array_size(keys);
    if (n == 0 || n > QUERY_KEYS_MAX)
        return request_fail(request, ERR_INPUT, "bad-cursor", NULL);
    for (size_t i = 0; i < n; i++)
        page->after[i] = json_string_value(json_array_get(keys, i));
    page->has_after = true;
    return ERR_NONE;
}
