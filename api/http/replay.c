#include "api/http/replay.h"

#include "api/http/arrival.h"
#include "api/http/reply.h"
#include "db/kept.h"
#include "db/keys.h"
#include "gen/queries.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_MAX = 255 };

static const char *digest_of_request(struct request *request)
{
    crypto_hash_sha256_state state;
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_init(&state);
    const char *parts[] = {request->method, request->raw_path, request->raw_query};
    for (size_t i = 0; i < sizeof parts / sizeof *parts && parts[i]; i++)
        crypto_hash_sha256_update(&state, (const unsigned char *)parts[i], strlen(parts[i]) + 1);
    const struct incoming *incoming = request->incoming;
    if (incoming->arrival) {
        const char *came = arrival_digest(incoming->arrival, &request->arena);
        crypto_hash_sha256_update(&state, (const unsigned char *)came, strlen(came));
    } else {
        crypto_hash_sha256_update(&state, incoming->body, incoming->body_length);
    }
    crypto_hash_sha256_final(&state, digest);
    char *text = arena_take(&request->arena, DIGEST_TEXT);
    return sodium_bin2hex(text, DIGEST_TEXT, digest, sizeof digest);
}

enum err replay_guard(struct request *request)
{
    const char *key = request->incoming->header(request->incoming, "Idempotency-Key");
    if (!key || !request->operation->is_idempotent)
        return ERR_NONE;
    size_t length = strlen(key);
    bool is_visible = length > 0 && length <= KEY_MAX;
    for (size_t i = 0; i < length && is_visible; i++)
        is_visible = key[i] > 0x20 && key[i] < 0x7f;
    if (!is_visible) {
        fault_add(&request->fault, "header:Idempotency-Key", "malformed",
                  "must be 1 to 255 visible characters");
        return request_fail(request, ERR_INPUT, "bad-request", NULL);
    }
    struct idempotency *guard = &request->tx.idempotency;
    char *hash = arena_take(&request->arena, DIGEST_TEXT);
    request->idempotency_key = key;
    guard->key_hash = digest_hex(key, length, hash);
    guard->principal =
        arena_format(&request->arena, "%s:%s", request->scope.actor_kind, request->scope.actor_id);
    guard->body_digest = digest_of_request(request);
    return ERR_NONE;
}

void request_keep_secret(struct request *request, const char *secret)
{
    if (request->idempotency_key)
        request->tx.idempotency.sealed_secret =
            keys_seal_with(&request->arena, request->idempotency_key, secret, strlen(secret));
}

const char *request_kept_secret(const struct request *request)
{
    return request->kept_secret;
}

void replay_keep(struct request *request, struct stored_answer *out)
{
    const struct reply *reply = request->reply;
    struct buf headers;
    buf_begin(&headers, &request->arena, 128);
    buf_text(&headers, "{\"ETag\":");
    buf_json_string(&headers, reply->etag);
    for (size_t i = 0; i < reply->headers_n; i++) {
        buf_char(&headers, ',');
        buf_json_string(&headers, reply->headers[i].name);
        buf_char(&headers, ':');
        buf_json_string(&headers, reply->headers[i].value);
    }
    buf_char(&headers, '}');
    *out = (struct stored_answer){.status = reply->status,
                                  .headers = headers.text,
                                  .body = reply->bytes,
                                  .body_length = reply->length};
    if (request->operation->is_secret && reply->bytes) {
        out->body =
            keys_seal_with(&request->arena, request->idempotency_key, reply->bytes, reply->length);
        out->is_sealed = true;
    }
}

static enum err find_kept(struct request *request, struct rows *out)
{
    const struct idempotency *guard = &request->tx.idempotency;
    if (request->operation->audit == AUDIT_PLATFORM)
        return query_run_alone(&request->tx, &q_db_platform_idempotency_find,
                               &(struct q_db_platform_idempotency_find_args){
                                   .principal = guard->principal, .hash = guard->key_hash},
                               out);
    return query_run_alone(&request->tx, &q_db_idempotency_find,
                           &(struct q_db_idempotency_find_args){.principal = guard->principal,
                                                                .hash = guard->key_hash},
                           out);
}

static void answer_headers(struct request *request, const char *text)
{
    json_t *headers = arena_json(&request->arena, json_loads(text, 0, NULL));
    const char *name;
    json_t *value;
    json_object_foreach(headers, name, value)
    {
        if (!json_is_string(value))
            continue;
        if (strcmp(name, "ETag") == 0)
            request->reply->etag = json_string_value(value);
        else
            reply_header(request, name, json_string_value(value));
    }
}

/* What the handler answered, from the row that it got. */
static enum err answer_of_row(struct request *request, const char *members, const char *secret)
{
    struct rows row;
    if (!kept_rows(&request->arena, members, &row))
        return fail_quietly(&request->fault, ERR_INTERNAL, "internal-error",
                            "a kept row cannot be read");
    request->kept_secret = secret;
    request->tx.kept = &row;
    enum err err = request->operation->handler(request);
    request->tx.kept = NULL;
    return err;
}

static void answer_of_text(struct request *request, const struct rows *kept, const char *body,
                           size_t length)
{
    struct reply *reply = request->reply;
    reply->status = (int)rows_int(kept, 0, "status", 500);
    reply->bytes = body;
    reply->length = length;
    reply->is_json = body != NULL;
    reply->content_type = body ? "application/json; charset=utf-8" : NULL;
    answer_headers(request, rows_text(kept, 0, "headers"));
}

enum err replay_answer(struct request *request)
{
    struct rows kept;
    fault_reset(&request->fault);
    enum err err = find_kept(request, &kept);
    if (err == ERR_NOT_FOUND) { /* the one before us was purged meanwhile */
        fault_reset(&request->fault);
        return request_fail(request, ERR_RETRY, "idempotency-key-in-use", NULL);
    }
    if (err)
        return err;
    if (strcmp(rows_text(&kept, 0, "body_digest"), request->tx.idempotency.body_digest) != 0)
        return request_fail(request, ERR_INPUT, "idempotency-key-reused", NULL);
    const char *body = rows_text(&kept, 0, "body"), *members = rows_text(&kept, 0, "members");
    size_t length = body ? strlen(body) : 0;
    if (body && rows_bool(&kept, 0, "is_sealed", false))
        body = keys_open_with(&request->arena, request->idempotency_key, body, &length);
    if (!body && rows_text(&kept, 0, "body"))
        return fail_quietly(&request->fault, ERR_INTERNAL, "internal-error",
                            "a kept answer cannot be opened");
    if (members)
        err = answer_of_row(request, members, body);
    else
        answer_of_text(request, &kept, body, length);
    if (!err)
        reply_header(request, "Idempotency-Replayed", "true");
    return err;
}
