#include "db/backup/parts.h"

#include <inttypes.h>
#include <string.h>

static void add(struct backup_difference *out, size_t *n, const char *what, const char *wanted,
                const char *found)
{
    out[(*n)++] = (struct backup_difference){.what = what, .wanted = wanted, .found = found};
}

static const char *table_text(struct arena *arena, const struct table_sum *table)
{
    return arena_format(arena, "%" PRId64 " rows, checksum %s", table->rows, table->checksum);
}

/* Both lists are in the order of their names. */
static void tables_compare(const struct manifest *wanted, const struct manifest *found,
                           struct arena *arena, struct backup_difference *out, size_t *n)
{
    for (size_t i = 0, j = 0; i < wanted->tables_n || j < found->tables_n;) {
        const struct table_sum *a = i < wanted->tables_n ? &wanted->tables[i] : NULL;
        const struct table_sum *b = j < found->tables_n ? &found->tables[j] : NULL;
        int order = !a ? 1 : !b ? -1 : strcmp(a->name, b->name);
        const struct table_sum *named = a && order <= 0 ? a : b;
        if (!named)
            return;
        const char *what = arena_format(arena, "table %s", named->name);
        i += order <= 0;
        j += order >= 0;
        if (!b || order < 0)
            add(out, n, what, table_text(arena, named), "no such table");
        else if (!a || order > 0)
            add(out, n, what, "no such table", table_text(arena, named));
        else if (a->rows != b->rows || strcmp(a->checksum, b->checksum) != 0)
            add(out, n, what, table_text(arena, a), table_text(arena, b));
    }
}

/* One that fell behind would give numbers a second time. */
static void sequences_compare(const struct manifest *wanted, const struct manifest *found,
                              struct arena *arena, struct backup_difference *out, size_t *n)
{
    for (size_t i = 0; i < wanted->sequences_n; i++) {
        const struct sequence_mark *mark = &wanted->sequences[i];
        const struct sequence_mark *is = NULL;
        for (size_t j = 0; j < found->sequences_n && !is; j++) {
            if (strcmp(found->sequences[j].name, mark->name) == 0)
                is = &found->sequences[j];
        }
        if (!is || is->value < mark->value)
            add(out, n, arena_format(arena, "sequence %s", mark->name),
                arena_format(arena, "%" PRId64 " or later", mark->value),
                is ? arena_format(arena, "%" PRId64, is->value) : "no such sequence");
    }
}

size_t manifest_compare(const struct manifest *wanted, const struct manifest *found,
                        struct arena *arena, struct backup_difference **out)
{
    size_t n = 0;
    *out = arena_array(arena, struct backup_difference,
                       wanted->tables_n + found->tables_n + wanted->sequences_n);
    tables_compare(wanted, found, arena, *out, &n);
    sequences_compare(wanted, found, arena, *out, &n);
    return n;
}
