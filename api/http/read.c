#include "api/http/read.h"

#include "api/http/arrival.h"
#include "api/http/incoming.h"
#include "api/http/permit.h"
#include "api/http/query_string.h"
#include "api/http/sheet.h"

#include <stdlib.h>
#include <string.h>

enum { TAG_MORE = 16 /* digits of the column _etag */ };

static const char *header_of(const struct request *request, const char *name)
{
    return request->incoming->header(request->incoming, name);
}

static enum err read_if_match(struct request *request)
{
    if (!request->operation->needs_if_match)
        return ERR_NONE;
    const char *tag = header_of(request, "If-Match");
    if (!tag)
        return request_fail(request, ERR_INPUT, "precondition-required", NULL);
    char *end = NULL;
    bool is_number = tag[0] == '"' && tag[1] >= '1' && tag[1] <= '9';
    long long version = is_number ? strtoll(tag + 1, &end, 10) : 0;
    /* What was shown beside the record does not hinder its change. */
    if (is_number && *end == '.' && strspn(end + 1, "0123456789abcdef") == TAG_MORE)
        end += 1 + TAG_MORE;
    const char *suffix = request->if_match_suffix;
    bool is_ours = is_number && strncmp(end, suffix, strlen(suffix)) == 0 &&
                   strcmp(end + strlen(suffix), "\"") == 0;
    if (!is_ours)
        return request_fail(request, ERR_CONFLICT, "precondition-failed", NULL);
    request->scope.has_if_match = true;
    request->scope.if_match = version;
    return ERR_NONE;
}

/* The name stands for the file, so that the schema can ask for it. */
static enum err read_parts(struct request *request)
{
    const struct operation *operation = request->operation;
    json_t *fields;
    if (!request->incoming->arrival) /* there was no body, or Ulfius did not know its type */
        return request_fail(request, ERR_INPUT, "bad-request", "the body has no parts");
    enum err err = arrival_body(request->incoming->arrival, &request->fault, &fields);
    if (err)
        return err;
    json_t *body = json_deep_copy(fields);
    bool is_valid = schema_check(operation->body, &body, "#", SCHEMA_NORMALISE, &request->fault);
    request->body = arena_json(&request->arena, body);
    json_object_del(body, operation->file);
    return is_valid ? ERR_NONE : request_fail(request, ERR_INPUT, "validation-failed", NULL);
}

static json_t *parse_body(struct request *request)
{
    const struct incoming *incoming = request->incoming;
    if (!request->is_csv)
        return json_read(incoming->body, incoming->body_length, &request->fault);
    return sheet_read(request->operation->body, incoming->body, incoming->body_length,
                      &request->fault, &request->sheet);
}

static enum err read_body(struct request *request)
{
    const struct operation *operation = request->operation;
    const struct incoming *incoming = request->incoming;
    if (operation->file)
        return read_parts(request);
    if (!operation->body || (!incoming->body_length && !operation->body_is_required))
        return ERR_NONE;
    json_t *body = parse_body(request);
    if (!body)
        return request->fault.err ? request->fault.err
                                  : request_fail(request, ERR_INPUT, "malformed-json", NULL);
    bool is_valid = schema_check(operation->body, &body, "#", SCHEMA_NORMALISE, &request->fault);
    request->body = arena_json(&request->arena, body);
    return is_valid ? ERR_NONE : request_fail(request, ERR_INPUT, "validation-failed", NULL);
}

enum err read_input(struct request *request)
{
    enum err err = query_string_read(request);
    if (!err)
        err = read_if_match(request);
    if (!err)
        err = read_body(request);
    return err ? err : permit_input(request);
}
