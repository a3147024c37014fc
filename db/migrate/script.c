#include "db/migrate/script.h"

#include "db/migrate/effect.h"

#include <string.h>

static bool line_begins(const char *at, const char *end, const char *word)
{
    size_t length = strlen(word);
    return (size_t)(end - at) >= length && strncmp(at, word, length) == 0;
}

static enum script_section section_named(const char *at)
{
    static const char *const names[] = {"precheck", "up", "chunk", "verify", "down", "loss"};
    size_t length = strcspn(at, " \t\r\n");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strlen(names[i]) == length && strncmp(at, names[i], length) == 0)
            return (enum script_section)i;
    return SCRIPT_NONE;
}

/* "kind=expand tx=no", at any place of the line. */
static void header_read(struct script *script, const char *at, const char *end)
{
    for (; at < end; at++) {
        if (line_begins(at, end, "tx=no"))
            script->in_tx = false;
        if (line_begins(at, end, "kind="))
            script->kind = store_copy(script->source.store, at + 5, strcspn(at + 5, " \t\r\n"));
    }
}

/* Header and section lines are comments: they stand in the gap before a token. */
static void gap_read(struct script *script, const struct token *token, enum script_section *section)
{
    for (const char *at = token->gap; at < token->start;) {
        size_t length = strcspn(at, "\n");
        const char *end = at + length < token->start ? at + length : token->start;
        if (line_begins(at, end, "-- section "))
            *section = section_named(at + strlen("-- section "));
        else if (line_begins(at, end, "-- migrate:"))
            header_read(script, at, end);
        at = end < token->start ? end + 1 : end;
    }
}

static int line_of(const struct script *script, const char *at)
{
    int line = 1;
    for (const char *c = script->source.text; c < at; c++)
        line += *c == '\n';
    return line;
}

static bool is_made_before(const struct script *script, const char *table)
{
    for (size_t i = 0; table && i < script->n; i++) {
        const struct statement *before = &script->statements[i];
        if (before->table && before->section == SCRIPT_UP &&
            strcmp(before->effect.operation, "create table") == 0 &&
            strcmp(before->table, table) == 0)
            return true;
    }
    return false;
}

static void statement_add(struct script *script, const struct tokens *sql, size_t from, size_t to,
                          enum script_section section)
{
    struct statement *statement = &script->statements[script->n];
    int number = 1;
    for (size_t i = 0; i < script->n; i++)
        number += script->statements[i].section == section;
    *statement = (struct statement){.section = section,
                                    .number = number,
                                    .line = line_of(script, sql->all[from].start),
                                    .tokens = &sql->all[from],
                                    .n = to - from};
    effect_read(script->source.store, statement);
    statement->is_new = is_made_before(script, statement->table);
    script->n++;
}

bool script_read(struct store *store, const char *path, const char *text, struct script *out)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    struct tokens sql;
    struct script script = {
        .source = {.store = store, .path = path, .text = text, .length = strlen(text)},
        .name = store_copy(store, name, strcspn(name, ".")),
        .kind = "",
        .in_tx = true};
    if (!tokens_read(&script.source, &sql))
        return false;
    enum script_section section = SCRIPT_NONE;
    script.statements = store_take(store, (sql.count + 1) * sizeof *script.statements);
    for (size_t i = 0; i < sql.count;) {
        size_t end = tokens_statement_end(&sql, i);
        gap_read(&script, &sql.all[i], &section);
        if (end > i)
            statement_add(&script, &sql, i, end, section);
        i = end + (end < sql.count);
    }
    *out = script;
    return true;
}

static bool words_follow(const struct statement *statement, size_t at, const char *words,
                         size_t *behind)
{
    char word[64];
    while (*words) {
        size_t length = strcspn(words, " ");
        if (at >= statement->n || length >= sizeof word)
            return false;
        memcpy(word, words, length);
        word[length] = '\0';
        if (!token_is(&statement->tokens[at++], word))
            return false;
        words += length + (words[length] == ' ');
    }
    *behind = at;
    return true;
}

size_t statement_find(const struct statement *statement, size_t at, const char *words)
{
    size_t behind = 0;
    for (; at < statement->n; at++)
        if (words_follow(statement, at, words, &behind))
            return behind;
    return 0;
}

const char *statement_waiver(struct store *store, const struct statement *statement,
                             const char *rule)
{
    static const char mark[] = "-- lint: allow ";
    const struct token *first = &statement->tokens[0];
    for (const char *at = first->gap; at < first->start; at++) {
        if (!line_begins(at, first->start, mark))
            continue;
        const char *said = at + strlen(mark);
        size_t length = strcspn(said, " \n");
        const char *reason = said + length;
        if (strlen(rule) != length || strncmp(said, rule, length) != 0 ||
            !line_begins(reason, first->start, " reason=\""))
            continue;
        reason += strlen(" reason=\"");
        size_t reason_n = strcspn(reason, "\"\n");
        if (reason_n > 0)
            return store_copy(store, reason, reason_n);
    }
    return NULL;
}

static bool statement_is_same(const struct statement *one, const struct statement *other)
{
    if (one->section != other->section || one->n != other->n)
        return false;
    for (size_t i = 0; i < one->n; i++)
        if (one->tokens[i].length != other->tokens[i].length ||
            strncmp(one->tokens[i].start, other->tokens[i].start, one->tokens[i].length) != 0)
            return false;
    return true;
}

bool script_is_same(const char *one, const char *other)
{
    struct store store CLEANUP(store_end) = {0};
    struct script left, right;
    if (!script_read(&store, "", one, &left) || !script_read(&store, "", other, &right))
        return false;
    if (left.in_tx != right.in_tx || strcmp(left.kind, right.kind) != 0 || left.n != right.n)
        return false;
    for (size_t i = 0; i < left.n; i++)
        if (!statement_is_same(&left.statements[i], &right.statements[i]))
            return false;
    return true;
}
