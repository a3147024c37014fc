#include "db/migrate/lint_rules.h"

#include <string.h>

enum { NAME_MAX_BYTES = 63 };

static bool is_up(const struct statement *statement)
{
    return statement->section == SCRIPT_UP;
}

/* Up, and about a table that somebody may be using. */
static bool is_of_old_table(const struct statement *statement)
{
    return is_up(statement) && statement->table && !statement->is_new;
}

static bool does(const struct statement *statement, const char *operation)
{
    return statement->effect.operation && strcmp(statement->effect.operation, operation) == 0;
}

RULE(lint_rewriting_default)
{
    (void)script;
    return is_of_old_table(statement) &&
           (does(statement, "add column, rewrite") || does(statement, "add computed column"));
}

/* A validated CHECK of the same table, before, is a proof that SET NOT NULL takes. */
RULE(lint_not_null)
{
    if (!is_of_old_table(statement) || !does(statement, "set not null"))
        return false;
    for (const struct statement *before = script->statements; before < statement; before++)
        if (does(before, "validate") && strcmp(before->table, statement->table) == 0)
            return false;
    return true;
}

RULE(lint_constraint_at_once)
{
    (void)script;
    bool is_constraint =
        does(statement, "foreign key") || does(statement, "check") ||
        (does(statement, "add column") &&
         (statement_has(statement, "REFERENCES") || statement_has(statement, "CHECK")));
    return is_of_old_table(statement) && is_constraint && !statement_has(statement, "NOT VALID");
}

RULE(lint_unique_at_once)
{
    (void)script;
    return is_of_old_table(statement) &&
           (does(statement, "unique constraint") || does(statement, "primary key") ||
            (does(statement, "add column") && statement_has(statement, "UNIQUE")));
}

/* An index of which only the catalogue knows the table counts as one in use. */
RULE(lint_index_locks)
{
    (void)script;
    bool is_made = does(statement, "create index") && is_of_old_table(statement);
    bool is_dropped = does(statement, "drop index") && is_up(statement);
    return (is_made || is_dropped) && !statement_has(statement, "CONCURRENTLY");
}

RULE(lint_concurrently_in_tx)
{
    return script->in_tx && statement_has(statement, "CONCURRENTLY");
}

RULE(lint_type_change)
{
    (void)script;
    return is_of_old_table(statement) && does(statement, "change type");
}

RULE(lint_rename)
{
    (void)script;
    bool is_table = does(statement, "alter table") || does(statement, "change type");
    return is_of_old_table(statement) && is_table && statement_has(statement, "RENAME") &&
           !statement_has(statement, "RENAME CONSTRAINT");
}

RULE(lint_drop)
{
    bool is_column = statement_has(statement, "DROP COLUMN");
    return is_of_old_table(statement) && strcmp(script->kind, "contract") != 0 &&
           (is_column || does(statement, "drop table"));
}

RULE(lint_truncate)
{
    (void)script;
    bool is_drop = statement->n > 0 && token_is(&statement->tokens[0], "DROP");
    return is_up(statement) &&
           (does(statement, "truncate") || (is_drop && statement_has(statement, "CASCADE")));
}

RULE(lint_vacuum_full)
{
    (void)script;
    bool is_reindex = statement->n > 0 && token_is(&statement->tokens[0], "REINDEX");
    return does(statement, "rewrite") || (is_reindex && !statement_has(statement, "CONCURRENTLY"));
}

RULE(lint_enum_value)
{
    return script->in_tx && statement_find(statement, 0, "ALTER TYPE") == 2 &&
           statement_has(statement, "ADD VALUE");
}

RULE(lint_whole_table)
{
    (void)script;
    return is_of_old_table(statement) && (does(statement, "update") || does(statement, "delete")) &&
           !statement_has(statement, "WHERE");
}

static bool keeps_out(const struct statement *statement)
{
    return is_of_old_table(statement) && statement->effect.lock &&
           strcmp(statement->effect.lock, "ACCESS EXCLUSIVE") == 0;
}

/* Said once, at the first statement that locks another table than the first one. */
RULE(lint_second_lock)
{
    const char *first = NULL, *second = NULL;
    if (!script->in_tx || !keeps_out(statement))
        return false;
    for (const struct statement *before = script->statements; before < statement; before++) {
        if (!keeps_out(before))
            continue;
        if (!first)
            first = before->table;
        else if (!second && strcmp(before->table, first) != 0)
            second = before->table;
    }
    return first && !second && strcmp(statement->table, first) != 0;
}

RULE(lint_long_name)
{
    (void)script;
    for (size_t i = 0; i < statement->n; i++) {
        const struct token *token = &statement->tokens[i];
        size_t quotes = token->kind == TOKEN_NAME ? 2 : 0;
        if ((token->kind == TOKEN_NAME || token->kind == TOKEN_WORD) &&
            token->length - quotes > NAME_MAX_BYTES)
            return true;
    }
    return false;
}

static bool makes_columns(const struct statement *statement)
{
    return is_up(statement) && (does(statement, "create table") ||
                                (statement->n > 1 && token_is(&statement->tokens[0], "ALTER")));
}

RULE(lint_serial)
{
    (void)script;
    return makes_columns(statement) &&
           (statement_has(statement, "serial") || statement_has(statement, "bigserial"));
}

RULE(lint_char)
{
    (void)script;
    return makes_columns(statement) &&
           (statement_has(statement, "char (") || statement_has(statement, "character ("));
}

RULE(lint_timestamp)
{
    (void)script;
    for (size_t at = 0; (at = statement_find(statement, at, "timestamp")) > 0;) {
        bool is_cast = at >= 2 && token_is(&statement->tokens[at - 2], "::");
        if (makes_columns(statement) && !is_cast && statement_find(statement, at, "with") != at + 1)
            return true;
    }
    return false;
}

RULE(lint_index_if_not_exists)
{
    return script->in_tx && is_up(statement) && does(statement, "create index") &&
           statement_has(statement, "IF NOT EXISTS");
}

RULE(lint_not_repeatable)
{
    if (script->in_tx || !is_up(statement) || statement->n == 0)
        return false;
    const struct token *first = &statement->tokens[0];
    bool makes = token_is(first, "CREATE") && !statement_has(statement, "OR REPLACE") &&
                 !statement_has(statement, "IF NOT EXISTS");
    bool drops = token_is(first, "DROP") && !statement_has(statement, "IF EXISTS");
    bool adds = statement_has(statement, "ADD COLUMN") &&
                !statement_has(statement, "ADD COLUMN IF NOT EXISTS");
    bool fills = token_is(first, "INSERT") && !statement_has(statement, "ON CONFLICT");
    return makes || drops || adds || fills;
}

/* Names with an underscore are one word; set_config() names them in a string. */
RULE(lint_timeout)
{
    (void)script;
    static const char *const names[] = {"lock_timeout", "statement_timeout"};
    if (statement->n == 0)
        return false;
    const struct token *first = &statement->tokens[0];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if ((token_is(first, "SET") || token_is(first, "RESET")) &&
            statement_has(statement, names[i]))
            return true;
    return statement_has(statement, "set_config ( 'lock_timeout'") ||
           statement_has(statement, "set_config ( 'statement_timeout'");
}
