/* The rules of a database that many clinics share, on files. The same rules on the catalogue, which
 * alone knows what became of all files together, are db/verify/catalogue.sql's. */
#include "db/migrate/lint_rules.h"

#include <string.h>

static bool does(const struct statement *statement, const char *operation)
{
    return statement->section == SCRIPT_UP && statement->effect.operation &&
           strcmp(statement->effect.operation, operation) == 0;
}

static bool is_table(const struct statement *statement)
{
    return does(statement, "create table") && !statement_has(statement, "PARTITION OF") &&
           !statement_has(statement, "ops .");
}

/* Whether "( … clinic_id … )" stands at `at`; `first`: as the first word. */
static bool list_has_clinic(const struct statement *statement, size_t at, bool first)
{
    for (size_t i = at + 1; i < statement->n && !token_is(&statement->tokens[i], ")"); i++) {
        if (token_is(&statement->tokens[i], "clinic_id"))
            return true;
        if (first)
            return false;
    }
    return false;
}

static bool has_clinic(const struct statement *statement)
{
    return statement_has(statement, "clinic_id bigint");
}

RULE(lint_no_clinic)
{
    (void)script;
    if (!is_table(statement))
        return false;
    size_t key = statement_find(statement, 0, "PRIMARY KEY (");
    bool is_own_key = statement_has(statement, "clinic_id bigint PRIMARY KEY");
    bool is_not_null = is_own_key || statement_has(statement, "clinic_id bigint NOT NULL");
    return !is_not_null ||
           (!is_own_key && (key == 0 || !list_has_clinic(statement, key - 1, true)));
}

/* A table without clinics, made in the same file, is M1's business. */
static bool is_platforms(const struct script *script, const char *table)
{
    for (size_t i = 0; i < script->n; i++) {
        const struct statement *made = &script->statements[i];
        if (table && is_table(made) && made->table && strcmp(made->table, table) == 0)
            return !has_clinic(made);
    }
    return false;
}

RULE(lint_unique_over_clinics)
{
    bool is_index = does(statement, "create index") && statement_has(statement, "CREATE UNIQUE") &&
                    !statement_has(statement, "ON ops .");
    if (is_index && !is_platforms(script, statement->table))
        return !statement_has(statement, "clinic_id");
    if (!is_table(statement) || !has_clinic(statement))
        return false;
    for (size_t at = 0; (at = statement_find(statement, at, "UNIQUE")) > 0;) {
        bool is_list = at < statement->n && (token_is(&statement->tokens[at], "(") ||
                                             token_is(&statement->tokens[at], "NULLS"));
        if (!is_list || !list_has_clinic(statement, at, false))
            return true;
    }
    return false;
}

/* "REFERENCES clinicd.patient (clinic_id, id)"; the clinic itself has one column only. */
RULE(lint_foreign_key)
{
    (void)script;
    if (!does(statement, "foreign key") && !(is_table(statement) && has_clinic(statement)))
        return false;
    for (size_t at = 0; (at = statement_find(statement, at, "REFERENCES")) > 0;) {
        size_t name =
            at + 2 < statement->n && token_is(&statement->tokens[at + 1], ".") ? at + 2 : at;
        bool is_clinic = name < statement->n && token_is(&statement->tokens[name], "clinic");
        bool has_list = name + 1 < statement->n && token_is(&statement->tokens[name + 1], "(");
        bool is_composite = statement_has(statement, "FOREIGN KEY ( clinic_id ,");
        if (!is_clinic && !(has_list ? list_has_clinic(statement, name + 1, true) : is_composite))
            return true;
    }
    return false;
}

RULE(lint_no_wall)
{
    if (!is_table(statement) || !has_clinic(statement))
        return false;
    for (size_t i = 0; i < script->n; i++) {
        const struct statement *wall = &script->statements[i];
        if (does(wall, "protect table") && wall->table &&
            strcmp(wall->table, statement->table) == 0)
            return false;
    }
    return true;
}

/* protect_table() writes the policies that open, and the catalogue's audit knows them; one more
 * that is restrictive only narrows. */
RULE(lint_wall_by_hand)
{
    (void)script;
    bool is_made = statement_find(statement, 0, "CREATE POLICY") == 2 &&
                   !statement_has(statement, "AS RESTRICTIVE");
    bool is_changed = statement_find(statement, 0, "ALTER POLICY") == 2 ||
                      statement_find(statement, 0, "DROP POLICY") == 2;
    return statement->section == SCRIPT_UP &&
           (is_made || is_changed || statement_has(statement, "DISABLE ROW LEVEL SECURITY") ||
            statement_has(statement, "NO FORCE ROW LEVEL SECURITY"));
}

/* A right on a thing has an ON, a role that is given has none. */
RULE(lint_rights)
{
    (void)script;
    bool is_grant = statement->n > 0 && token_is(&statement->tokens[0], "GRANT");
    return statement->section == SCRIPT_UP &&
           (statement_has(statement, "OWNER TO clinicd_app") ||
            statement_has(statement, "BYPASSRLS") || statement_has(statement, "SUPERUSER") ||
            (is_grant && !statement_has(statement, "ON") &&
             statement_has(statement, "TO clinicd_app")));
}

RULE(lint_view)
{
    (void)script;
    bool is_view = statement_find(statement, 0, "CREATE VIEW") == 2 ||
                   statement_find(statement, 0, "CREATE OR REPLACE VIEW") == 4;
    return statement->section == SCRIPT_UP && is_view &&
           !statement_has(statement, "security_invoker = true");
}

/* The COMMENT names the function as its definition does: schema.name. */
static bool is_remarked(const struct script *script, const struct token *name)
{
    for (size_t i = 0; i < script->n; i++) {
        const struct statement *remark = &script->statements[i];
        size_t at = statement_find(remark, 0, "COMMENT ON FUNCTION");
        if (at != 3 || at + 2 >= remark->n || remark->tokens[at + 2].length != name->length ||
            strncmp(remark->tokens[at + 2].start, name->start, name->length) != 0)
            continue;
        const struct token *text = &remark->tokens[remark->n - 1];
        if (text->length > 13 && strncmp(text->start, "'tenant-safe:", 13) == 0)
            return true;
    }
    return false;
}

RULE(lint_definer)
{
    size_t at = statement_find(statement, 0, "FUNCTION");
    if (statement->section != SCRIPT_UP || !token_is(&statement->tokens[0], "CREATE") || at == 0 ||
        at + 2 >= statement->n || !statement_has(statement, "SECURITY DEFINER"))
        return false;
    return !statement_has(statement, "SET search_path =") ||
           !is_remarked(script, &statement->tokens[at + 2]);
}

RULE(lint_enum)
{
    (void)script;
    return statement->section == SCRIPT_UP && statement_find(statement, 0, "CREATE TYPE") == 2 &&
           statement_has(statement, "AS ENUM");
}

/* Whether the file gives that column of that table such a type. */
static bool is_typed(const struct script *script, const char *table, const struct token *column,
                     const char *type)
{
    for (size_t i = 0; i < script->n; i++) {
        const struct statement *made = &script->statements[i];
        if (!made->table || !table || strcmp(made->table, table) != 0 || does(made, "create index"))
            continue;
        for (size_t t = 0; t + 1 < made->n; t++)
            if (made->tokens[t].length == column->length &&
                strncmp(made->tokens[t].start, column->start, column->length) == 0 &&
                token_is(&made->tokens[t + 1], type))
                return true;
    }
    return false;
}

/* Their equality is not leakproof: behind a wall the index is not used. */
RULE(lint_filter_key)
{
    static const char *const types[] = {"numeric", "decimal", "jsonb", "json"};
    size_t at = statement_find(statement, 0, "(");
    if (!does(statement, "create index") || at == 0 || statement_has(statement, "USING gin"))
        return false;
    for (size_t i = at; i < statement->n && !token_is(&statement->tokens[i], ")"); i++)
        for (size_t type = 0; type < sizeof types / sizeof types[0]; type++)
            if (statement->tokens[i].kind == TOKEN_WORD &&
                is_typed(script, statement->table, &statement->tokens[i], types[type]))
                return true;
    return false;
}

static bool makes_columns(const struct statement *statement)
{
    return is_table(statement) || does(statement, "add column");
}

/* name_key and its like are what prefixes are looked for in. */
RULE(lint_search_column)
{
    (void)script;
    for (size_t i = 0; makes_columns(statement) && i + 1 < statement->n; i++) {
        const struct token *name = &statement->tokens[i];
        bool is_key = name->kind == TOKEN_WORD && name->length > 4 &&
                      strncmp(name->start + name->length - 4, "_key", 4) == 0;
        if (is_key && token_is(name + 1, "text") &&
            statement_find(statement, i + 2, "COLLATE \"C\"") != i + 4)
            return true;
    }
    return false;
}

RULE(lint_sequence)
{
    (void)script;
    bool counts = statement_has(statement, "AS IDENTITY") || statement_has(statement, "nextval");
    return counts && ((is_table(statement) && has_clinic(statement)) ||
                      does(statement, "add column") || does(statement, "add column, rewrite"));
}

RULE(lint_row_security)
{
    (void)script;
    return statement_has(statement, "row_security");
}

RULE(lint_shards)
{
    (void)script;
    if (statement->section != SCRIPT_UP)
        return false;
    bool excludes =
        statement_has(statement, "EXCLUDE") && !statement_has(statement, "clinic_id WITH =");
    return excludes || statement_has(statement, "ON DELETE SET NULL");
}
