#include "api/http/sheet.h"

#include "api/http/schema_parts.h"

#include <csv.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* One reading of a file. libcsv tells us of cells and of ends of lines. */
struct reading {
    const struct schema *element;
    struct fault *fault;
    const char *list;
    size_t rows_max;
    const struct member *columns[MEMBERS_MAX];
    size_t columns_n;
    json_t *rows, *row; /* row: the one under way; NULL: none, or still the first line */
    int *lines;
    size_t cell;    /* of this row, from 0 */
    int line;       /* being read */
    int row_line;   /* where this row began */
    bool has_names; /* the first line is over */
    bool has_bad_names;
    bool has_ended;  /* a line has, outside of quotes */
    bool is_refused; /* no use in reading on */
};

static bool is_flat(const struct schema *schema)
{
    if (schema->types & TYPE_ARRAY)
        return schema->items->types == TYPE_STRING;
    return !(schema->types & TYPE_OBJECT);
}

bool sheet_fits(const struct schema *schema)
{
    if (schema->types != TYPE_OBJECT || schema->members_n != 1 || schema->is_open)
        return false;
    const struct schema *list = schema->members[0].schema;
    if (list->types != TYPE_ARRAY || list->items->types != TYPE_OBJECT || list->items->is_open)
        return false;
    for (size_t i = 0; i < list->items->members_n; i++)
        if (!is_flat(list->items->members[i].schema))
            return false;
    return true;
}

/* --- the first line ------------------------------------------------------------------------- */

static void refuse_name(struct reading *reading, const char *name, const char *code,
                        const char *detail)
{
    const char *place = arena_format(reading->fault->arena, "line:%d:%s", reading->row_line, name);
    fault_add(reading->fault, place, code, "%s", detail);
    reading->has_bad_names = true;
}

static bool has_column(const struct reading *reading, const struct member *member)
{
    size_t i = 0;
    while (i < reading->columns_n && reading->columns[i] != member)
        i++;
    return i < reading->columns_n;
}

static void name_column(struct reading *reading, const char *name)
{
    const struct schema *element = reading->element;
    size_t i = 0;
    while (i < element->members_n && strcmp(element->members[i].name, name) != 0)
        i++;
    if (i == element->members_n)
        refuse_name(reading, name, "unknown-member", "is no column that is known here");
    else if (has_column(reading, &element->members[i]))
        refuse_name(reading, name, "not-unique", "is there twice");
    else
        reading->columns[reading->columns_n++] = &element->members[i];
}

static void end_names(struct reading *reading)
{
    const struct schema *element = reading->element;
    for (size_t i = 0; i < element->members_n; i++)
        if ((element->required >> i & 1) && !has_column(reading, &element->members[i]))
            refuse_name(reading, element->members[i].name, "required", "is missing");
    reading->has_names = true;
    reading->is_refused = reading->has_bad_names;
}

/* --- the other lines ------------------------------------------------------------------------ */

static json_t *list_from(struct arena *arena, const char *text)
{
    json_t *list = json_array();
    char *rest = arena_copy(arena, text), *value;
    while ((value = strsep(&rest, ";")))
        json_array_append_new(list, json_string(value));
    return list;
}

/* What does not spell its type stays text, so that the schema names it. */
static json_t *value_of(struct arena *arena, const struct schema *schema, const char *text)
{
    if (schema->types & TYPE_ARRAY)
        return list_from(arena, text);
    json_t *value = schema_value_from(schema->types, text);
    return value ? value : json_string(text);
}

/* A break of a line inside of quotes is one character to us, whoever wrote the file. */
static char *text_of(struct arena *arena, const char *bytes, size_t length)
{
    char *text = arena_copy_n(arena, bytes, length), *to = text;
    for (const char *from = text; *from; from++)
        if (from[0] != '\r' || from[1] != '\n')
            *to++ = *from;
    *to = '\0';
    return text;
}

static void take_cell(void *bytes, size_t length, void *data)
{
    struct reading *reading = data;
    struct arena *arena = reading->fault->arena;
    size_t cell = reading->cell++;
    if (reading->is_refused)
        return;
    const char *text = text_of(arena, bytes, length);
    if (!reading->has_names) {
        name_column(reading, text);
        return;
    }
    if (!*text)
        return;
    if (!reading->row)
        reading->row = json_object();
    if (cell >= reading->columns_n)
        return;
    const struct member *column = reading->columns[cell];
    json_object_set_new(reading->row, column->name, value_of(arena, column->schema, text));
}

static void check_width(struct reading *reading, const char *pointer)
{
    if (reading->cell > reading->columns_n)
        fault_add(reading->fault, pointer, "too-many-members",
                  "has %zu cells, the first line names %zu", reading->cell, reading->columns_n);
    if (reading->cell < reading->columns_n)
        fault_add(reading->fault, pointer, "too-few-members",
                  "has %zu cells, the first line names %zu", reading->cell, reading->columns_n);
}

static void end_row(struct reading *reading)
{
    size_t n = json_array_size(reading->rows);
    if (n == reading->rows_max) {
        fault_add(reading->fault, arena_format(reading->fault->arena, "line:%d", reading->row_line),
                  "too-many-items", "is one more than %zu", reading->rows_max);
        reading->is_refused = true;
        json_decref(reading->row);
    } else {
        check_width(reading, arena_format(reading->fault->arena, "%s%zu", reading->list, n));
        reading->lines[n] = reading->row_line;
        json_array_append_new(reading->rows, reading->row);
    }
    reading->row = NULL;
}

/* A line without any text is blank, also when it has commas. */
static void take_end(int terminator, void *data)
{
    struct reading *reading = data;
    (void)terminator;
    reading->has_ended = true;
    if (reading->row && !reading->is_refused)
        end_row(reading);
    else if (reading->cell && !reading->has_names && !reading->is_refused)
        end_names(reading);
    reading->cell = 0;
}

/* --- the file ------------------------------------------------------------------------------- */

static bool is_utf8(const char *bytes, size_t length)
{
    utf8proc_int32_t c;
    while (length > 0) {
        utf8proc_ssize_t n =
            utf8proc_iterate((const utf8proc_uint8_t *)bytes, (utf8proc_ssize_t)length, &c);
        if (n <= 0)
            return false;
        bytes += n;
        length -= (size_t)n;
    }
    return true;
}

static size_t line_length(const char *bytes, size_t length)
{
    size_t n = 0;
    while (n < length && bytes[n] != '\n' && bytes[n] != '\r')
        n++;
    if (n + 1 < length && bytes[n] == '\r' && bytes[n + 1] == '\n')
        n++;
    return n < length ? n + 1 : n;
}

static enum err refuse(struct reading *reading, struct csv_parser *parser, const char *why)
{
    int error = csv_error(parser);
    if (error != CSV_EPARSE)
        return fail_quietly(reading->fault, ERR_INTERNAL, NULL, "libcsv: %s", csv_strerror(error));
    reading->fault->flaws_n = 0; /* of lines that may not be what they seemed */
    return fail(reading->fault, ERR_INPUT, "malformed-csv", "Line %d: %s", reading->row_line, why);
}

/* Fed line by line: that is how we know where a row begins. */
static enum err parse(struct reading *reading, struct csv_parser *parser, const char *bytes,
                      size_t length)
{
    reading->has_ended = true;
    for (size_t n; length > 0 && !reading->is_refused; bytes += n, length -= n) {
        n = line_length(bytes, length);
        reading->line++;
        if (reading->has_ended)
            reading->row_line = reading->line;
        reading->has_ended = false;
        if (csv_parse(parser, bytes, n, take_cell, take_end, reading) != n)
            return refuse(reading, parser, "a quote stands where none may");
    }
    if (!reading->is_refused && csv_fini(parser, take_cell, take_end, reading) != 0)
        return refuse(reading, parser, "a quote is opened and never closed");
    return ERR_NONE;
}

static enum err read_rows(struct reading *reading, const char *bytes, size_t length)
{
    static const char mark[] = "\xef\xbb\xbf";
    struct csv_parser parser;
    if (length >= 3 && memcmp(bytes, mark, 3) == 0) {
        bytes += 3;
        length -= 3;
    }
    if (memchr(bytes, '\0', length))
        return fail(reading->fault, ERR_INPUT, "malformed-csv", "The body has a NUL character");
    if (!is_utf8(bytes, length))
        return fail(reading->fault, ERR_INPUT, "malformed-csv", "The body is not valid UTF-8");
    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0)
        return fail_quietly(reading->fault, ERR_INTERNAL, NULL, "libcsv cannot begin");
    enum err err = parse(reading, &parser, bytes, length);
    csv_free(&parser);
    if (!err && !reading->has_names && !reading->is_refused)
        fault_add(reading->fault, "line:1", "required", "does not name the columns");
    if (!err && (reading->is_refused || !reading->has_names))
        err = fail(reading->fault, ERR_INPUT, "validation-failed", NULL);
    return err;
}

json_t *sheet_read(const struct schema *schema, const char *bytes, size_t length,
                   struct fault *fault, const struct sheet **out)
{
    const struct member *list = &schema->members[0];
    struct reading reading = {
        .element = list->schema->items,
        .fault = fault,
        .list = arena_format(fault->arena, "#/%s/", list->name),
        .rows_max = list->schema->items_max,
        .rows = json_array(),
        .lines = arena_array(fault->arena, int, list->schema->items_max),
    };
    fault->flaws_max = SHEET_FLAWS_MAX;
    enum err err = read_rows(&reading, bytes, length);
    json_decref(reading.row);
    if (err) {
        json_decref(reading.rows);
        return NULL;
    }
    struct sheet *sheet = arena_new(fault->arena, struct sheet);
    *sheet = (struct sheet){reading.list, json_array_size(reading.rows), reading.lines};
    *out = sheet;
    return json_pack("{s:o}", list->name, reading.rows);
}

const char *sheet_place(const struct sheet *sheet, const char *pointer, struct arena *arena)
{
    size_t length = strlen(sheet->list);
    char *end;
    if (strncmp(pointer, sheet->list, length) != 0)
        return pointer;
    size_t i = strtoull(pointer + length, &end, 10);
    if (end == pointer + length || i >= sheet->rows_n)
        return pointer;
    int line = sheet->lines[i];
    if (*end != '/')
        return arena_format(arena, "line:%d", line);
    return arena_format(arena, "line:%d:%.*s", line, (int)strcspn(end + 1, "/"), end + 1);
}
