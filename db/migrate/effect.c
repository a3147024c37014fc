/* What a statement does, by its first words. The table is read from the top, so the special comes
 * before the general; `also` must stand somewhere later, `unless` must not. */
#include "db/migrate/effect.h"

#include <string.h>

static const struct {
    const char *first, *also, *unless;
    struct effect effect;
} effects[] = {
    {"CREATE UNIQUE INDEX CONCURRENTLY", NULL, NULL, {"create index", NULL, 1.0}},
    {"CREATE INDEX CONCURRENTLY", "USING gin", NULL, {"create index", NULL, 6.0}},
    {"CREATE INDEX CONCURRENTLY", NULL, NULL, {"create index", NULL, 1.0}},
    {"CREATE INDEX", "USING gin", NULL, {"create index", "SHARE", 5.5}},
    {"CREATE INDEX", NULL, NULL, {"create index", "SHARE", 0.9}},
    {"CREATE UNIQUE INDEX", NULL, NULL, {"create index", "SHARE", 0.9}},
    {"DROP INDEX CONCURRENTLY", NULL, NULL, {"drop index", NULL, 0}},
    {"DROP INDEX", NULL, NULL, {"drop index", "ACCESS EXCLUSIVE", 0}},
    {"CREATE TABLE", NULL, NULL, {"create table", NULL, 0}},
    {"DROP TABLE", NULL, NULL, {"drop table", "ACCESS EXCLUSIVE", 0}},
    {"TRUNCATE", NULL, NULL, {"truncate", "ACCESS EXCLUSIVE", 0}},
    {"CLUSTER", NULL, NULL, {"rewrite", "ACCESS EXCLUSIVE", 16.3}},
    {"VACUUM FULL", NULL, NULL, {"rewrite", "ACCESS EXCLUSIVE", 16.3}},
    {"CREATE TRIGGER", NULL, NULL, {"trigger", "SHARE ROW EXCLUSIVE", 0}},
    {"CREATE OR REPLACE TRIGGER", NULL, NULL, {"trigger", "SHARE ROW EXCLUSIVE", 0}},
    {"DROP TRIGGER", NULL, NULL, {"trigger", "ACCESS EXCLUSIVE", 0}},
    {"CREATE POLICY", NULL, NULL, {"policy", "ACCESS EXCLUSIVE", 0}},
    {"DROP POLICY", NULL, NULL, {"policy", "ACCESS EXCLUSIVE", 0}},
    {"ALTER TABLE", "VALIDATE CONSTRAINT", NULL, {"validate", NULL, 0.85}},
    {"ALTER TABLE", "FOREIGN KEY", "NOT VALID", {"foreign key", "SHARE ROW EXCLUSIVE", 0.86}},
    {"ALTER TABLE", "FOREIGN KEY", NULL, {"foreign key", "SHARE ROW EXCLUSIVE", 0.02}},
    {"ALTER TABLE", "USING INDEX", NULL, {"constraint", "ACCESS EXCLUSIVE", 0}},
    {"ALTER TABLE", "SET NOT NULL", NULL, {"set not null", "ACCESS EXCLUSIVE", 0.33}},
    {"ALTER TABLE", "SET DATA TYPE", NULL, {"change type", "ACCESS EXCLUSIVE", 16.3}},
    {"ALTER TABLE",
     "GENERATED ALWAYS AS (",
     NULL,
     {"add computed column", "ACCESS EXCLUSIVE", 15.4}},
    {"ALTER TABLE",
     "DEFAULT gen_random_uuid",
     NULL,
     {"add column, rewrite", "ACCESS EXCLUSIVE", 15.4}},
    {"ALTER TABLE",
     "DEFAULT clock_timestamp",
     NULL,
     {"add column, rewrite", "ACCESS EXCLUSIVE", 15.4}},
    {"ALTER TABLE", "DEFAULT random", NULL, {"add column, rewrite", "ACCESS EXCLUSIVE", 15.4}},
    {"ALTER TABLE", "DEFAULT nextval", NULL, {"add column, rewrite", "ACCESS EXCLUSIVE", 15.4}},
    {"ALTER TABLE", "ADD COLUMN", NULL, {"add column", "ACCESS EXCLUSIVE", 0.02}},
    {"ALTER TABLE", "TYPE", NULL, {"change type", "ACCESS EXCLUSIVE", 16.3}},
    {"ALTER TABLE", "UNIQUE", NULL, {"unique constraint", "ACCESS EXCLUSIVE", 0.9}},
    {"ALTER TABLE", "PRIMARY KEY", NULL, {"primary key", "ACCESS EXCLUSIVE", 0.9}},
    {"ALTER TABLE", "CHECK", "NOT VALID", {"check", "ACCESS EXCLUSIVE", 0.23}},
    {"ALTER TABLE", "CHECK", NULL, {"check", "ACCESS EXCLUSIVE", 0.02}},
    {"ALTER TABLE", NULL, NULL, {"alter table", "ACCESS EXCLUSIVE", 0}},
    {"UPDATE", NULL, NULL, {"update", NULL, 55}},
    {"DELETE FROM", NULL, NULL, {"delete", NULL, 55}},
    {"INSERT INTO", NULL, NULL, {"insert", NULL, 0}},
    {"LOCK", NULL, NULL, {"lock table", "ACCESS EXCLUSIVE", 0}},
    {"SELECT clinicd . protect_table", NULL, NULL, {"protect table", "ACCESS EXCLUSIVE", 0}},
};

/* True when the statement's very first words are these; *behind: where they end. */
static bool begins(const struct statement *statement, const char *words, size_t *behind)
{
    size_t words_n = 1;
    for (const char *c = words; *c; c++)
        words_n += *c == ' ';
    *behind = words_n;
    return statement_find(statement, 0, words) == words_n;
}

static const char *word_copy(struct store *store, const struct token *token)
{
    bool is_quoted = token->kind == TOKEN_NAME || token->kind == TOKEN_STRING;
    return is_quoted ? store_copy(store, token->start + 1, token->length - 2)
                     : store_copy(store, token->start, token->length);
}

/* "[schema .] name" at `at`, without its schema. */
static const char *name_at(struct store *store, const struct statement *statement, size_t at)
{
    const struct token *tokens = statement->tokens;
    while (at < statement->n && (token_is(&tokens[at], "ONLY") || token_is(&tokens[at], "TABLE") ||
                                 token_is(&tokens[at], "IF") || token_is(&tokens[at], "NOT") ||
                                 token_is(&tokens[at], "EXISTS")))
        at++;
    if (at + 2 < statement->n && token_is(&tokens[at + 1], "."))
        at += 2;
    return at < statement->n ? word_copy(store, &tokens[at]) : NULL;
}

/* An index, a trigger or a policy names its table after ON; protect_table() in a string. */
static const char *table_of(struct store *store, const struct statement *statement, size_t behind)
{
    const char *operation = statement->effect.operation;
    size_t on = statement_find(statement, 0, "ON");
    if (strcmp(operation, "protect table") == 0 && behind + 1 < statement->n) {
        const char *target = word_copy(store, &statement->tokens[behind + 1]);
        const char *dot = strrchr(target, '.');
        return dot ? dot + 1 : target;
    }
    if (strcmp(operation, "drop index") == 0)
        return NULL; /* only the catalogue knows whose it is */
    if (strcmp(operation, "create index") == 0 || strcmp(operation, "trigger") == 0 ||
        strcmp(operation, "policy") == 0)
        return on ? name_at(store, statement, on) : NULL;
    return name_at(store, statement, behind);
}

void effect_read(struct store *store, struct statement *statement)
{
    for (size_t i = 0; i < sizeof effects / sizeof effects[0]; i++) {
        size_t behind;
        if (!begins(statement, effects[i].first, &behind) ||
            (effects[i].also && !statement_has(statement, effects[i].also)) ||
            (effects[i].unless && statement_has(statement, effects[i].unless)))
            continue;
        statement->effect = effects[i].effect;
        statement->table = table_of(store, statement, behind);
        return;
    }
}
