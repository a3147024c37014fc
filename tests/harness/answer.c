#include "tests/harness/answer.h"

#include "db/uuid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <zlib.h>

/* ---- which operation ---- */

static size_t segment_length(const char *path)
{
    return strcspn(path, "/?");
}

/* How well a template fits: 0 not at all, else 1 + its static segments, so that /me wins over
 * /{id}. */
static int template_fit(const char *template, const char *path)
{
    int fit = 1;
    while (*template == '/' && *path == '/') {
        template ++;
        path++;
        size_t t = segment_length(template), p = segment_length(path);
        bool is_static = *template != '{';
        if (p == 0 || (is_static && (t != p || strncmp(template, path, t) != 0)))
            return 0;
        fit += is_static;
        template += t;
        path += p;
    }
    return *template == '\0' && (*path == '\0' || *path == '?') ? fit : 0;
}

static bool method_is(const struct operation *operation, const char *method)
{
    static const char *const names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    if (operation->method == METHOD_GET && strcmp(method, "HEAD") == 0)
        return true;
    return strcmp(names[operation->method], method) == 0;
}

const struct operation *operation_of(const struct document *document, const char *method,
                                     const char *path)
{
    const char *best =
        NULL; /* of all methods: a word beats a parameter, whatever may be done there */
    int best_fit = 0;
    for (size_t i = 0; i < document->operations_n; i++) {
        int fit = template_fit(document->operations[i].path, path);
        if (fit > best_fit) {
            best = document->operations[i].path;
            best_fit = fit;
        }
    }
    for (size_t i = 0; best && i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        if (strcmp(operation->path, best) == 0 && method_is(operation, method))
            return operation;
    }
    return NULL;
}

const struct response *response_of(const struct operation *operation, int status)
{
    for (size_t i = 0; i < operation->responses_n; i++)
        if (operation->responses[i].status == status)
            return &operation->responses[i];
    return NULL;
}

/* ---- headers ---- */

const char *answer_header(struct arena *arena, const struct answer *answer, const char *name,
                          int *n)
{
    const char *value = NULL;
    size_t length = strlen(name);
    int count = 0;
    for (const char *line = answer->head; line && *line; line = strstr(line, "\r\n")) {
        line += strncmp(line, "\r\n", 2) == 0 ? 2 : 0;
        if (strncasecmp(line, name, length) != 0 || line[length] != ':')
            continue;
        const char *from = line + length + 1 + strspn(line + length + 1, " \t");
        if (count++ == 0)
            value = arena_copy_n(arena, from, strcspn(from, "\r\n"));
    }
    if (n)
        *n = count;
    return value;
}

const char *answer_text(const struct answer *answer, const char *member)
{
    const char *text = json_string_value(json_object_get(answer->json, member));
    return text ? text : "";
}

const char *answer_code(const struct answer *answer)
{
    return answer_text(answer, "code");
}

/* ---- the verdict ---- */

struct judging {
    const struct document *document;
    struct arena *arena;
    const struct call *call;
    struct answer *answer;
};

/* The first flaw stands. */
static void flaw(struct judging *j, const char *text, const char *what)
{
    if (!j->answer->flaw)
        j->answer->flaw = arena_format(j->arena, "%s: %s", text, what ? what : "(none)");
}

static void header_is(struct judging *j, const char *name, const char *wanted)
{
    int n = 0;
    const char *value = answer_header(j->arena, j->answer, name, &n);
    if (!value || n != 1 || (wanted && strcmp(value, wanted) != 0))
        flaw(j, name, value);
}

static void header_is_absent(struct judging *j, const char *name)
{
    const char *value = answer_header(j->arena, j->answer, name, NULL);
    if (value)
        flaw(j, "a header that tells too much", name);
}

/* Pages and their parts have a policy of their own; everything else is tenant data. */
static bool is_page(const struct judging *j)
{
    const struct operation *operation = j->answer->operation;
    return operation && strncmp(operation->path, "/docs", 5) == 0 && j->answer->status < 400;
}

/* A file's bytes: an operation that gives ranges of them. */
static bool is_file(const struct judging *j)
{
    const struct operation *operation = j->answer->operation;
    int status = j->answer->status;
    return operation && (status == 200 || status == 206 || status == 304) &&
           response_of(operation, 206);
}

static const char *policy_of(const struct judging *j)
{
    const char *type = answer_header(j->arena, j->answer, "Content-Type", NULL);
    if (is_page(j) || (type && strncmp(type, "text/html", 9) == 0)) /* with styles of its own */
        return NULL;
    return is_file(j) ? "sandbox; default-src 'none'"
                      : "default-src 'none'; frame-ancestors 'none'";
}

static void judge_headers(struct judging *j)
{
    int status = j->answer->status;
    const char *id = answer_header(j->arena, j->answer, "X-Request-Id", NULL);
    header_is(j, "X-Request-Id", NULL);
    if (id && !uuid_is_valid(id))
        flaw(j, "X-Request-Id", id);
    header_is(j, "X-Content-Type-Options", "nosniff");
    header_is(j, "Referrer-Policy", "no-referrer");
    header_is(j, "Content-Security-Policy", policy_of(j));
    header_is(j, "Cache-Control", is_page(j) ? NULL : "no-store");
    header_is_absent(j, "Server");
    header_is_absent(j, "X-Powered-By");
    header_is_absent(j, "X-HTTP-Method-Override");
    if (status == 401)
        header_is(j, "WWW-Authenticate", NULL);
    if (status == 405)
        header_is(j, "Allow", NULL);
    if (status == 429 || status == 503)
        header_is(j, "Retry-After", NULL);
    if (status == 201)
        header_is(j, "Location", NULL);
}

/* Our own small gunzip: the client never asks curl to hide what came. */
static void unpack(struct judging *j)
{
    struct answer *answer = j->answer;
    const char *encoding = answer_header(j->arena, answer, "Content-Encoding", NULL);
    if (!encoding)
        return;
    z_stream stream = {.next_in = (unsigned char *)(uintptr_t)answer->body,
                       .avail_in = (unsigned)answer->length};
    unsigned char room[8192];
    struct buf out;
    buf_begin(&out, j->arena, sizeof room);
    int result = strcmp(encoding, "gzip") ? Z_DATA_ERROR : inflateInit2(&stream, 16 + MAX_WBITS);
    while (result == Z_OK) {
        stream.next_out = room;
        stream.avail_out = sizeof room;
        result = inflate(&stream, Z_NO_FLUSH);
        buf_add(&out, (const char *)room, sizeof room - stream.avail_out);
    }
    inflateEnd(&stream);
    if (result != Z_STREAM_END)
        flaw(j, "Content-Encoding", encoding);
    answer->body = out.text;
    answer->length = out.length;
}

static bool type_is(struct judging *j, const char *wanted)
{
    const char *type = answer_header(j->arena, j->answer, "Content-Type", NULL);
    size_t n = strlen(wanted);
    return type && strncasecmp(type, wanted, n) == 0 && (type[n] == '\0' || type[n] == ';');
}

static void judge_schema(struct judging *j, const struct schema *schema)
{
    struct fault fault = {.arena = j->arena};
    json_t *value = j->answer->json;
    if (schema_check(schema, &value, "#", SCHEMA_CHECK, &fault) || fault.flaws_n == 0)
        return;
    flaw(j, arena_format(j->arena, "against the schema at %s", fault.flaws[0].pointer),
         fault.flaws[0].detail);
}

/* In the language that the answer says it is in. */
static const char *title_of(struct judging *j, const struct problem *problem)
{
    const char *tag = answer_header(j->arena, j->answer, "Content-Language", NULL);
    enum language language = LANGUAGE_EN;
    if (!tag || !language_find(tag, strlen(tag), &language))
        flaw(j, "Content-Language", tag);
    const char *title = problem->titles[language];
    return title ? title : "(a title that the document does not have)";
}

static void judge_problem(struct judging *j)
{
    const struct answer *answer = j->answer;
    const struct problem *problem = document_problem(j->document, answer_code(answer));
    if (!type_is(j, "application/problem+json"))
        flaw(j, "a failure is a problem", "Content-Type");
    if (!problem || problem->status != answer->status)
        flaw(j, "code of the problem", answer_code(answer));
    else if (strcmp(title_of(j, problem), answer_text(answer, "title")) != 0)
        flaw(j, "title of the problem", answer_text(answer, "title"));
    if (json_integer_value(json_object_get(answer->json, "status")) != answer->status)
        flaw(j, "status in the problem", "is another");
    const char *id = answer_header(j->arena, answer, "X-Request-Id", NULL);
    if (!id || strcasecmp(id, answer_text(answer, "request_id")) != 0)
        flaw(j, "request_id in the problem", answer_text(answer, "request_id"));
}

static bool is_without_body(const struct judging *j)
{
    const char *method = j->call->method;
    return j->answer->status == 204 || j->answer->status == 304 ||
           (method && strcmp(method, "HEAD") == 0);
}

static void read_json(struct judging *j)
{
    struct answer *answer = j->answer;
    json_error_t error;
    if (!type_is(j, "application/json") && !type_is(j, "application/problem+json"))
        return;
    answer->json = arena_json(
        j->arena, json_loadb(answer->body, answer->length, JSON_REJECT_DUPLICATES, &error));
    if (!answer->json)
        flaw(j, "JSON", error.text);
}

/* What is documented where nothing of ours was found: shown by any operation's own 404. */
static const struct schema *problem_schema(const struct document *document)
{
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct response *response = response_of(&document->operations[i], 404);
        if (response)
            return response->schema;
    }
    return NULL;
}

/* The data of each event, against the schema. */
static void judge_events(struct judging *j, const struct schema *schema)
{
    static const char field[] = "\ndata: ";
    if (!type_is(j, "text/event-stream"))
        flaw(j, "a stream is text/event-stream", "Content-Type");
    for (const char *at = j->answer->body; (at = strstr(at, field));) {
        at += sizeof field - 1;
        j->answer->json =
            arena_json(j->arena, json_loadb(at, strcspn(at, "\n"), JSON_REJECT_DUPLICATES, NULL));
        if (j->answer->json)
            judge_schema(j, schema);
        else
            flaw(j, "data of an event", at);
    }
}

/* ---- what is no JSON ---- */

static json_t *resolved(const struct document *document, json_t *value)
{
    const char *ref = json_string_value(json_object_get(value, "$ref"));
    json_t *at = ref ? document->json : value;
    while (ref && (ref = strchr(ref, '/'))) {
        size_t n = strcspn(++ref, "/");
        at = json_object_getn(at, ref, n);
    }
    return at;
}

/* The media types of the documented answer; NULL: it has no body. */
static json_t *media_of(const struct judging *j)
{
    static const char *const names[METHOD_COUNT] = {"get", "post", "put", "patch", "delete"};
    const struct operation *operation = j->answer->operation;
    char status[16];
    snprintf(status, sizeof status, "%d", j->answer->status);
    json_t *path = json_object_get(json_object_get(j->document->json, "paths"), operation->path);
    json_t *source = json_object_get(path, names[operation->method]);
    json_t *response = json_object_get(json_object_get(source, "responses"), status);
    return json_object_get(resolved(j->document, response), "content");
}

/* Bytes say themselves what they are. */
static void judge_bytes(struct judging *j, const char *type)
{
    static const struct {
        const char *type, *begin;
    } kinds[] = {{"application/pdf", "%PDF-1."},
                 {"image/png", "\x89PNG\r\n\x1a\n"},
                 {"image/jpeg", "\xff\xd8\xff"},
                 {"text/html", "<!doctype html"}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        size_t n = strlen(kinds[i].begin);
        if (strncmp(type, kinds[i].type, strlen(kinds[i].type)) == 0 &&
            (j->answer->length < n || strncasecmp(j->answer->body, kinds[i].begin, n) != 0))
            flaw(j, "does not look like it", type);
    }
}

/* True: it was one, of a type that the document names. */
static bool judge_other(struct judging *j)
{
    const char *type = answer_header(j->arena, j->answer, "Content-Type", NULL), *name;
    json_t *media = media_of(j), *shape;
    if (!type || strncmp(type, "application/json", 16) == 0)
        return false;
    json_object_foreach(media, name, shape) if (type_is(j, name))
    {
        if (j->answer->status == 200)
            judge_bytes(j, type);
        return true;
    }
    flaw(j, "a media type that is not documented", type);
    return true;
}

/* The name of a file can say nothing but a name. */
static void judge_file(struct judging *j)
{
    static const char mark[] = "; filename*=UTF-8''";
    const char *named = answer_header(j->arena, j->answer, "Content-Disposition", NULL);
    const char *name = named ? strstr(named, mark) : NULL;
    size_t before = name ? (size_t)(name - named) : 0;
    name = name ? name + sizeof mark - 1 : "";
    bool is_kind = (before == 6 && strncmp(named, "inline", 6) == 0) ||
                   (before == 10 && strncmp(named, "attachment", 10) == 0);
    if (!is_kind || !*name ||
        name[strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz.-_%")])
        flaw(j, "Content-Disposition", named);
    header_is(j, "Accept-Ranges", "bytes");
    header_is(j, "ETag", NULL);
    if (j->answer->status == 206)
        header_is(j, "Content-Range", NULL);
    else if (answer_header(j->arena, j->answer, "Content-Range", NULL))
        flaw(j, "Content-Range", "of the whole");
}

static void judge_body(struct judging *j)
{
    struct answer *answer = j->answer;
    const struct response *response =
        answer->operation ? response_of(answer->operation, answer->status) : NULL;
    const struct schema *schema = response ? response->schema : NULL;
    if (answer->operation && !response)
        flaw(j, "undocumented status of", answer->operation->id);
    if (is_file(j))
        judge_file(j);
    if (is_without_body(j)) {
        if (answer->length)
            flaw(j, "a body where none belongs", answer->body);
        return;
    }
    unpack(j);
    read_json(j);
    if (answer->status >= 400)
        judge_problem(j);
    if (!answer->operation && answer->status >= 400)
        schema = problem_schema(j->document);
    if (schema && answer->operation && answer->operation->is_stream && answer->status == 200)
        judge_events(j, schema);
    else if (response && answer->status < 300 && judge_other(j))
        return;
    else if (schema && answer->json)
        judge_schema(j, schema);
    else if (schema)
        flaw(j, "no JSON in", answer->operation ? answer->operation->id : "an answer");
}

void answer_judge(const struct document *document, struct arena *arena, const struct call *call,
                  struct answer *answer)
{
    struct judging j = {document, arena, call, answer};
    const char *method = call->method ? call->method : "GET";
    answer->operation = operation_of(document, method, call->path);
    judge_headers(&j);
    if (strcmp(method, "OPTIONS") != 0)
        judge_body(&j);
}
