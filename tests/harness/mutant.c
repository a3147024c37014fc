#include "tests/harness/mutant.h"

#include "tests/harness/die.h"
#include "tests/harness/mutant_parts.h"
#include "tests/harness/raw.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* xorshift64*: enough to be different every time, and the same again. */
static uint32_t roll(struct mutant *m, uint32_t below)
{
    m->state ^= m->state >> 12;
    m->state ^= m->state << 25;
    m->state ^= m->state >> 27;
    return (uint32_t)((m->state * UINT64_C(2685821657736338717)) >> 33) % below;
}

uint32_t mutant_roll(struct mutant *m, uint32_t n)
{
    return roll(m, n);
}

static const char *pick(struct mutant *m, const char *const *from, size_t n)
{
    return from[roll(m, (uint32_t)n)];
}

#define PICK(m, array) pick((m), (array), COUNT(array))

/* --- the document --------------------------------------------------------------------------- */

static json_t *resolve(const struct mutant *m, json_t *schema)
{
    const char *ref;
    while (schema && (ref = json_string_value(json_object_get(schema, "$ref")))) {
        json_t *at = m->document->json;
        for (const char *p = ref + 1; *p == '/';) {
            char name[100];
            size_t n = strcspn(p + 1, "/");
            if (n >= sizeof name)
                die("%s is too long", ref);
            memcpy(name, p + 1, n);
            name[n] = '\0';
            at = json_object_get(at, name);
            p += 1 + n;
        }
        schema = at;
    }
    return schema;
}

static json_t *operation_json(const struct mutant *m, const struct operation *operation)
{
    static const char *const names[METHOD_COUNT] = {"get", "post", "put", "patch", "delete"};
    return json_object_get(
        json_object_get(json_object_get(m->document->json, "paths"), operation->path),
        names[operation->method]);
}

static json_t *body_schema(const struct mutant *m, const struct operation *operation)
{
    json_t *body = resolve(m, json_object_get(operation_json(m, operation), "requestBody"));
    json_t *content = json_object_get(body, "content");
    json_t *media =
        json_object_get(content, operation->file ? "multipart/form-data" : "application/json");
    return resolve(m, json_object_get(media, "schema"));
}

/* The schema's own example of each member; a new reference. */
static json_t *good_value(struct mutant *m, json_t *schema)
{
    schema = resolve(m, schema);
    json_t *example = json_array_get(json_object_get(schema, "examples"), 0);
    if (!example)
        example = json_array_get(json_object_get(schema, "enum"), 0);
    if (example)
        return json_deep_copy(example);
    json_t *properties = json_object_get(schema, "properties"), *member, *made = NULL;
    const char *name;
    if (!properties)
        return json_string("x");
    made = json_object();
    json_object_foreach(properties, name, member)
    {
        json_object_set_new(made, name, good_value(m, member));
    }
    return made;
}

/* --- bad values ----------------------------------------------------------------------------- */

static const char *const any_values[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "1",
    "-0.0",
    "0.5",
    "1e308",
    "-1e308",
    "1e400",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "2147483648",
    "99999999999999999999999999",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "{\"a\":1}",
    "\"\"",
    "\" \"",
    "\"x\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"\\uffff\"",
    "\"\\u202e\"",
    "\"\xff\xfe\"",
    "\"\xc0\x80\"",
    "\"\xed\xa0\x80\"",
    "\"\xf4\x90\x80\x80\"",
    "\"\xe2\x80\"",
    "\"\xf0\x9f\x91\xa9\xe2\x80\x8d\xe2\x9a\x95\"",
    "\"\\r\\n\"",
    "\"\\u001b[31m\"",
    "\"\\u0085\"",
    "\"\x01\"",
    "\"\n\"",
    "\"'; DROP TABLE clinicd.patient; --\"",
    "\"%s%n%x\"",
    "\"../../etc/passwd\"",
    "\"<script>\"",
    "\"2026-02-30\"",
    "\"0000-01-01\"",
    "\"0001-01-01\"",
    "\"9999-12-31\"",
    "\"2026-11-22T24:00:00Z\"",
    "\"infinity\"",
    "\"now\"",
    "\"epoch\"",
    "\"-infinity\"",
    "\"NaN\"",
    "NaN",
    "Infinity",
    "nul",
    "'x'",
    "\"a@b\"",
    "\"a@b.example\"",
    "\"+\"",
    "\"+91 80 5550 0171\"",
    "\"00000000-0000-0000-0000-000000000000\"",
    "\"0190A000-0000-7000-8000-AA0000000102\"",
    "\"javascript:alert(1)\"",
    "\"https://\"",
    "\"http://a:99999/\"",
    "\"{}\"",
    "\"{1,2}\"",
    "\"\\\\\"",
    "\"\\\"\"",
    "\"\\x\"",
    "\"",
};

static const char *long_string(struct mutant *m, struct arena *arena, size_t length)
{
    static const char *const letters[] = {"x", "\xc3\xa9",  "\xf0\x9f\x98\x80",
                                          " ", "e\xcc\x81", "9"};
    const char *letter = PICK(m, letters);
    struct buf out;
    buf_begin(&out, arena, length * 4 + 3);
    buf_char(&out, '"');
    for (size_t i = 0; i < length; i++)
        buf_text(&out, letter);
    buf_char(&out, '"');
    return out.text;
}

/* Just past what the schema permits, where it says so; else anything. */
static const char *bad_value(struct mutant *m, struct arena *arena, json_t *schema)
{
    schema = resolve(m, schema);
    json_t *longest = json_object_get(schema, "maxLength"),
           *least = json_object_get(schema, "minimum"), *most = json_object_get(schema, "maximum");
    switch (roll(m, 5)) {
    case 0:
        if (longest)
            return long_string(m, arena, (size_t)json_integer_value(longest) + roll(m, 3));
        break;
    case 1:
        if (least)
            return arena_format(arena, "%g", json_number_value(least) - 1 + roll(m, 3) * 0.5);
        break;
    case 2:
        if (most)
            return arena_format(arena, "%.17g", json_number_value(most) + 1 - roll(m, 3) * 0.5);
        break;
    default:
        break;
    }
    return PICK(m, any_values);
}

/* --- bodies --------------------------------------------------------------------------------- */

static void add_nested(struct buf *out, int depth)
{
    for (int i = 0; i < depth; i++)
        buf_text(out, i % 2 ? "[" : "{\"a\":");
    buf_text(out, "1");
    for (int i = depth; i-- > 0;)
        buf_text(out, i % 2 ? "]" : "}");
}

static void add_random(struct mutant *m, struct buf *out)
{
    for (uint32_t i = 0, n = roll(m, 400); i < n; i++)
        buf_char(out, (char)roll(m, 256));
}

/* A body of members as text, so that it can be wrong in ways that no JSON library writes. */
static void add_members(struct mutant *m, struct buf *out, json_t *schema, bool is_bad)
{
    json_t *properties = json_object_get(schema, "properties"), *member;
    size_t n = json_object_size(properties), at = 0;
    size_t wrong = is_bad && n ? roll(m, (uint32_t)n) : SIZE_MAX, kind = roll(m, 8);
    const char *name, *separator = "{";
    json_object_foreach(properties, name, member)
    {
        bool is_wrong = at++ == wrong;
        if ((is_wrong && kind == 0) || (!is_wrong && roll(m, 6) == 0))
            continue;
        json_t *good = good_value(m, member);
        char *text = json_dumps(good, JSON_COMPACT | JSON_ENCODE_ANY);
        const char *value = is_wrong && kind > 1 ? bad_value(m, out->arena, member) : text;
        buf_format(out, "%s\"%s\":%s", separator, name, value);
        separator = ",";
        if (is_wrong && kind == 1)
            buf_format(out, ",\"%s\":%s", name, text); /* twice */
        free(text);
        json_decref(good);
    }
    if (*separator == '{')
        buf_char(out, '{');
    if (is_bad && roll(m, 10) == 0)
        buf_format(out, "%s\"%s\":%s", *separator == '{' ? "" : ",",
                   PICK(m, ((const char *const[]){"clinic_id", "__proto__", "", "id", "version",
                                                  "\\u0000", "\xff"})),
                   PICK(m, any_values));
    buf_char(out, '}');
}

static const char *body_text(struct mutant *m, struct arena *arena, json_t *schema, size_t *length)
{
    struct buf out;
    buf_begin(&out, arena, 1024);
    switch (roll(m, 20)) {
    case 0:
        add_random(m, &out);
        break;
    case 1:
        add_nested(&out, 30 + (int)roll(m, 6));
        break;
    case 2:
        buf_text(&out, PICK(m, any_values));
        break;
    case 3:
        add_members(m, &out, schema, false);
        out.length -= roll(m, (uint32_t)out.length); /* cut */
        break;
    case 4:
        add_members(m, &out, schema, false);
        buf_text(&out, PICK(m, any_values)); /* too much */
        break;
    case 5:
        add_members(m, &out, schema, false);
        out.text[roll(m, (uint32_t)out.length)] = (char)roll(m, 256);
        break;
    case 6:
        add_members(m, &out, schema, roll(m, 3) == 0);
        break;
    default:
        add_members(m, &out, schema, true);
    }
    *length = out.length;
    return out.text;
}

/* --- paths and queries ---------------------------------------------------------------------- */

static const char *const bad_segments[] = {
    "nobody",
    "a",
    "",
    ".",
    "..",
    "%2e%2e",
    "%2f",
    "%5c",
    "%00",
    "x%00",
    "%zz",
    "%",
    "%f",
    "%ff",
    "%c0%af",
    "%ed%a0%80",
    "Clinic-A",
    "clinic_a",
    "-clinic",
    "clinic-",
    "clinic--a",
    "importing",
    "clinic-i",
    "clinic-s",
    "clinic-n",
    "0",
    "-1",
    "1",
    "99999999999999999999",
    "null",
    "undefined",
    "0190a000-0000-7000-8000-aa000000010",
    "0190A000-0000-7000-8000-AA0000000102",
    "{0190a000-0000-7000-8000-aa0000000102}",
    "0190a000000070008000aa0000000102",
    "0190a000-0000-7000-8000-bb0000000102",
    "0190a000-0000-7000-8000-aa0000000102%20",
    "%20",
    "a;b=c",
    "a,b",
    "a+b",
    "*",
    "$(id)",
    "'",
    "%0d%0aX:%20y",
};

static void add_path(struct mutant *m, struct buf *out, const struct operation *operation,
                     bool is_bad)
{
    bool closes = strcmp(operation->id, "clinics_deactivate") == 0 ||
                  strcmp(operation->id, "clinics_set_subscription") == 0 ||
                  strcmp(operation->id, "clinics_update") == 0;
    for (const char *p = operation->path; *p;) {
        size_t n = strcspn(p + 1, "/") + 1;
        if (p[1] != '{')
            buf_add(out, p, n);
        else if (is_bad && roll(m, 2))
            buf_format(out, "/%s", PICK(m, bad_segments));
        else if (strncmp(p, "/{slug}", n) == 0)
            buf_format(out, "/%s", closes ? m->tokens->victim : m->tokens->slug);
        else {
            buf_char(out, '/');
            records_value(out, m->tokens->records, operation->path,
                          (size_t)(p + 1 - operation->path), m->tokens->home, roll(m, 3));
        }
        p += n;
    }
    if (is_bad && roll(m, 4) == 0)
        buf_format(out, "/%s", PICK(m, bad_segments));
}

static void add_query(struct mutant *m, struct buf *out, const struct operation *operation)
{
    static const char *const names[] = {"nonsense", "Limit",  "limit%00",  "%6cimit",
                                        "limit",    "cursor", "sort",      "q",
                                        "",         "%ff",    "clinic_id", "count"};
    static const char *const values[] = {
        "",
        "0",
        "-1",
        "1",
        "200",
        "201",
        "1.5",
        "1e3",
        "+1",
        "%201",
        "01",
        "0x10",
        "99999999999999999999",
        "abc",
        "%00",
        "a%00b",
        "%",
        "%zz",
        "%ff",
        "%c0%af",
        "%f0%9f%98%80%f0%9f%98%80",
        "true",
        "TRUE",
        "false",
        "exact",
        "name",
        "-name",
        "name%20asc",
        "2026-02-30",
        "2026-11-22",
        "0000-00-00",
        "9999-12-31",
        "infinity",
        "%27%3b--",
        "a%25b",
        "a_b",
        "%5c%5c",
        "%5c",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "!!!!",
        "%0d%0a",
        "%e2%80%ae",
        "a=b",
        "=",
        "[]",
        "{}",
        "kulk%20meer",
        "+91+80+5550",
        "PT-2026-00001",
        "%25%25%25",
        "((((((((",
        "a:*",
        "a%26b%7cc",
        "%21%21",
        "0190a000-0000-7000-8000-aa0000000102",
        "male",
        "registered",
        "admin"};
    char separator = '?';
    for (uint32_t i = 0, n = 1 + roll(m, 3); i < n; i++) {
        bool is_own = operation->query_n && roll(m, 4);
        const char *name =
            is_own ? operation->query[roll(m, (uint32_t)operation->query_n)].name : PICK(m, names);
        buf_format(out, "%c%s", separator, name);
        if (roll(m, 12))
            buf_format(out, "=%s", PICK(m, values));
        if (roll(m, 60) == 0)
            for (int k = 0; k < 900; k++)
                buf_text(out, "x");
        separator = roll(m, 40) ? '&' : '?';
    }
}

/* --- headers -------------------------------------------------------------------------------- */

static const char *token_of(struct mutant *m, const struct operation *operation)
{
    static const char *const bad[] = {"",
                                      "x",
                                      "ca_",
                                      "ca_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "pa_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
                                      "ca_%00",
                                      "\xff\xff",
                                      "null",
                                      "a b c",
                                      "eyJhbGciOiJub25lIn0.e30."};
    bool ends_session = strstr(operation->id, "logout") || strstr(operation->id, "password");
    switch (roll(m, 10)) {
    case 0:
        return NULL;
    case 1:
        return PICK(m, bad);
    case 2:
        return ends_session ? NULL : m->tokens->of_platform;
    default:
        return ends_session           ? NULL
               : operation->in_clinic ? m->tokens->of_clinic
                                      : m->tokens->of_platform;
    }
}

static void add_headers(struct mutant *m, struct call *call, const struct operation *operation,
                        struct arena *arena)
{
    static const char *const tags[] = {"\"1\"",
                                       "\"2\"",
                                       "\"3\"",
                                       "*",
                                       "",
                                       "1",
                                       "W/\"1\"",
                                       "\"0\"",
                                       "\"-1\"",
                                       "\"1",
                                       "\"1\", \"2\"",
                                       "\"99999999999999999999\"",
                                       "\"1-doctor\"",
                                       "\"\xff\"",
                                       "\"a\""};
    static const char *const others[] = {"Idempotency-Key: ",
                                         "Idempotency-Key: a b",
                                         "Idempotency-Key: \xff",
                                         "If-None-Match: *",
                                         "If-None-Match: \"1\"",
                                         "If-None-Match: W/\"1\",",
                                         "If-None-Match: ,,,",
                                         "Accept: text/html",
                                         "Accept: */*;q=x",
                                         "Accept: ,",
                                         "Accept-Encoding: gzip",
                                         "Accept-Encoding: gzip;q=0",
                                         "Accept-Encoding: ,;q=,*",
                                         "X-Request-Id: x",
                                         "X-Request-Id: 0190a000-0000-7000-8000-aa0000000102",
                                         "X-Request-Id: %0d%0a",
                                         "Authorization: Basic YTpi",
                                         "Cookie: a=b; c; =d;;",
                                         "Range: bytes=0-1",
                                         "Content-Encoding: gzip",
                                         "X-Forwarded-For: 1.2.3.4",
                                         "Origin: null",
                                         "Expect: nonsense",
                                         "If-Modified-Since: nonsense",
                                         "Upgrade: h2c",
                                         "TE: x",
                                         "Content-Language: \xc3\xa9",
                                         "Prefer: x",
                                         "Accept-Charset: x",
                                         "User-Agent: \xff\xfe"};
    int n = 0;
    if (operation->needs_if_match && roll(m, 8))
        call->if_match = roll(m, 3) ? "\"1\"" : PICK(m, tags);
    if (operation->is_idempotent && roll(m, 3) == 0)
        call->headers[n++] = arena_format(arena, "Idempotency-Key: %u", roll(m, 1000000));
    if (roll(m, 5) == 0)
        call->headers[n++] = PICK(m, others);
}

void mutant_next(struct mutant *m, struct buf *out, struct call *call)
{
    static const char *const names[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    static const char *const types[] = {"text/plain",
                                        "application/json; charset=utf-16",
                                        "",
                                        "application/merge-patch+json",
                                        "multipart/form-data; boundary=x",
                                        "application/x-www-form-urlencoded"};
    const struct operation *operation =
        &m->document->operations[roll(m, (uint32_t)m->document->operations_n)];
    struct arena *arena = out->arena;
    struct buf path;
    json_t *schema = body_schema(m, operation);
    buf_begin(&path, arena, 256);
    add_path(m, &path, operation, roll(m, 6) == 0);
    if (roll(m, operation->is_list ? 2 : 12) == 0)
        add_query(m, &path, operation);
    *call = (struct call){
        .method = names[operation->method], .path = path.text, .token = token_of(m, operation)};
    bool is_form = operation->file && roll(m, 10);
    if (is_form) {
        json_t *good = arena_json(arena, good_value(m, schema));
        mutant_parts(m, arena, operation, good, call);
    } else if ((schema && roll(m, 20)) || (!schema && roll(m, 20) == 0))
        call->body = body_text(m, arena, schema, &call->body_length);
    if (call->body && !call->body_length)
        call->body = NULL; /* an empty one is none */
    if (call->body && !is_form && roll(m, 20) == 0)
        call->type = PICK(m, types);
    add_headers(m, call, operation, arena);
    raw_write(out, call);
}
