/* A migration is one file, db/migrations/NNNN_what.sql, in sections that comments begin:
 *
 *     -- 0001_house.sql
 *     -- migrate: kind=expand tx=yes            (kind: expand backfill contract)
 *     -- section up
 *     …statements…
 *     -- section chunk                          (a backfill in pieces: db/migrate/job.h; up may
 * then …its end… ; …a piece…                      be absent)
 *     -- section verify
 *     SELECT …boolean…;
 *     -- section down loss=none|rows            (may be absent: it cannot be reverted)
 *     …statements…
 *     -- section loss                           (with loss=rows: counts what down would lose)
 *
 * and is split into single statements here, because the runner sends one to a message. Beside them
 * stands roles.sql: a plain list of statements for a superuser, no migration.
 */
#include "db/embed/embed.h"
#include "db/embed/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum section {
    SECTION_UP,
    SECTION_CHUNK,
    SECTION_VERIFY,
    SECTION_DOWN,
    SECTION_LOSS,
    SECTION_COUNT,
    SECTION_NONE
};

static const char *const section_names[SECTION_COUNT] = {"up", "chunk", "verify", "down", "loss"};

struct migration_file {
    struct source source;
    struct tokens sql;
    int version;
    const char *name;
    const char *kind;
    bool in_tx;
    bool loses_rows;
    bool has[SECTION_COUNT];
    size_t statements_n[SECTION_COUNT];
    struct text statements[SECTION_COUNT]; /* as C literals */
};

static const char *file_name(const char *path)
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
        if (!is_known)
            source_refuse(&file->source, at,
                          "the header knows kind=expand|backfill|contract and tx=yes|no, not %.*s",
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
                      "a section is up, chunk, verify, down loss=none, down loss=rows or loss");
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

static void statement_add(struct text *out, const struct tokens *sql, size_t from, size_t to)
{
    const struct token *last = &sql->all[to - 1];
    text_say(out, "    ");
    text_literal(out, sql->all[from].start,
                 (size_t)(last->start + last->length - sql->all[from].start));
    text_say(out, ",\n");
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

static bool file_read(struct store *store, const char *path, struct migration_file *out)
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

static void file_write(const struct migration_file *file, struct text *tables, struct text *rows)
{
    text_say(tables, "\n/* %s */\n", file->source.path);
    for (int i = 0; i < SECTION_COUNT; i++)
        if (file->has[i] || i == SECTION_UP)
            text_say(tables, "static const char *const m%04d_%s[] = {\n%s    NULL,\n};\n",
                     file->version, section_names[i],
                     file->has[i] ? file->statements[i].bytes : "");
    text_say(rows, "    {.version = %d,\n     .name = \"%s\",\n     .kind = \"%s\",\n",
             file->version, file->name, file->kind);
    text_say(rows, "     .in_tx = %s,\n", file->in_tx ? "true" : "false");
    for (int i = 0; i < SECTION_COUNT; i++)
        if (file->has[i] || i == SECTION_UP)
            text_say(rows, "     .%s = m%04d_%s,\n", section_names[i], file->version,
                     section_names[i]);
    text_say(rows, "     .text =\n        ");
    text_literal(rows, file->source.text, file->source.length);
    text_say(rows, "},\n");
}

static bool roles_write(struct store *store, const char *path, struct text *out)
{
    struct source source;
    struct tokens sql;
    if (!source_load(store, path, &source) || !tokens_read(&source, &sql))
        return false;
    size_t i = 0;
    while (i < sql.count) {
        size_t end = tokens_statement_end(&sql, i);
        if (end > i)
            statement_add(out, &sql, i, end);
        i = end + (end < sql.count);
    }
    return true;
}

static int compare_versions(const void *left, const void *right)
{
    const struct migration_file *a = left;
    const struct migration_file *b = right;
    return (a->version > b->version) - (a->version < b->version);
}

/* 1, 2, 3 …: a gap is a file that somebody forgot, a twin two branches that met. */
static bool numbers_check(struct migration_file *files, size_t n)
{
    bool is_good = true;
    for (size_t i = 0; i < n; i++) {
        if (files[i].version == (int)i + 1)
            continue;
        bool is_twin = i > 0 && files[i].version == files[i - 1].version;
        source_refuse(&files[i].source, files[i].source.text,
                      is_twin ? "number %d is taken by another file"
                              : "number %d, but the numbers before it have a gap",
                      files[i].version);
        is_good = false;
        break;
    }
    return is_good;
}

bool embed_migrations(struct store *store, const char *out, char *const paths[], size_t paths_n)
{
    struct migration_file *files = store_take(store, sizeof *files * (paths_n + 1));
    struct text c = {.store = store};
    struct text rows = {.store = store};
    struct text roles = {.store = store};
    bool is_good = true;
    size_t n = 0;
    text_add(&roles, "", 0);
    text_add(&rows, "", 0);
    for (size_t i = 0; i < paths_n; i++) {
        if (strcmp(file_name(paths[i]), "roles.sql") == 0)
            is_good = roles_write(store, paths[i], &roles) && is_good;
        else if (file_read(store, paths[i], &files[n]))
            n++;
        else
            is_good = false;
    }
    qsort(files, n, sizeof *files, compare_versions);
    if (!is_good || !numbers_check(files, n))
        return false;
    text_say(&c, "/* Made by db/embed from db/migrations; not to be edited. */\n"
                 "#include \"db/migrate.h\"\n\n"
                 "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n");
    for (size_t i = 0; i < n; i++)
        file_write(&files[i], &c, &rows);
    text_say(&c, "\nconst struct migration migrations[] = {\n%s    {.version = 0},\n};\n",
             rows.bytes);
    text_say(&c, "\nconst char *const migration_roles[] = {\n%s    NULL,\n};\n", roles.bytes);
    return text_write(&c, out, "migrations.c");
}
