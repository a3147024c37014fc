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
