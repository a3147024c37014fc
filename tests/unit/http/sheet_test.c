#include "api/http/sheet.h"
#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define LIST(items)                                                                                \
    "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"pets\":{\"type\":"      \
    "\"array\",\"minItems\":1,\"maxItems\":3,\"items\":" items "}}}"
#define PET                                                                                        \
    "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"name\"],\"properties\":{" \
    "\"name\":{\"type\":\"string\",\"maxLength\":9},"                                              \
    "\"age\":{\"type\":[\"integer\",\"null\"],\"minimum\":1},"                                     \
    "\"is_wild\":{\"type\":\"boolean\"},"                                                          \
    "\"foods\":{\"type\":\"array\",\"maxItems\":3,\"items\":{\"type\":\"string\","                 \
    "\"minLength\":1,\"maxLength\":9}}}}"

struct read {
    struct arena arena;
    struct fault fault;
    const struct schema *schema;
    const struct sheet *sheet;
    char *json; /* NULL: not read */
};

static const struct schema *compiled(struct arena *arena, const char *text)
{
    struct fault fault = {.arena = arena};
    const struct schema *schema = NULL;
    json_t *source = arena_json(arena, json_loads(text, 0, NULL));
    if (schema_compile(arena, json_null(), source, &fault, &schema) != ERR_NONE)
        fail_msg("refused: %s", fault.detail);
    return schema;
}

static void read_bytes(struct read *read, const char *bytes, size_t length)
{
    *read = (struct read){0};
    read->fault.arena = &read->arena;
    read->schema = compiled(&read->arena, LIST(PET));
    json_t *body = sheet_read(read->schema, bytes, length, &read->fault, &read->sheet);
    if (!body)
        return;
    (void)schema_check(read->schema, &body, "#", SCHEMA_NORMALISE, &read->fault);
    char *text = json_dumps(body, JSON_COMPACT);
    read->json = arena_copy(&read->arena, text);
    free(text);
    json_decref(body);
}

static void assert_read(const char *csv, const char *json)
{
    struct read read;
    read_bytes(&read, csv, strlen(csv));
    assert_int_equal(read.fault.flaws_n, 0);
    assert_non_null(read.json);
    assert_string_equal(read.json, json);
    arena_end(&read.arena);
}

/* "place code, place code". */
static void assert_flaws(const char *csv, const char *expected)
{
    struct read read;
    struct buf text;
    read_bytes(&read, csv, strlen(csv));
    buf_begin(&text, &read.arena, 256);
    for (size_t i = 0; i < read.fault.flaws_n; i++) {
        const char *pointer = read.fault.flaws[i].pointer;
        if (read.sheet)
            pointer = sheet_place(read.sheet, pointer, &read.arena);
        buf_format(&text, "%s%s %s", i ? ", " : "", pointer, read.fault.flaws[i].code);
    }
    assert_string_equal(text.text, expected);
    arena_end(&read.arena);
}

static void assert_no_csv(const char *bytes, size_t length, const char *detail)
{
    struct read read;
    read_bytes(&read, bytes, length);
    assert_null(read.json);
    assert_int_equal(read.fault.err, ERR_INPUT);
    assert_string_equal(read.fault.code, "malformed-csv");
    assert_string_equal(read.fault.detail, detail);
    arena_end(&read.arena);
}

static void a_line_is_an_element_and_a_cell_a_member_of_its_type(void **state)
{
    (void)state;
    assert_read("name,age,is_wild,foods\nRex,3,false,bones;rice\nKaa,,true,\n",
                "{\"pets\":[{\"name\":\"Rex\",\"age\":3,\"is_wild\":false,\"foods\":[\"bones\","
                "\"rice\"]},{\"name\":\"Kaa\",\"is_wild\":true}]}");
    assert_read("age,name\n,Rex\n", "{\"pets\":[{\"name\":\"Rex\"}]}");
}

static void files_of_every_system_are_read(void **state)
{
    (void)state;
    static const char *const files[] = {
        "name,age\nRex,3\nKaa,4",
        "name,age\r\nRex,3\r\nKaa,4\r\n",
        "name,age\rRex,3\rKaa,4\r",
        "\xef\xbb\xbfname,age\nRex,3\nKaa,4\n",
        "\n\nname,age\n\n,\nRex,3\n \n\"\",\"\"\nKaa,4\n\n",
        "\"name\" , \"age\"\n \"Rex\" ,3\nKaa, 4 \n",
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_read(files[i], "{\"pets\":[{\"name\":\"Rex\",\"age\":3},"
                              "{\"name\":\"Kaa\",\"age\":4}]}");
}

static void quotes_embrace_commas_quotes_and_ends_of_lines(void **state)
{
    (void)state;
    assert_read("name,foods\n\"R, \"\"x\"\"\",\"a;b\"\n", "{\"pets\":[{\"name\":\"R, \\\"x\\\"\","
                                                          "\"foods\":[\"a\",\"b\"]}]}");
    assert_flaws("name,age\n\"R\r\nx\",0\n\"a\nb\nc\",x\nok,0\n",
                 "line:2:name format, line:2:age too-small, line:4:name format, "
                 "line:4:age type, line:7:age too-small");
}

static void every_fault_has_its_line_and_column(void **state)
{
    (void)state;
    assert_flaws("name,age,is_wild,foods\n"
                 ",0,yes,a;;b\n"
                 "\n"
                 "a name too long,1.5,TRUE,a;b;c;d\n",
                 "line:2:age too-small, line:2:is_wild type, line:2:foods too-short, "
                 "line:2:name required, line:4:name too-long, line:4:age type, "
                 "line:4:is_wild type, line:4:foods too-many-items");
    assert_flaws("name,age\nRex\nRex,1,2\n", "line:2 too-few-members, line:3 too-many-members");
}

static void the_first_line_names_each_column_once_and_none_else(void **state)
{
    (void)state;
    assert_flaws("name,colour,Name\nRex,red,x\n",
                 "line:1:colour unknown-member, line:1:Name unknown-member");
    assert_flaws("\nname,name\nRex,Rex\n", "line:2:name not-unique");
    assert_flaws("age\n3\n", "line:1:name required");
    assert_flaws("name;age\nRex;3\n", "line:1:name;age unknown-member, line:1:name required");
    assert_flaws("", "line:1 required");
    assert_flaws("\n\n", "line:1 required");
    assert_flaws("name,age\n", "#/pets too-few-items");
}

static void lines_past_the_most_are_not_read(void **state)
{
    (void)state;
    assert_flaws("name\na\nb\nc\n\nd\n\"", "line:6 too-many-items");
    assert_read("name\na\nb\nc\n", "{\"pets\":[{\"name\":\"a\"},{\"name\":\"b\"},"
                                   "{\"name\":\"c\"}]}");
}

static void what_is_no_csv_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_no_csv("name\na\"b\n", 9, "Line 2: a quote stands where none may");
    assert_no_csv("name\n\"a\"b\n", 10, "Line 2: a quote stands where none may");
    assert_no_csv("name\na\n\"b\nc\n", 12, "Line 3: a quote is opened and never closed");
    assert_no_csv("name\na\0b\n", 9, "The body has a NUL character");
    assert_no_csv("name\n\xff\n", 7, "The body is not valid UTF-8");
    assert_no_csv("name\n\xed\xa0\x80\n", 9, "The body is not valid UTF-8");
}

static void more_faults_are_told_of_a_file_than_of_other_bodies(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    const struct schema *schema =
        compiled(&arena, "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
                         "\"pets\":{\"type\":\"array\",\"maxItems\":2000,\"items\":" PET "}}}");
    const struct sheet *sheet;
    struct buf csv;
    buf_begin(&csv, &arena, 8192);
    buf_text(&csv, "name,age\n");
    for (int i = 0; i < 1500; i++)
        buf_text(&csv, "Rex,0\n");
    json_t *body = sheet_read(schema, csv.text, csv.length, &fault, &sheet);
    assert_false(schema_check(schema, &body, "#", SCHEMA_NORMALISE, &fault));
    assert_int_equal(fault.flaws_n, SHEET_FLAWS_MAX);
    assert_string_equal(sheet_place(sheet, fault.flaws[999].pointer, &arena), "line:1001:age");
    assert_string_equal(sheet_place(sheet, "#/pets/1500/age", &arena), "#/pets/1500/age");
    assert_string_equal(sheet_place(sheet, "#/pets/x", &arena), "#/pets/x");
    json_decref(body);
    arena_end(&arena);
}

static void only_a_list_of_flat_things_can_be_a_file(void **state)
{
    (void)state;
    struct arena arena = {0};
    assert_true(sheet_fits(compiled(&arena, LIST(PET))));
    static const char *const others[] = {
        PET,
        LIST("{\"type\":\"string\",\"maxLength\":9}"),
        LIST("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":" PET "}}"),
        LIST("{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{\"a\":{\"type\":"
             "\"array\",\"maxItems\":2,\"items\":{\"type\":\"integer\"}}}}"),
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_false(sheet_fits(compiled(&arena, others[i])));
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_an_element_and_a_cell_a_member_of_its_type),
        cmocka_unit_test(files_of_every_system_are_read),
        cmocka_unit_test(quotes_embrace_commas_quotes_and_ends_of_lines),
        cmocka_unit_test(every_fault_has_its_line_and_column),
        cmocka_unit_test(the_first_line_names_each_column_once_and_none_else),
        cmocka_unit_test(lines_past_the_most_are_not_read),
        cmocka_unit_test(what_is_no_csv_is_refused_with_its_line),
        cmocka_unit_test(more_faults_are_told_of_a_file_than_of_other_bodies),
        cmocka_unit_test(only_a_list_of_flat_things_can_be_a_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
