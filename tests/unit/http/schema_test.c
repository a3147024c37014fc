#include "api/http/schema.h"
#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

static json_t *parsed(struct arena *arena, const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);

    if (value == NULL)
        fail_msg("the test's own JSON is bad: %s in %s", error.text, text);
    return arena_json(arena, value);
}

static const struct schema *compiled(struct arena *arena, const char *text)
{
    struct fault fault = {.arena = arena};
    const struct schema *schema = NULL;

    if (schema_compile(arena, json_null(), parsed(arena, text), &fault, &schema) != ERR_NONE)
        fail_msg("refused: %s", fault.detail);
    return schema;
}

/* "pointer code, pointer code", or "" when nothing is wrong. */
static const char *flaws_text(struct arena *arena, const struct fault *fault)
{
    struct buf buf;

    buf_begin(&buf, arena, 256);
    for (size_t i = 0; i < fault->flaws_n; i++)
        buf_format(&buf, "%s%s %s", i > 0 ? ", " : "", fault->flaws[i].pointer,
                   fault->flaws[i].code);
    return buf.text;
}

static void assert_check(const char *schema, const char *value, const char *flaws)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    json_error_t error;
    json_t *checked = json_loads(value, JSON_DECODE_ANY, &error);

    assert_non_null(checked);
    bool is_good = schema_check(compiled(&arena, schema), &checked, "#", SCHEMA_NORMALISE, &fault);
    assert_string_equal(flaws_text(&arena, &fault), flaws);
    assert_int_equal(is_good, flaws[0] == '\0');
    json_decref(checked);
    arena_end(&arena);
}

static void assert_mode(enum schema_mode mode, const char *schema, const char *value,
                        const char *normal)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    json_t *checked = json_loads(value, JSON_DECODE_ANY, NULL);

    assert_non_null(checked);
    assert_true(schema_check(compiled(&arena, schema), &checked, "#", mode, &fault));
    if (!json_equal(checked, parsed(&arena, normal))) {
        char *text = json_dumps(checked, JSON_ENCODE_ANY);
        fail_msg("%s became %s, not %s", value, text, normal);
    }
    json_decref(checked);
    arena_end(&arena);
}

static void assert_normal(const char *schema, const char *value, const char *normal)
{
    assert_mode(SCHEMA_NORMALISE, schema, value, normal);
}

static void assert_refused(const char *schema, const char *sentence)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    const struct schema *out = NULL;

    assert_int_equal(
        schema_compile(&arena,
                       parsed(&arena, "{\"a\":{\"$ref\":\"#/b\"},\"b\":{\"$ref\":\"#/a\"}}"),
                       parsed(&arena, schema), &fault, &out),
        ERR_INTERNAL);
    assert_null(out);
    if (strstr(fault.detail, sentence) == NULL)
        fail_msg("'%s' does not say '%s'", fault.detail, sentence);
    arena_end(&arena);
}

#define OBJECT(members) "{\"type\":\"object\",\"additionalProperties\":false," members "}"
#define LINE(more) "{\"type\":\"string\",\"maxLength\":20" more "}"
#define OPTIONAL_LINE(more) "{\"type\":[\"string\",\"null\"],\"maxLength\":20" more "}"

static void every_fault_is_named_at_once(void **state)
{
    (void)state;
    static const char schema[] = OBJECT(
        "\"required\":[\"name\",\"age\",\"lines\"],\"properties\":{\"name\":{\"type\":\"string\","
        "\"maxLength\":3},\"age\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":9},\"lines\":{"
        "\"type\":\"array\",\"minItems\":1,\"maxItems\":2,\"items\":{\"type\":\"object\","
        "\"additionalProperties\":false,\"required\":[\"n\"],\"properties\":{\"n\":{\"type\":"
        "\"integer\"}}}}}");

    assert_check(schema, "{\"name\":\"abc\",\"age\":9,\"lines\":[{\"n\":1}]}", "");
    assert_check(schema, "{}", "#/name required, #/age required, #/lines required");
    assert_check(schema,
                 "{\"name\":\"abcd\",\"age\":10,\"lines\":[{\"n\":\"1\"},{}],\"a/b~\":null}",
                 "#/name too-long, #/age too-large, #/lines/0/n type, #/lines/1/n required, "
                 "#/a~1b~0 unknown-member");
    assert_check(schema, "{\"name\":\"abc\",\"age\":-1,\"lines\":[]}",
                 "#/age too-small, #/lines too-few-items");
    assert_check(schema, "{\"name\":\"abc\",\"age\":1,\"lines\":[1,2,3]}",
                 "#/lines too-many-items");
    assert_check(schema, "[]", "# type");
    assert_check(OBJECT("\"minProperties\":1"), "{}", "# too-few-members");
}

static void faults_stop_at_the_most_that_is_told(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    json_t *value = json_array();

    for (int i = 0; i < 50; i++)
        json_array_append_new(value, json_string("x"));
    assert_false(schema_check(
        compiled(&arena, "{\"type\":\"array\",\"maxItems\":99,\"items\":{\"type\":\"integer\"}}"),
        &value, "#", SCHEMA_CHECK, &fault));
    assert_int_equal(fault.flaws_n, FLAWS_MAX);
    json_decref(value);
    arena_end(&arena);
}

static void types_are_exact(void **state)
{
    (void)state;
    assert_check("{\"type\":\"integer\"}", "1", "");
    assert_check("{\"type\":\"integer\"}", "1.0", "# type");
    assert_check("{\"type\":\"integer\"}", "true", "# type");
    assert_check("{\"type\":\"integer\"}", "\"1\"", "# type");
    assert_check("{\"type\":\"number\"}", "1", "");
    assert_check("{\"type\":\"number\"}", "1.5", "");
    assert_check("{\"type\":\"boolean\"}", "false", "");
    assert_check("{\"type\":\"boolean\"}", "0", "# type");
    assert_check(LINE(), "null", "# type");
    assert_check(OPTIONAL_LINE(), "null", "");
    assert_check("{\"type\":\"integer\",\"maximum\":9007199254740993}", "9007199254740993", "");
    assert_check("{\"type\":\"integer\",\"maximum\":9007199254740992}", "9007199254740993",
                 "# too-large");
    assert_check("{\"type\":\"number\",\"minimum\":0.1}", "0.09", "# too-small");
}

static void lengths_count_code_points(void **state)
{
    (void)state;
    static const char three[] = "{\"type\":\"string\",\"minLength\":3,\"maxLength\":3}";

    assert_check(three, "\"abc\"", "");
    assert_check(three, "\"\\u0905\\u092e\\u0930\"", "");
    assert_check(three, "\"\\ud83d\\ude00\\ud83d\\ude00\\ud83d\\ude00\"", "");
    assert_check(three, "\"ab\"", "# too-short");
    assert_check(three, "\"abcd\"", "# too-long");
    assert_check(three, "\"  ab  \"", "# too-short");
}

static void text_is_stored_composed_and_trimmed(void **state)
{
    (void)state;
    assert_normal(LINE(), "\"  Asha \\u00a0 Rao \"", "\"Asha Rao\"");
    assert_normal(LINE(), "\"Jose\\u0301\"", "\"Jos\\u00e9\"");
    assert_normal(LINE(), "\"plain\"", "\"plain\"");
    assert_normal(LINE(), "\"a\\u3000b\\u2003\"", "\"a b\"");
    assert_normal(OPTIONAL_LINE(), "\"  \"", "null");
    assert_normal(OPTIONAL_LINE(), "\"\"", "null");
    assert_normal(LINE(), "\"\"", "\"\"");
    assert_normal(LINE(",\"x-text\":\"multiline\""), "\" a  b\\r\\nc\\rd\\n\"", "\"a  b\\nc\\nd\"");
    assert_normal(LINE(",\"x-text\":\"verbatim\""), "\" a  e\\u0301\\t \"", "\" a  e\\u0301\\t \"");
    assert_mode(SCHEMA_CHECK, OPTIONAL_LINE(), "\"  a  \"", "\"  a  \"");
    assert_mode(SCHEMA_CHECK, OPTIONAL_LINE(), "\"\"", "\"\"");
    assert_normal("{\"type\":\"array\",\"maxItems\":2,\"items\":" LINE() "}", "[\" a \",\"b\"]",
                  "[\"a\",\"b\"]");
}

static void control_characters_are_faults(void **state)
{
    (void)state;
    static const char multiline[] = LINE(",\"x-text\":\"multiline\"");

    assert_check(LINE(), "\"a\\tb\"", "# format");
    assert_check(LINE(), "\"a\\nb\"", "# format");
    assert_check(LINE(), "\"a\\u007f\"", "# format");
    assert_check(LINE(), "\"a\\u0085\"", "# format");
    assert_check(LINE(), "\"a\\u00a9\"", "");
    assert_check(multiline, "\"a\\tb\\n\"", "");
    assert_check(multiline, "\"a\\u001b[31m\"", "# format");
}

static void words_of_a_list_are_exact(void **state)
{
    (void)state;
    static const char schema[] = OPTIONAL_LINE(",\"enum\":[\"male\",\"female\",null]");

    assert_check(schema, "\"male\"", "");
    assert_check(schema, "null", "");
    assert_check(schema, "\"Male\"", "# enum");
    assert_check(schema, "\" male\"", "# enum");
    assert_check(schema, "\"\"", "# enum");
    assert_check(LINE(",\"const\":\"ok\""), "\"ok\"", "");
    assert_check(LINE(",\"const\":\"ok\""), "\"no\"", "# enum");
}

static void patterns_are_anchored_as_written_and_bounded(void **state)
{
    (void)state;
    static const char slug[] = LINE(",\"pattern\":\"^[a-z0-9]+(?:-[a-z0-9]+)*$\"");
    static const char bomb[] =
        "{\"type\":\"string\",\"maxLength\":200,\"pattern\":\"^(a+)+$\",\"x-text\":\"verbatim\"}";
    struct arena arena = {0};
    struct buf text;

    assert_check(slug, "\"lake-side\"", "");
    assert_check(slug, "\"lake--side\"", "# pattern");
    assert_check(LINE(",\"x-text\":\"verbatim\",\"pattern\":\"^a$\""), "\"a\\n\"", "# pattern");
    buf_begin(&text, &arena, 64);
    buf_char(&text, '"');
    for (int i = 0; i < 60; i++)
        buf_char(&text, 'a');
    buf_text(&text, "!\"");
    assert_check(bomb, text.text, "# pattern"); /* and not after years */
    arena_end(&arena);
}

static void formats_are_real(void **state)
{
    (void)state;
    static const struct {
        const char *format, *text;
        bool fits;
    } cases[] = {
        {"date", "2026-02-28", true},
        {"date", "2024-02-29", true},
        {"date", "2026-02-29", false},
        {"date", "2026-02-30", false},
        {"date", "1900-02-29", false},
        {"date", "2000-02-29", true},
        {"date", "2026-13-01", false},
        {"date", "2026-00-01", false},
        {"date", "2026-01-00", false},
        {"date", "0000-01-01", false},
        {"date", "26-01-01", false},
        {"date", "2026-1-1", false},
        {"date", "2026-01-01T", false},
        {"date-time", "2026-11-22T09:30:00Z", true},
        {"date-time", "2026-11-22T09:30:00.123456Z", true},
        {"date-time", "2026-11-22T09:30:00+05:30", true},
        {"date-time", "2026-11-22T24:00:00Z", false},
        {"date-time", "2026-11-22T09:60:00Z", false},
        {"date-time", "2026-11-22T09:30:00", false},
        {"date-time", "2026-11-22 09:30:00Z", false},
        {"date-time", "2026-11-22T09:30:00.Z", false},
        {"date-time", "2026-11-22T09:30:00ZZ", false},
        {"date-time", "2026-02-30T09:30:00Z", false},
        {"email", "asha.rao@lakeside.example", true},
        {"email", "asha+x@a-b.example", true},
        {"email", "asha", false},
        {"email", "@lakeside.example", false},
        {"email", "a@localhost", false},
        {"email", "a@b..example", false},
        {"email", "a@-b.example", false},
        {"email", "a@b-.example", false},
        {"email", "a..b@c.example", false},
        {"email", "a@b@c.example", false},
        {"email", "a b@c.example", false},
        {"uri", "https://lakeside.example", true},
        {"uri", "http://lakeside.example:8080/a?b=c#d", true},
        {"uri", "https://localhost/", true},
        {"uri", "javascript:alert(1)", false},
        {"uri", "https://", false},
        {"uri", "https:///path", false},
        {"uri", "https://a b.example", false},
        {"uri", "https://a.example/<x>", false},
        {"uri", "https://a.example:port", false},
        {"uuid", "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e47", true},
        {"uuid", "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e4", false},
        {"uuid", "019345f27c1a7d308a5e2f6b1c9d0e47", false},
    };
    struct arena arena = {0};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fault fault = {.arena = &arena};
        const struct schema *schema =
            compiled(&arena, arena_format(&arena,
                                          "{\"type\":\"string\",\"maxLength\":254,"
                                          "\"format\":\"%s\"}",
                                          cases[i].format));
        json_t *value = json_string(cases[i].text);
        if (schema_check(schema, &value, "#", SCHEMA_CHECK, &fault) != cases[i].fits)
            fail_msg("%s %s", cases[i].format, cases[i].text);
        json_decref(value);
    }
    arena_end(&arena);
}

static void defaults_fill_what_is_absent_and_only_that(void **state)
{
    (void)state;
    static const char schema[] =
        OBJECT("\"properties\":{\"all\":{\"type\":[\"boolean\",\"null\"],\"default\":false}}");

    assert_normal(schema, "{}", "{\"all\":false}");
    assert_normal(schema, "{\"all\":true}", "{\"all\":true}");
    assert_normal(schema, "{\"all\":null}", "{\"all\":null}");
    assert_mode(SCHEMA_CHECK, schema, "{}", "{}");
}

static void items_can_be_unique(void **state)
{
    (void)state;
    static const char schema[] = "{\"type\":\"array\",\"maxItems\":9,\"uniqueItems\":true,"
                                 "\"items\":{\"type\":\"integer\"}}";
    assert_check(schema, "[1,2,3]", "");
    assert_check(schema, "[1,2,1]", "# not-unique");
}

static void schemas_without_bounds_or_sense_do_not_compile(void **state)
{
    (void)state;
    assert_refused("{}", "type is missing");
    assert_refused("{\"type\":\"text\"}", "type is not one that is understood");
    assert_refused("{\"type\":[\"string\",\"integer\"]}", "one type, or one and null");
    assert_refused("{\"type\":\"string\"}", "maxLength is missing");
    assert_refused("{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}", "maxItems is missing");
    assert_refused("{\"type\":\"array\",\"maxItems\":1}", "items is missing");
    assert_refused("{\"type\":\"object\"}", "additionalProperties is missing");
    assert_refused("{\"type\":\"integer\",\"multipleOf\":3}", "multipleOf is not one");
    assert_refused("{\"type\":\"integer\",\"x-colour\":3}", "x-colour is not one");
    assert_refused(LINE(",\"format\":\"ipv4\""), "format is not one");
    assert_refused(LINE(",\"x-text\":\"loud\""), "x-text must be");
    assert_refused(LINE(",\"enum\":[\"a\",\"b\"],\"x-labels\":{\"en\":[\"A\",\"B\"],"
                        "\"hi\":[\"A\",\"B\"],\"mr\":[\"A\"]}"),
                   "x-labels must have one text a value");
    assert_refused(LINE(",\"pattern\":\"(\""), "pattern is no regular expression");
    assert_refused(LINE(",\"minLength\":-1"), "minLength must be a whole number");
    assert_refused(LINE(",\"x-permission\":\"a\""), "x-permission is for the members");
    assert_refused(OBJECT("\"required\":[\"a\"]"), "required names a member");
    assert_refused(OBJECT("\"properties\":{\"a\":{\"type\":\"null\",\"oneOf\":[]}}"),
                   "#/properties/a: the schema keyword oneOf");
    assert_refused("{\"type\":\"integer\",\"default\":\"x\"}", "default does not match");
    assert_refused("{\"$ref\":\"#/nowhere\"}", "$ref points nowhere");
    assert_refused("{\"$ref\":\"#/a\"}", "points to another $ref");
    assert_refused("{\"$ref\":\"#/nowhere\",\"maxLength\":3}", "does nothing beside a $ref");
}

static void a_schema_in_a_circle_does_not_compile(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    const struct schema *out = NULL;
    json_t *document = parsed(&arena, "{\"a\":{\"type\":\"array\",\"maxItems\":1,\"items\":"
                                      "{\"$ref\":\"#/a\"}}}");

    assert_int_equal(schema_compile(&arena, document, json_object_get(document, "a"), &fault, &out),
                     ERR_INTERNAL);
    assert_non_null(strstr(fault.detail, "in a circle"));
    arena_end(&arena);
}

static const char *text_checked(struct arena *arena, const char *schema, const char *text)
{
    struct fault fault = {.arena = arena};
    json_t *value = schema_check_text(compiled(arena, schema), text, "query:limit", &fault);

    if (value == NULL)
        return flaws_text(arena, &fault);
    char *dumped = json_dumps(arena_json(arena, value), JSON_ENCODE_ANY);
    const char *kept = arena_copy(arena, dumped);
    free(dumped);
    return kept;
}

static void parameters_become_what_the_schema_asks_for(void **state)
{
    (void)state;
    struct arena arena = {0};
    static const char limit[] = "{\"type\":\"integer\",\"minimum\":1,\"maximum\":200}";

    assert_string_equal(text_checked(&arena, limit, "50"), "50");
    assert_string_equal(text_checked(&arena, limit, "201"), "query:limit too-large");
    assert_string_equal(text_checked(&arena, limit, "-1"), "query:limit too-small");
    static const char *const odd[] = {
        "", "abc", "5x", " 5", "+5", "0x5", "05", "5.", "1e2", "99999999999999999999", "-", "5.0"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_string_equal(text_checked(&arena, limit, odd[i]), "query:limit type");
    assert_string_equal(text_checked(&arena, "{\"type\":\"boolean\"}", "true"), "true");
    assert_string_equal(text_checked(&arena, "{\"type\":\"boolean\"}", "1"), "query:limit type");
    assert_string_equal(text_checked(&arena, "{\"type\":\"number\"}", "1.5"), "1.5");
    assert_string_equal(text_checked(&arena, "{\"type\":\"number\"}", "nan"), "query:limit type");
    assert_string_equal(text_checked(&arena, LINE(), " Jose\xCC\x81 "), "\"Jos\xC3\xA9\"");
    assert_string_equal(text_checked(&arena, LINE(), "a\xFF"), "query:limit type");
    arena_end(&arena);
}

static void assert_read(const char *bytes, size_t length, const char *detail)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    json_t *value = json_read(bytes, length, &fault);

    if (detail == NULL) {
        if (value == NULL)
            fail_msg("refused %.60s: %s", bytes, fault.detail);
    } else {
        if (value != NULL || strstr(fault.detail, detail) == NULL)
            fail_msg("%.60s: %s, not %s", bytes, value ? "taken" : fault.detail, detail);
        assert_string_equal(fault.code, "malformed-json");
    }
    json_decref(value);
    arena_end(&arena);
}

static void json_is_read_strictly(void **state)
{
    (void)state;
    static const struct {
        const char *text, *detail;
    } cases[] = {
        {"{}", NULL},
        {" {\"a\": [1, -2.5e3, true, null, \"\\ud83d\\ude00\"]} \n", NULL},
        {"{\"a\":\"{[,\\\"\"}", NULL},
        {"", "ends too early"},
        {"[]", "must be a JSON object"},
        {"1", "must be a JSON object"},
        {"{", "ends too early"},
        {"{}x", "Something follows"},
        {"{}{}", "Something follows"},
        {"{\"a\":1,\"a\":2}", "given twice"},
        {"{\"a\":\"\\u0000\"}", "NUL"},
        {"{\"a\\u0000b\":1}", "NUL"},
        {"{\"a\":\"\xFF\"}", "UTF-8"},
        {"{\"a\":\"\xED\xA0\x80\"}", "UTF-8"},
        {"{\"a\":\"\\ud800\"}", "is not JSON"},
        {"{\"a\":NaN}", "is not JSON"},
        {"{\"a\":1e400}", "too large"},
        {"{\"a\":9223372036854775808}", "too large"},
        {"{\"a\":01}", "is not JSON"},
        {"{\"a\":1,}", "is not JSON"},
        {"{'a':1}", "is not JSON"},
        {"\xEF\xBB\xBF{}", "is not JSON"},
        {"{/**/}", "is not JSON"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_read(cases[i].text, strlen(cases[i].text), cases[i].detail);
    assert_read("{}\0", 3, "follows");
}

static void json_bombs_are_refused(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buf buf;

    for (int depth = 32; depth <= 33; depth++) {
        buf_begin(&buf, &arena, 128);
        buf_text(&buf, "{\"a\":");
        for (int i = 1; i < depth; i++)
            buf_char(&buf, '[');
        for (int i = 1; i < depth; i++)
            buf_char(&buf, ']');
        buf_char(&buf, '}');
        assert_read(buf.text, buf.length, depth > 32 ? "deeper than 32" : NULL);
    }
    for (int nodes = 10000; nodes <= 10001; nodes++) { /* the object and the array count too */
        buf_begin(&buf, &arena, 32768);
        buf_text(&buf, "{\"a\":[0");
        for (int i = 3; i < nodes; i++)
            buf_text(&buf, ",0");
        buf_text(&buf, "]}");
        assert_read(buf.text, buf.length, nodes > 10000 ? "more than 10000" : NULL);
    }
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_is_named_at_once),
        cmocka_unit_test(faults_stop_at_the_most_that_is_told),
        cmocka_unit_test(types_are_exact),
        cmocka_unit_test(lengths_count_code_points),
        cmocka_unit_test(text_is_stored_composed_and_trimmed),
        cmocka_unit_test(control_characters_are_faults),
        cmocka_unit_test(words_of_a_list_are_exact),
        cmocka_unit_test(patterns_are_anchored_as_written_and_bounded),
        cmocka_unit_test(formats_are_real),
        cmocka_unit_test(defaults_fill_what_is_absent_and_only_that),
        cmocka_unit_test(items_can_be_unique),
        cmocka_unit_test(schemas_without_bounds_or_sense_do_not_compile),
        cmocka_unit_test(a_schema_in_a_circle_does_not_compile),
        cmocka_unit_test(parameters_become_what_the_schema_asks_for),
        cmocka_unit_test(json_is_read_strictly),
        cmocka_unit_test(json_bombs_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
