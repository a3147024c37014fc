#include "api/http/gate.h"

#include "api/http/arrival.h"
#include "api/http/multipart.h"
#include "api/http/service.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *header_of(const struct request *request, const char *name)
{
    return request->incoming->header(request->incoming, name);
}

static bool list_has(const char *list, const char *item,
                     int (*compare)(const char *a, const char *b, size_t n))
{
    size_t length = strlen(item);
    for (const char *p = list; p && *p;) {
        p += strspn(p, ", ");
        size_t n = strcspn(p, ",");
        size_t used = n;
        while (used && p[used - 1] == ' ')
            used--;
        if (used && used == length && compare(p, item, length) == 0)
            return true;
        p += n;
    }
    return false;
}

bool gate_listed(const char *list, const char *item)
{
    return list_has(list, item, strncmp);
}

/* "type/subtype;q=0.5" against "type/subtype", "type/" + "*", "*" + "/" + "*", "*". */
static bool range_covers(const char *range, size_t length, const char *value)
{
    size_t used = strcspn(range, "; ,");
    if (used > length)
        used = length;
    if ((used == 1 && range[0] == '*') || (used == 3 && strncmp(range, "*/*", 3) == 0))
        return true;
    if (used >= 2 && strncmp(range + used - 2, "/*", 2) == 0)
        return strncasecmp(range, value, used - 1) == 0;
    return strlen(value) == used && strncasecmp(range, value, used) == 0;
}

static bool is_refused_by_weight(const char *range, size_t length)
{
    const char *q = memmem(range, length, "q=", 2);
    return q && strtod(q + 2, NULL) <= 0.0;
}

bool gate_accepts(const char *header, const char *value)
{
    if (!header)
        return true;
    bool is_accepted = false;
    for (const char *p = header; *p;) {
        p += strspn(p, ", ");
        size_t length = strcspn(p, ",");
        if (length && range_covers(p, length, value)) {
            if (is_refused_by_weight(p, length))
                return false;
            is_accepted = true;
        }
        p += length;
    }
    return is_accepted;
}

static enum err malformed(struct request *request, const char *pointer, const char *detail)
{
    fault_add(&request->fault, pointer, "malformed", "%s", detail);
    return request_fail(request, ERR_INPUT, "bad-request", "%s", detail);
}

static bool all_digits(const char *text)
{
    return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 19;
}

static enum err check_framing(struct request *request)
{
    if (request->incoming->has_bad_header)
        return malformed(request, "header:", "the headers are not well-formed");
    const char *length = header_of(request, "Content-Length");
    const char *coding = header_of(request, "Transfer-Encoding");
    if (length && !all_digits(length))
        return malformed(request, "header:Content-Length", "Content-Length is not one number");
    if (length && coding)
        return malformed(request, "header:Transfer-Encoding",
                         "Content-Length and Transfer-Encoding exclude each other");
    if (coding && strcasecmp(coding, "chunked") != 0)
        return malformed(request, "header:Transfer-Encoding", "only chunked is taken");
    const char *host = header_of(request, "Host");
    if (!host || !*host || strpbrk(host, ", \t/@"))
        return malformed(request, "header:Host", "there must be one Host");
    const char *allowed = request->service->options.allowed_hosts;
    if (allowed && *allowed && !list_has(allowed, host, strncasecmp))
        return malformed(request, "header:Host", "this host is not served here");
    return ERR_NONE;
}

enum err gate_message(struct request *request)
{
    const char *url = request->incoming->url;
    if (strlen(url) > URL_MAX)
        return request_fail(request, ERR_INPUT, "uri-too-long", NULL);
    return check_framing(request);
}

static bool media_type_is(const char *header, const char *type)
{
    size_t length = strlen(type);
    if (!header || strncasecmp(header, type, length) != 0)
        return false;
    const char *rest = header + length;
    rest += strspn(rest, " ;");
    return !*rest || strcasecmp(rest, "charset=utf-8") == 0 ||
           strcasecmp(rest, "charset=\"utf-8\"") == 0;
}

/* A file with text beside it. Asked twice: when the headers are in, and when the body is. */
static enum err check_parts(struct request *request)
{
    const struct service_options *options = &request->service->options;
    bool is_logo = request->operation->upload == UPLOAD_LOGO;
    size_t most = is_logo ? options->logo_max : options->upload_max;
    const char *length = header_of(request, "Content-Length");
    char boundary[MULTIPART_BOUNDARY_MAX + 1];
    if (length && strtoull(length, NULL, 10) > most + ARRIVAL_ROOM)
        return request_fail(request, ERR_INPUT, "payload-too-large", "a file may have %zu bytes",
                            most);
    if (header_of(request, "Content-Encoding") ||
        !multipart_boundary(header_of(request, "Content-Type"), boundary))
        return request_fail(request, ERR_INPUT, "unsupported-media-type",
                            "send multipart/form-data, not encoded");
    return ERR_NONE;
}

static enum err check_body(struct request *request)
{
    const struct operation *operation = request->operation;
    if (operation->file)
        return check_parts(request);
    const char *length = header_of(request, "Content-Length");
    size_t most = request->service->options.body_max;
    if ((length && strtoull(length, NULL, 10) > most) || request->incoming->body_length > most)
        return request_fail(request, ERR_INPUT, "payload-too-large", "a body may have %zu bytes",
                            most);
    if (!request->incoming->body_length && (!operation->body || !operation->body_is_required))
        return ERR_NONE;
    if (!operation->body)
        return malformed(request, "header:Content-Length", "this operation takes no body");
    const char *encoding = header_of(request, "Content-Encoding");
    const char *type = header_of(request, "Content-Type");
    bool is_taken =
        media_type_is(type, "application/json") ||
        (operation->takes_merge_patch && media_type_is(type, "application/merge-patch+json"));
    request->is_csv = operation->takes_csv && media_type_is(type, "text/csv");
    if (encoding || !(is_taken || request->is_csv))
        return request_fail(request, ERR_INPUT, "unsupported-media-type", "send %s, not encoded",
                            operation->takes_csv ? "application/json or text/csv"
                                                 : "application/json");
    return ERR_NONE;
}

enum err gate_content(struct request *request)
{
    enum err err = check_body(request);
    if (err)
        return err;
    const char *accept = header_of(request, "Accept");
    bool is_json = !request->operation->answers_other;
    if (is_json && !gate_accepts(accept, "application/json"))
        return request_fail(request, ERR_INPUT, "not-acceptable", "this answers application/json");
    return ERR_NONE;
}

const char *gate_client_address(const struct request *request)
{
    const char *proxies = request->service->options.trusted_proxies;
    const char *peer = request->incoming->peer;
    const char *forwarded = header_of(request, "X-Forwarded-For");
    if (!proxies || !*proxies || !forwarded || !gate_listed(proxies, peer))
        return peer;
    struct arena *arena = (struct arena *)(uintptr_t)&request->arena;
    for (const char *end = forwarded + strlen(forwarded); end > forwarded;) {
        const char *start = end;
        while (start > forwarded && start[-1] != ',')
            start--;
        size_t skip = strspn(start, " \t");
        char *hop = arena_copy_n(arena, start + skip, (size_t)(end - start) - skip);
        hop[strcspn(hop, " \t")] = '\0';
        if (strspn(hop, "0123456789abcdefABCDEF.:") != strlen(hop) || strlen(hop) > 45 || !*hop)
            return peer; /* a hop that is no address: nothing left of it can be believed */
        if (!gate_listed(proxies, hop))
            return hop;
        end = start > forwarded ? start - 1 : forwarded;
    }
    return peer;
}
