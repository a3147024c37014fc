#include "db/kept.h"

#include "db/arena.h"

#include <jansson.h>
#include <libpq-fe.h>
#include <stdint.h>
#include <string.h>

/* Of pg_type.dat; what row.c makes of each stands there. */
enum { OID_BOOL = 16, OID_TEXT = 25, OID_JSON = 114, OID_TIMESTAMPTZ = 1184, OID_NUMERIC = 1700 };

static void result_release(void *result)
{
    PQclear(result);
}

static bool is_instant(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, "_at") == 0;
}

static Oid type_of(const char *name, const char *json_type)
{
    if (strcmp(json_type, "boolean") == 0)
        return OID_BOOL;
    if (strcmp(json_type, "number") == 0)
        return OID_NUMERIC;
    if (strcmp(json_type, "object") == 0 || strcmp(json_type, "array") == 0)
        return OID_JSON;
    return is_instant(name) ? OID_TIMESTAMPTZ : OID_TEXT;
}

/* libpq copies what it is given, and says "char *". */
static char *borrowed(const char *text)
{
    return (char *)(uintptr_t)text;
}

static bool columns_read(const json_t *members, PGresAttDesc *columns)
{
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        const char *name = json_string_value(json_array_get(member, 0));
        const char *type = json_string_value(json_array_get(member, 1));
        const json_t *value = json_array_get(member, 2);
        if (!name || !type || !(json_is_string(value) || json_is_null(value)))
            return false;
        columns[i] =
            (PGresAttDesc){.name = borrowed(name), .typid = type_of(name, type), .typlen = -1};
    }
    return true;
}

static bool values_set(PGresult *result, const json_t *members)
{
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        const json_t *value = json_array_get(member, 2);
        int length = json_is_string(value) ? (int)json_string_length(value) : -1;
        if (!PQsetvalue(result, 0, (int)i, borrowed(json_string_value(value)), length))
            return false;
    }
    return true;
}

bool kept_rows(struct arena *arena, const char *members, struct rows *out)
{
    json_t *list = arena_json(arena, json_loads(members, 0, NULL));
    size_t n = json_array_size(list);
    PGresAttDesc *columns = arena_array(arena, PGresAttDesc, n);
    if (n == 0 || !columns_read(list, columns))
        return false;
    PGresult *result = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
    arena_defer(arena, result_release, result);
    if (!result || !PQsetResultAttrs(result, (int)n, columns) || !values_set(result, list))
        return false;
    *out = (struct rows){.result = result, .arena = arena, .count = 1, .is_kept = true};
    return true;
}
