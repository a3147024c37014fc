#include "db/embed/migration_file.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const section_names[SECTION_COUNT] = {"precheck", "up",   "chunk",
                                                  "verify",   "down", "loss"};

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* 0001_house.sql: four digits, a name. */
static void name_read(struct migration_file *file)
{
    const char *name = file_name(file->source.path);
    size_t length = strlen(name);
    size_t digits = strspn(name, "0123456789");
    size_t word = strspn(name + digits, "abcdefghijklmnopqrstuvwxyz_0123456789");
    if (digits != 4 || name[4] != '_' || word < 2 || digits + word + 4 != length ||
        strcmp(name + digits + word, ".sql") != 0) {
        source_refuse(&file->source, file->source.text, "a migration is called NNNN_what.sql");
        return;
    }
    file->version = atoi(name);
    file->name = store_copy(file->source.store, name + 5, length - 5 - 4);
}

static bool word_is(const char *at, size_t length, const char *word)
{
    return length == strlen(word) && strncmp(at, word, length) == 0;
}

/* "0003,0005": files that must be applied before. */
static bool needs_read(struct migration_file *file, const char *at, size_t length)
{
    const char *end = at + length;
    while (at < end) {
        size_t digits = strspn(at, "0123456789");
        if (digits != 4 || file->needs_n == NEEDS_MAX || (at + 4 < end && at[4] != ','))
            return false;
        file->needs[file->needs_n++] = atoi(at);
        at += 5;
    }
    return file->needs_n > 0 && end[-1] != ',';
}

/* "kind=expand tx=yes" up to the line's end. */
static void header_read(struct migration_file *file, const char *at, const char *end)
{
    static const char *const kinds[] = {"expand", "backfill", "contract"};
    bool has_tx = false;
    if (file->kind)
        source_refuse(&file->source, at, "the header is said twice");
    while (at < end) {
        at += strspn(at, " \t\r");
        size_t length = strcspn(at, " \t\r\n");
        if (length == 0)
            break;
        bool is_known = false;
        for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
            if (strncmp(at, "kind=", 5) == 0 && word_is(at + 5, length - 5, kinds[i])) {
                file->kind = kinds[i];
                is_known = true;
            }
        }
        if (word_is(at, length, "tx=yes") || word_is(at, length, "tx=no")) {
            has_tx = is_known = true;
            file->in_tx = at[3] == 'y';
        }
        if (strncmp(at, "needs=", 6) == 0)
            is_known = needs_read(file, at + 6, length - 6);
        if (!is_known)
            source_refuse(&file->source, at,
                          "the header knows kind=expand|backfill|contract, tx=yes|no and "
                          "needs=NNNN,NNNN, not %.*s",
                          (int)length, at);
        at += length;
    }
    if (!file->kind)
        source_refuse(&file->source, end, "the header has no kind=");
    if (!has_tx)
        source_refuse(&file->source, end, "the header has no tx=");
}

/* "down loss=rows" up to the line's end. */
static enum section section_read(struct migration_file *file, const char *at, const char *end)
{
    size_t length = strcspn(at, " \t\r\n");
    enum section section = SECTION_NONE;
    for (int i = 0; i < SECTION_COUNT; i++)
        if (word_is(at, length, section_names[i]))
            section = (enum section)i;
    const char *rest = at + length;
    while (rest < end && isspace((unsigned char)*rest))
        rest++;
    const char *last = end;
    while (last > rest && isspace((unsigned char)last[-1]))
        last--;
    size_t rest_n = (size_t)(last - rest);
    bool is_said = section == SECTION_DOWN
                       ? word_is(rest, rest_n, "loss=none") || word_is(rest, rest_n, "loss=rows")
                       : rest_n == 0;
    if (section == SECTION_NONE || !is_said) {
        source_refuse(&file->source, at,
                      "a section is precheck, up, chunk, verify, down loss=none, down loss=rows or "
                      "loss");
        return SECTION_NONE;
    }
    if (file->has[section])
        source_refuse(&file->source, at, "section %s is there twice", section_names[section]);
    file->has[section] = true;
    if (section == SECTION_DOWN)
        file->loses_rows = word_is(rest, rest_n, "loss=rows");
    return section;
}

/* Header and section lines are comments, so they stand in the gaps between tokens. */
static void gap_read(struct migration_file *file, const struct token *token, enum section *section)
{
    const char *at = token->gap;
    while (at < token->start) {
        const char *end = at + strcspn(at, "\n");
        if (end > token->start)
            end = token->start;
        if (strncmp(at, "-- section ", 11) == 0)
            *section = section_read(file, at + 11, end);
        else if (strncmp(at, "-- migrate:", 11) == 0)
            header_read(file, at + 11, end);
        at = end < token->start ? end + 1 : end;
    }
}

/* A section that begins inside a statement: somebody forgot a ';'. */
static void inside_check(struct migration_file *file, const struct token *token)
{
    for (const char *at = token->gap; at < token->start; at++)
        if (at[0] == '\n' && strncmp(at + 1, "-- section ", 11) == 0)
            source_refuse(&file->source, at + 1, "the statement before this section has no ';'");
}

static bool has_text(const struct token *token, const char *text)
{
    struct token at = *token;
    size_t length = strlen(text);
    at.kind = TOKEN_WORD;
    for (at.length = length; at.start + length <= token->start + token->length; at.start++)
        if (token_is(&at, text) && strncmp(at.start + length, "_active", 7) != 0)
            return true;
    return false;
}

static void token_check(struct migration_file *file, const struct token *token, bool is_first)
{
    if (has_text(token, "row_security"))
        source_refuse(&file->source, token->start,
                      "row_security is set by the runner; a file never touches it");
    if (file->in_tx && token->kind == TOKEN_WORD &&
        (token_is(token, "CONCURRENTLY") || (is_first && token_is(token, "VACUUM"))))
        source_refuse(&file->source, token->start, "tx=yes, but %.*s cannot be in a transaction",
                      (int)token->length, token->start);
    if (is_first && (token_is(token, "BEGIN") || token_is(token, "COMMIT") ||
                     token_is(token, "ROLLBACK") || token_is(token, "START")))
        source_refuse(&file->source, token->start, "the runner begins and ends transactions");
}

void statement_add(struct text *out, const struct tokens *sql, size_t from, size_t to)
{
    const struct token *last = &sql->all[to - 1];
    text_say(out, "    ");
    text_literal(out, sql->all[from].start,
                 (size_t)(last->start + last->length - sql->all[from].start));
    text_say(out, ",\n");
}

/* What stands behind "-- finds: " in the comments before a statement; NULL: nothing. */
static const char *note_read(const struct migration_file *file, const struct token *token,
                             const char *mark)
{
    const char *found = NULL;
    size_t length = strlen(mark);
    for (const char *at = token->gap; at < token->start; at += strcspn(at, "\n") + 1)
        if (strncmp(at, mark, length) == 0 && at[length] != '\n')
            found = store_copy(file->source.store, at + length, strcspn(at + length, "\n"));
    return found;
}

/* One question about the data, with the words for its answer. */
static void precheck_add(struct migration_file *file, size_t from, size_t to)
{
    const struct token *first = &file->sql.all[from], *last = &file->sql.all[to - 1];
    struct text *out = &file->statements[SECTION_PRECHECK];
    const char *finds = note_read(file, first, "-- finds: ");
    const char *cure = note_read(file, first, "-- cure: ");
    if (!token_is(first, "SELECT") && !token_is(first, "WITH"))
        source_refuse(&file->source, first->start, "a precheck only asks: SELECT or WITH");
    if (!finds || !cure) {
        source_refuse(&file->source, first->start,
                      "a precheck says \"-- finds: what\" and \"-- cure: how\" before it");
        return;
    }
    text_say(out, "    {.sql = ");
    text_literal(out, first->start, (size_t)(last->start + last->length - first->start));
    text_say(out, ",\n     .finds = ");
    text_literal(out, finds, strlen(finds));
    text_say(out, ",\n     .cure = ");
    text_literal(out, cure, strlen(cure));
    text_say(out, "},\n");
}

static void statements_read(struct migration_file *file)
{
    enum section section = SECTION_NONE;
    size_t i = 0;
    while (i < file->sql.count) {
        size_t end = tokens_statement_end(&file->sql, i);
        gap_read(file, &file->sql.all[i], &section);
        if (end > i && section == SECTION_NONE) {
            source_refuse(&file->source, file->sql.all[i].start,
                          "a statement stands in no section");
            return;
        }
        for (size_t t = i; t < end; t++)
            token_check(file, &file->sql.all[t], t == i);
        for (size_t t = i + 1; t <= end && end > i; t++)
            inside_check(file, &file->sql.all[t]);
        if (end > i) {
            if (section == SECTION_PRECHECK)
                precheck_add(file, i, end);
            else
                statement_add(&file->statements[section], &file->sql, i, end);
            file->statements_n[section]++;
        }
        i = end + (end < file->sql.count);
    }
    gap_read(file, &file->sql.all[file->sql.count], &section);
}

static bool is_needed(const struct migration_file *file, enum section section)
{
    return section == SECTION_VERIFY || (section == SECTION_UP && !file->has[SECTION_CHUNK]);
}

static void chunk_check(struct migration_file *file)
{
    const char *top = file->source.text;
    if (!file->has[SECTION_CHUNK])
        return;
    if (file->statements_n[SECTION_CHUNK] != 2)
        source_refuse(&file->source, top, "section chunk is two statements: the end, and a piece");
    if (file->in_tx || !file->kind || strcmp(file->kind, "backfill") != 0)
        source_refuse(&file->source, top, "section chunk is for kind=backfill tx=no");
}

static void file_check(struct migration_file *file)
{
    const char *top = file->source.text;
    const char *name = file_name(file->source.path);
    size_t length = strlen(name);
    if (strncmp(top, "-- ", 3) != 0 || strncmp(top + 3, name, length) != 0 ||
        top[3 + length] != '\n')
        source_refuse(&file->source, top, "the first line is not \"-- %s\"", name);
    if (!file->kind)
        source_refuse(&file->source, top, "the header \"-- migrate: kind=… tx=…\" is missing");
    for (int i = 0; i < SECTION_COUNT; i++)
        if (file->has[i] ? file->statements_n[i] == 0 : is_needed(file, (enum section)i))
            source_refuse(&file->source, top, "section %s is %s", section_names[i],
                          file->has[i] ? "empty" : "missing");
    chunk_check(file);
    if (file->loses_rows != file->has[SECTION_LOSS])
        source_refuse(&file->source, top,
                      "down loss=rows and section loss belong together, one is missing");
}

bool migration_file_read(struct store *store, const char *path, struct migration_file *out)
{
    struct migration_file file = {.version = 0};
    if (!source_load(store, path, &file.source) || !tokens_read(&file.source, &file.sql))
        return false;
    for (int i = 0; i < SECTION_COUNT; i++)
        file.statements[i].store = store;
    name_read(&file);
    statements_read(&file);
    file_check(&file);
    *out = file;
    return file.source.refusals == 0;
}
