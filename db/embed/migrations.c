/* Migrations become tables of C (db/migrate.h); what one file must be: migration_file.h. */
#include "db/embed/embed.h"
#include "db/embed/migration_file.h"

#include <stdlib.h>
#include <string.h>

/* What is no plain list of statements. */
static void asides_write(const struct migration_file *file, struct text *tables, struct text *rows)
{
    if (file->has[SECTION_PRECHECK]) {
        text_say(tables,
                 "static const struct precheck m%04d_precheck[] = {\n%s    {.sql = NULL},\n};\n",
                 file->version, file->statements[SECTION_PRECHECK].bytes);
        text_say(rows, "     .precheck = m%04d_precheck,\n", file->version);
    }
    if (file->needs_n == 0)
        return;
    text_say(tables, "static const int m%04d_needs[] = {", file->version);
    for (size_t i = 0; i < file->needs_n; i++)
        text_say(tables, "%d, ", file->needs[i]);
    text_say(tables, "0};\n");
    text_say(rows, "     .needs = m%04d_needs,\n", file->version);
}

static void file_write(const struct migration_file *file, struct text *tables, struct text *rows)
{
    text_say(tables, "\n/* %s */\n", file->source.path);
    for (int i = SECTION_UP; i < SECTION_COUNT; i++)
        if (file->has[i] || i == SECTION_UP)
            text_say(tables, "static const char *const m%04d_%s[] = {\n%s    NULL,\n};\n",
                     file->version, section_names[i],
                     file->has[i] ? file->statements[i].bytes : "");
    text_say(rows, "    {.version = %d,\n     .name = \"%s\",\n     .kind = \"%s\",\n",
             file->version, file->name, file->kind);
    text_say(rows, "     .in_tx = %s,\n", file->in_tx ? "true" : "false");
    asides_write(file, tables, rows);
    for (int i = SECTION_UP; i < SECTION_COUNT; i++)
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

/* Files are applied in the order of their numbers, so whatever is needed has a smaller one; a
 * circle has one at least that does not. */
static bool needs_check(struct migration_file *files, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < files[i].needs_n; k++) {
            int needed = files[i].needs[k];
            if (needed < 1 || needed > (int)n)
                source_refuse(&files[i].source, files[i].source.text,
                              "needs=%04d, which is not there", needed);
            else if (needed >= files[i].version)
                source_refuse(&files[i].source, files[i].source.text,
                              "needs=%04d, which is not applied before it", needed);
        }
    for (size_t i = 0; i < n; i++)
        if (files[i].source.refusals > 0)
            return false;
    return true;
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
        else if (migration_file_read(store, paths[i], &files[n]))
            n++;
        else
            is_good = false;
    }
    qsort(files, n, sizeof *files, compare_versions);
    if (!is_good || !numbers_check(files, n) || !needs_check(files, n))
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
