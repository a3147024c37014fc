#include "api/http/query_string.h"

#include "api/http/cursor.h"

#include <stdlib.h>
#include <string.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decoding with '+' as blank. NULL: bad escape, control byte. */
static char *decode(struct arena *arena, const char *bytes, size_t length)
{
    char *out = arena_take(arena, length + 1), *p = out;
    for (size_t i = 0; i < length; i++, p++) {
        if (bytes[i] == '%') {
            int high = i + 2 < length + 0 ? hex(bytes[i + 1]) : -1;
            int low = high >= 0 ? hex(bytes[i + 2]) : -1;
            if (i + 2 >= length || low < 0)
                return NULL;
            *p = (char)(high * 16 + low);
            i += 2;
        } else {
            *p = bytes[i] == '+' ? ' ' : bytes[i];
        }
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return NULL;
    }
    return out;
}

static void take(struct request *request, const char *name, const char *value)
{
    const struct operation *operation = request->operation;
    const char *pointer = arena_format(&request->arena, "query:%.60s", name);
    size_t i = 0;
    while (i < operation->query_n && strcmp(operation->query[i].name, name) != 0)
        i++;
    if (i == operation->query_n) {
        fault_add(&request->fault, pointer, "unknown-parameter", "is not known here");
        return;
    }
    size_t most = strcmp(name, "cursor") == 0 ? CURSOR_VALUE_MAX : QUERY_VALUE_MAX * 4;
    if (request->query[i])
        fault_add(&request->fault, pointer, "repeated-parameter", "is given more than once");
    else if (strlen(value) > most)
        fault_add(&request->fault, pointer, "too-long", "is too long");
    else
        request->query[i] =
            arena_json(&request->arena, schema_check_text(operation->query[i].schema, value,
                                                          pointer, &request->fault));
}

static void split(struct request *request)
{
    for (const char *p = request->raw_query; p && *p;) {
        size_t length = strcspn(p, "&"), name_length = strcspn(p, "=&");
        bool has_value = name_length < length;
        char *name = decode(&request->arena, p, name_length);
        char *value = has_value
                          ? decode(&request->arena, p + name_length + 1, length - name_length - 1)
                          : arena_copy(&request->arena, "");
        if (!name || !value || !*name)
            fault_add(&request->fault, "query:", "malformed-parameter", "cannot be decoded");
        else
            take(request, name, value);
        p += length + (p[length] == '&');
    }
}

static void check_required(struct request *request)
{
    const struct operation *operation = request->operation;
    for (size_t i = 0; i < operation->query_n; i++) {
        const struct parameter *parameter = &operation->query[i];
        if (parameter->is_required && !request->query[i])
            fault_add(&request->fault, arena_format(&request->arena, "query:%s", parameter->name),
                      "required", "is missing");
    }
}

/* What the cursor is bound to: every filter and the sort, in the document's order. */
static const char *canonical(struct request *request)
{
    static const char *const paging[] = {"limit", "cursor", "count", NULL};
    struct buf out;
    buf_begin(&out, &request->arena, 128);
    for (size_t i = 0; i < request->operation->query_n; i++) {
        const char *name = request->operation->query[i].name;
        bool is_paging = false;
        for (const char *const *p = paging; *p; p++)
            is_paging = is_paging || strcmp(*p, name) == 0;
        const char *value = is_paging ? NULL : request_query(request, name);
        if (value)
            buf_format(&out, "%s=%zu:%s&", name, strlen(value), value);
    }
    return out.text;
}

static enum err read_page(struct request *request)
{
    struct page *page = &request->scope.page;
    const char *limit = request_query(request, "limit");
    const char *count = request_query(request, "count");
    const char *cursor = request_query(request, "cursor");
    bool has_search = document_parameter(request->operation, "q") && request_query(request, "q");
    page->limit = limit ? atoi(limit) : 50;
    page->count = count != NULL;
    if (document_parameter(request->operation, "sort") && !has_search)
        page->sort = request_query(request, "sort");
    if (has_search && request_has_query(request, "sort")) {
        fault_add(&request->fault, "query:sort", "conflict", "has no meaning together with q");
        return request_fail(request, ERR_INPUT, "malformed-parameter", NULL);
    }
    return cursor ? cursor_read(request, cursor) : ERR_NONE;
}

enum err query_string_read(struct request *request)
{
    const struct operation *operation = request->operation;
    request->query = arena_array(&request->arena, json_t *, operation->query_n + 1);
    split(request);
    check_required(request);
    if (request->fault.flaws_n) {
        const char *first = request->fault.flaws[0].code;
        bool is_named =
            strcmp(first, "unknown-parameter") == 0 || strcmp(first, "repeated-parameter") == 0;
        return request_fail(request, ERR_INPUT, is_named ? first : "malformed-parameter", NULL);
    }
    request->filters = canonical(request);
    return operation->is_list ? read_page(request) : ERR_NONE;
}
