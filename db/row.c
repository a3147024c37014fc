#include "db/row.h"

#include "db/keys.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Type oids of the catalogue that do not change between versions (pg_type.dat). */
enum {
    OID_BOOL = 16,
    OID_INT8 = 20,
    OID_INT2 = 21,
    OID_INT4 = 23,
    OID_JSON = 114,
    OID_FLOAT4 = 700,
    OID_FLOAT8 = 701,
    OID_TIMESTAMPTZ = 1184,
    OID_NUMERIC = 1700,
    OID_JSONB = 3802
};

enum shape {
    SHAPE_SKIP,
    SHAPE_BARE,
    SHAPE_JSON,
    SHAPE_BOOL,
    SHAPE_TIME,
    SHAPE_STRING,
    SHAPE_SEALED
};

enum { COLUMNS_MAX = 64, KEY_MAX = 64 + 3 }; /* PostgreSQL's names have 63 bytes at most */

static const PGresult *result_of(const struct rows *rows)
{
    return (const PGresult *)rows->result;
}

static int column_of(const struct rows *rows, const char *column)
{
    if (!rows->result)
        return -1;
    for (int i = 0, n = PQnfields(result_of(rows)); i < n; i++)
        if (strcmp(PQfname(result_of(rows), i), column) == 0)
            return i;
    return -1;
}

bool rows_has(const struct rows *rows, const char *column)
{
    return column_of(rows, column) >= 0;
}

const char *rows_text(const struct rows *rows, int row, const char *column)
{
    if (row >= rows->count)
        return NULL;
    int at = column_of(rows, column);
    if (at < 0 && rows->is_kept)
        return NULL;
    if (at < 0) {
        fprintf(stderr, "%s has no column %s\n", rows->query->source, column);
        abort();
    }
    return PQgetisnull(result_of(rows), row, at) ? NULL : PQgetvalue(result_of(rows), row, at);
}

int64_t rows_int(const struct rows *rows, int row, const char *column, int64_t absent)
{
    const char *text = rows_text(rows, row, column);
    return text ? strtoll(text, NULL, 10) : absent;
}

bool rows_bool(const struct rows *rows, int row, const char *column, bool absent)
{
    const char *text = rows_text(rows, row, column);
    return text ? text[0] == 't' : absent;
}

/* "2026-11-22 09:00:00.123456+00" (DateStyle ISO, time zone UTC) to "2026-11-22T09:00:00.123Z". */
static void render_time(struct buf *out, const char *text)
{
    size_t length = strcspn(text, "+");
    const char *point = memchr(text, '.', length);
    size_t whole = point ? (size_t)(point - text) : length;
    if (whole < 19) { /* infinity, or a year that nobody lives in */
        buf_json_string(out, text);
        return;
    }
    buf_char(out, '"');
    buf_add(out, text, whole - 9);
    buf_char(out, 'T');
    buf_add(out, text + whole - 8, 8);
    if (point) {
        size_t digits = length - whole - 1;
        buf_add(out, point, digits > 3 ? 4 : digits + 1);
    }
    buf_add(out, "Z\"", 2);
}

/* PostgreSQL's JSON without the blanks that it puts between tokens. */
static void render_json(struct buf *out, const char *json)
{
    bool is_string = false;
    const char *start = json;
    for (const char *p = json; *p; p++) {
        if (*p == '\\' && is_string && p[1]) {
            p++;
        } else if (*p == '"') {
            is_string = !is_string;
        } else if (!is_string && (*p == ' ' || *p == '\n')) {
            buf_add(out, start, (size_t)(p - start));
            start = p + 1;
        }
    }
    buf_text(out, start);
}

static void render_sealed(struct buf *out, const char *sealed, bool is_masked,
                          const struct view *view)
{
    char bound[48];
    snprintf(bound, sizeof bound, "clinic %lld", (long long)view->clinic_id);
    size_t length = 0;
    char *plain = keys_open(out->arena, KEY_COLUMN, bound, sealed, &length);
    if (!plain) { /* another clinic's, another key's: never shown, never guessed */
        buf_text(out, "null");
        return;
    }
    if (is_masked) {
        size_t shown = length > 8 ? 4 : 0;
        memset(plain, '*', length - shown);
    }
    buf_json_string_n(out, plain, length);
}

static bool is_listed(const char *const *names, const char *name, size_t length)
{
    for (; names && *names; names++)
        if (strlen(*names) == length && memcmp(*names, name, length) == 0)
            return true;
    return false;
}

struct column {
    const char *name;
    size_t object;     /* length of "account" in "account.email"; 0: a member of the row itself */
    char key[KEY_MAX]; /* the member's name with its quotes and the colon */
    size_t key_length;
    enum shape shape;
    bool is_masked;
};

static enum shape shape_of(Oid type)
{
    switch (type) {
    case OID_BOOL:
        return SHAPE_BOOL;
    case OID_INT8:
    case OID_INT2:
    case OID_INT4:
    case OID_FLOAT4:
    case OID_FLOAT8:
    case OID_NUMERIC:
        return SHAPE_BARE;
    case OID_JSON:
    case OID_JSONB:
        return SHAPE_JSON;
    case OID_TIMESTAMPTZ:
        return SHAPE_TIME;
    default:
        return SHAPE_STRING;
    }
}

/* The names of columns are ours, from our own .sql files: nothing in them needs an escape. */
static size_t key_write(const char *name, size_t length, char out[KEY_MAX])
{
    if (length + 3 > KEY_MAX)
        abort();
    out[0] = '"';
    memcpy(out + 1, name, length);
    memcpy(out + 1 + length, "\":", 2);
    return length + 3;
}

/* How each column is shown: worked out once a result, not once a row. */
static int plan_columns(const struct rows *rows, const struct view *view,
                        struct column plan[COLUMNS_MAX])
{
    int n = rows->result ? PQnfields(result_of(rows)) : 0;
    if (n > COLUMNS_MAX)
        abort();
    for (int i = 0; i < n; i++) {
        const char *name = PQfname(result_of(rows), i);
        const char *colon = strchr(name, ':');
        size_t length = colon ? (size_t)(colon - name) : strlen(name);
        struct column *column = &plan[i];
        const char *dot = view ? memchr(name, '.', length) : NULL;
        column->name = name;
        column->object = dot ? (size_t)(dot - name) : 0;
        size_t from = dot ? column->object + 1 : 0;
        column->key_length = key_write(name + from, length - from, column->key);
        column->shape = name[0] == '_' ? SHAPE_SKIP
                        : colon        ? SHAPE_SEALED
                                       : shape_of(PQftype(result_of(rows), i));
        if (view && is_listed(view->hidden, name, length))
            column->shape = SHAPE_SKIP;
        column->is_masked = view && is_listed(view->masked, name, length);
        if (column->shape == SHAPE_SEALED && !view) { /* the audit row: as it is stored */
            column->shape = SHAPE_STRING;
            column->key_length = key_write(name, strlen(name), column->key);
        }
    }
    return n;
}

static void render_value(struct buf *out, const PGresult *result, int row, int at,
                         const struct column *column, const struct view *view)
{
    const char *value = PQgetvalue(result, row, at);
    switch (column->shape) {
    case SHAPE_BARE:
        buf_add(out, value, (size_t)PQgetlength(result, row, at));
        break;
    case SHAPE_JSON:
        render_json(out, value);
        break;
    case SHAPE_BOOL:
        buf_text(out, value[0] == 't' ? "true" : "false");
        break;
    case SHAPE_TIME:
        render_time(out, value);
        break;
    case SHAPE_SEALED:
        render_sealed(out, value, column->is_masked, view);
        break;
    case SHAPE_STRING:
    case SHAPE_SKIP:
        buf_json_string_n(out, value, (size_t)PQgetlength(result, row, at));
        break;
    }
}

/* What stands between two columns: the comma, and the object that ends or begins. */
static void render_step(struct buf *out, const struct column *from, const struct column *to)
{
    size_t open = from ? from->object : 0;
    bool is_same = open == to->object && (!open || memcmp(from->name, to->name, open) == 0);
    if (open && !is_same)
        buf_char(out, '}');
    if (from)
        buf_char(out, ',');
    if (to->object && !is_same) {
        buf_char(out, '"');
        buf_add(out, to->name, to->object);
        buf_text(out, "\":{");
    }
}

static void render_one(struct buf *out, const PGresult *result, int row, const struct column *plan,
                       int n, const struct view *view)
{
    const struct column *last = NULL;
    buf_char(out, '{');
    for (int i = 0; i < n; i++) {
        const struct column *column = &plan[i];
        if (column->shape == SHAPE_SKIP)
            continue;
        render_step(out, last, column);
        buf_add(out, column->key, column->key_length);
        if (PQgetisnull(result, row, i))
            buf_add(out, "null", 4);
        else
            render_value(out, result, row, i, column, view);
        last = column;
    }
    buf_text(out, last && last->object ? "}}" : "}");
}

void rows_render(struct buf *out, const struct rows *rows, int row, const struct view *view)
{
    struct column plan[COLUMNS_MAX];
    int n = plan_columns(rows, view, plan);
    render_one(out, result_of(rows), row, plan, n, view);
}

void rows_render_list(struct buf *out, const struct rows *rows, int from, int to,
                      const struct view *view)
{
    struct column plan[COLUMNS_MAX];
    int n = plan_columns(rows, view, plan);
    for (int row = from; row < to; row++) {
        if (row > from)
            buf_char(out, ',');
        render_one(out, result_of(rows), row, plan, n, view);
    }
}
