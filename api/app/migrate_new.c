/* clinicd migrate new: the skeleton of the next file in db/migrations. */
#include "api/app/commands.h"
#include "db/migrate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name, *header, *up;
} kinds[] = {
    {"expand", "kind=expand tx=yes",
     "-- What the released program does not know yet and does not miss.\n"
     "-- A table of a clinic: clinic_id bigint NOT NULL first in its primary key, composite "
     "foreign\n"
     "-- keys, SELECT clinicd.protect_table('clinicd.x', 'patient_id'), grants for clinicd_app.\n"},
    {"backfill", "kind=backfill tx=no",
     "-- What must be there first; each statement may run twice. May be absent.\n\n-- section "
     "chunk\n\n-- Where it ends, once: (end text, total bigint).\n\n"
     "-- A piece behind $1 (NULL: from the first), up to $2, of $3 rows at most:\n"
     "-- (cursor text, rows bigint), cursor NULL at the end.\n"},
    {"contract", "kind=contract tx=yes",
     "-- What no released program uses any more; `section loss` counts what goes with it.\n"},
    {"concurrent", "kind=expand tx=no",
     "-- CREATE INDEX CONCURRENTLY IF NOT EXISTS …; each statement may run twice.\n"},
};

enum { KINDS_N = sizeof kinds / sizeof kinds[0] };

static size_t kind_named(const char *name)
{
    size_t i = 0;
    while (i < KINDS_N && strcmp(kinds[i].name, name) != 0)
        i++;
    return i;
}

static bool name_is_good(const char *name)
{
    size_t length = strlen(name);
    return length >= 2 && length <= 50 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") == length;
}

static enum exit_code file_write(struct call *call, const char *path, const char *text)
{
    FILE *file = fopen(path, "wx"); /* a file that is there stays as it is */
    if (!file || fputs(text, file) < 0 || fclose(file) != 0) {
        fail(&call->fault, ERR_INTERNAL, "unwritable", "%s: %s", path, strerror(errno));
        return EXIT_FAILED;
    }
    buf_format(&call->text, "%s\n", path);
    buf_text(&call->result, "{\"path\": ");
    buf_json_string(&call->result, path);
    buf_char(&call->result, '}');
    call_next(call, arena_format(&call->arena, "migrate lint %s", path));
    return EXIT_DONE;
}

enum exit_code run_migrate_new(struct call *call)
{
    const char *name = call->operands_n == 1 ? call->operands[0] : "";
    const char *kind_name = call_option(call, "--kind");
    const char *dir = call_option(call, "--dir");
    size_t kind = kind_named(kind_name ? kind_name : "expand");
    if (!name_is_good(name))
        return call_usage(call, "say its name: small letters, digits and _");
    if (kind == KINDS_N)
        return call_usage(call, "--kind is expand, backfill, contract or concurrent");
    int version = migrate_latest() + 1;
    const char *file = arena_format(&call->arena, "%04d_%s.sql", version, name);
    const char *text = arena_format(
        &call->arena,
        "-- %s\n-- migrate: %s\n--\n-- What it is for, in a sentence or two. What the data must "
        "not "
        "hold is asked by a section precheck\n-- before it; a file that this one stands on is "
        "needs=NNNN in the header.\n\n-- section up\n\n%s\n"
        "-- section verify\n\n-- Boolean queries that must say true; where a table has rows, one "
        "that "
        "sees them.\n\n-- section down loss=none\n\n-- Back to exactly what was there: `migrate "
        "rehearse` compares.\n",
        file, kinds[kind].header, kinds[kind].up);
    return file_write(call, arena_format(&call->arena, "%s/%s", dir ? dir : "db/migrations", file),
                      text);
}
