#include "db/migrate/lint.h"

#include "db/migrate/lint_rules.h"

#include <string.h>

enum { FINDINGS_MAX = 4096 };

static const struct {
    struct lint_rule rule;
    bool (*hits)(const struct script *script, const struct statement *statement);
} checks[] = {
    {{"L01", "a default that differs from row to row, or a computed column, rewrites the table"},
     lint_rewriting_default},
    {{"L02", "SET NOT NULL reads the whole table: first CHECK … NOT VALID, then VALIDATE"},
     lint_not_null},
    {{"L03", "the constraint is checked under the lock: NOT VALID now, VALIDATE later"},
     lint_constraint_at_once},
    {{"L04", "a UNIQUE or PRIMARY KEY builds its index under the lock: USING INDEX"},
     lint_unique_at_once},
    {{"L05", "an index of a table in use is made and dropped CONCURRENTLY"}, lint_index_locks},
    {{"L06", "CONCURRENTLY needs tx=no"}, lint_concurrently_in_tx},
    {{"L07", "a change of type rewrites the table: add a column, fill it, drop the old one"},
     lint_type_change},
    {{"L08", "the released program still uses the old name: expand, then contract"}, lint_rename},
    {{"L09", "what the released program still uses is dropped: only kind=contract does"},
     lint_drop},
    {{"L10", "TRUNCATE and CASCADE take more than is named"}, lint_truncate},
    {{"L11", "VACUUM FULL, CLUSTER and REINDEX keep everybody out"}, lint_vacuum_full},
    {{"L12", "a new value of a type cannot be used in its own transaction: tx=no"},
     lint_enum_value},
    {{"L13", "a whole table in one statement: a backfill in chunks"}, lint_whole_table},
    {{"L14", "a second table is locked while the first one is held: one file each"},
     lint_second_lock},
    {{"L15", "PostgreSQL cuts a name after 63 bytes"}, lint_long_name},
    {{"L16", "serial leaves a sequence with rights of its own: GENERATED … AS IDENTITY"},
     lint_serial},
    {{"L17", "char(n) pads with blanks: text with a CHECK"}, lint_char},
    {{"L18", "a time without zone is nobody's time: timestamptz"}, lint_timestamp},
    {{"L19", "IF NOT EXISTS takes another index of that name for this one"},
     lint_index_if_not_exists},
    {{"L20", "with tx=no a statement may run twice: IF (NOT) EXISTS, OR REPLACE, ON CONFLICT"},
     lint_not_repeatable},
    {{"L21", "lock_timeout and statement_timeout are the runner's: --lock-budget"}, lint_timeout},
    {{"M1", "a clinic's table has clinic_id bigint NOT NULL, first in its primary key"},
     lint_no_clinic},
    {{"M2", "unique over all clinics tells one clinic about another: with clinic_id"},
     lint_unique_over_clinics},
    {{"M3", "a foreign key without clinic_id may reach into another clinic"}, lint_foreign_key},
    {{"M4", "a clinic's table is behind its wall: SELECT clinicd.protect_table(…)"}, lint_no_wall},
    {{"M4", "policies that open are protect_table()'s, and all stay on and forced"},
     lint_wall_by_hand},
    {{"M5", "the service owns nothing and passes no wall"}, lint_rights},
    {{"M6", "a view sees what its owner sees: WITH (security_invoker = true)"}, lint_view},
    {{"M7", "SECURITY DEFINER needs SET search_path and a COMMENT that begins tenant-safe:"},
     lint_definer},
    {{"M9", "an enum is no leakproof filter key: text with a CHECK"}, lint_enum},
    {{"M9", "numeric and jsonb are no leakproof filter keys: whole units, text"}, lint_filter_key},
    {{"M10", "what is searched by its beginning has COLLATE \"C\""}, lint_search_column},
    {{"M11", "row_security is the runner's"}, lint_row_security},
    {{"M12",
      "a sequence counts over all clinics and tells one of another: count in a row of its own"},
     lint_sequence},
    {{"M13", "SET NULL and EXCLUDE across clinics do not travel to a shard"}, lint_shards},
};

enum { CHECKS_N = sizeof checks / sizeof checks[0] };

static void findings_add(const struct script *script, const struct statement *statement,
                         struct arena *arena, struct lint_finding **out, size_t *count)
{
    for (size_t i = 0; i < CHECKS_N && *count < FINDINGS_MAX; i++) {
        if (!checks[i].hits(script, statement))
            continue;
        const char *reason = statement_waiver(script->source.store, statement, checks[i].rule.id);
        (*out)[(*count)++] = (struct lint_finding){.rule = &checks[i].rule,
                                                   .file = arena_copy(arena, script->name),
                                                   .path = arena_copy(arena, script->source.path),
                                                   .line = statement->line,
                                                   .reason = arena_copy(arena, reason)};
    }
}

const struct lint_rule *lint_rule_at(size_t i)
{
    return i < CHECKS_N ? &checks[i].rule : NULL;
}

/* A table that is empty, or not there yet, keeps nobody waiting: as one made in the same file. */
static void uses_note(struct script *script, const char *const *in_use)
{
    for (size_t i = 0; in_use && i < script->n; i++) {
        struct statement *statement = &script->statements[i];
        bool is_used = false;
        for (size_t t = 0; statement->table && in_use[t]; t++)
            is_used |= strcmp(in_use[t], statement->table) == 0;
        statement->is_new = statement->table && !is_used;
    }
}

enum err lint_text(const char *path, const char *text, const char *const *in_use,
                   struct arena *arena, struct fault *fault, struct lint_finding **out,
                   size_t *count)
{
    struct store store CLEANUP(store_end) = {0};
    struct script script;
    if (!script_read(&store, path, text, &script))
        return fail(fault, ERR_INPUT, "unreadable", "%s is no SQL", path);
    uses_note(&script, in_use);
    if (!*out)
        *out = arena_array(arena, struct lint_finding, FINDINGS_MAX);
    for (size_t i = 0; i < script.n; i++)
        findings_add(&script, &script.statements[i], arena, out, count);
    return ERR_NONE;
}
