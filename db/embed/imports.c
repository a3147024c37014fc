/* The mapping of legacy tables: db/import/NN_name.sql become import_steps[], db/import/run_*.sql
 * lists of statements (format: db/import/steps.h). */
#include "db/embed/embed.h"
#include "db/embed/token.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { SECTIONS = 5, KEYS = 4 };
static const char *const section_names[SECTIONS] = {"load", "check", "touched", "undo", "files"};
static const char *const key_names[KEYS] = {"import: table=", "where: ", "extra: ", "leave: "};
static const char *const key_members[KEYS] = {"table", "where", "extra", "leave"};

struct import_file {
    struct source source;
    struct tokens sql;
    const char *name; /* "patient" of 05_patient.sql, "run_make" of run_make.sql */
    bool is_step;
    const char *keys[KEYS];
    struct text lists[SECTIONS];
};

static void name_read(struct import_file *file)
{
    const char *slash = strrchr(file->source.path, '/');
    const char *name = slash ? slash + 1 : file->source.path;
    size_t length = strlen(name);
    file->is_step =
        isdigit((unsigned char)name[0]) && isdigit((unsigned char)name[1]) && name[2] == '_';
    size_t skip = file->is_step ? 3 : 0;
    if (length < skip + 5 || (!file->is_step && strncmp(name, "run_", 4) != 0))
        source_refuse(&file->source, file->source.text,
                      "a mapping is called NN_name.sql or run_name.sql");
    else
        file->name = store_copy(file->source.store, name + skip, length - skip - 4);
}

/* Lines of the header and of sections are comments: they stand in the gaps between tokens. */
static void gap_read(struct import_file *file, const struct token *token, int *section)
{
    for (const char *at = token->gap; at < token->start;) {
        size_t length = strcspn(at, "\n");
        for (int i = 0; i < KEYS; i++) {
            size_t word = strlen(key_names[i]);
            if (strncmp(at, "-- ", 3) == 0 && strncmp(at + 3, key_names[i], word) == 0)
                file->keys[i] = store_copy(file->source.store, at + 3 + word, length - 3 - word);
        }
        if (strncmp(at, "-- section ", 11) == 0) {
            *section = -1;
            for (int i = 0; i < SECTIONS; i++)
                if (strncmp(at + 11, section_names[i], length - 11) == 0 &&
                    strlen(section_names[i]) == length - 11)
                    *section = i;
            if (*section < 0)
                source_refuse(&file->source, at,
                              "a section is load, check, touched, undo or files");
        }
        at += length + 1;
    }
}

static int params_count(const struct tokens *sql, size_t from, size_t to)
{
    int most = 0;
    for (size_t i = from; i < to; i++) {
        int number = sql->all[i].kind == TOKEN_PARAM ? atoi(sql->all[i].start + 1) : 0;
        most = number > most ? number : most;
    }
    return most;
}

static void statements_read(struct import_file *file)
{
    int section = file->is_step ? -1 : 0;
    for (size_t i = 0; i < file->sql.count;) {
        size_t end = i;
        gap_read(file, &file->sql.all[i], &section);
        while (end < file->sql.count && !token_is(&file->sql.all[end], ";"))
            end++;
        if (section < 0 || end == file->sql.count) {
            source_refuse(&file->source, file->sql.all[i].start,
                          section < 0 ? "a statement stands in no section"
                                      : "the statement has no ';'");
            return;
        }
        const struct token *last = &file->sql.all[end - 1];
        text_say(&file->lists[section], "    {\n        ");
        text_literal(&file->lists[section], file->sql.all[i].start,
                     (size_t)(last->start + last->length - file->sql.all[i].start));
        text_say(&file->lists[section], ",\n        %d},\n", params_count(&file->sql, i, end));
        i = end + 1;
    }
}

static bool file_read(struct store *store, const char *path, struct import_file *out)
{
    struct import_file file = {.name = NULL};
    if (!source_load(store, path, &file.source) || !tokens_read(&file.source, &file.sql))
        return false;
    for (int i = 0; i < SECTIONS; i++)
        file.lists[i].store = store;
    name_read(&file);
    statements_read(&file);
    if (file.is_step && !file.keys[0])
        source_refuse(&file.source, file.source.text,
                      "the header \"-- import: table=…\" is missing");
    for (int i = 0; i < 2 && file.is_step; i++)
        if (file.lists[i].length == 0)
            source_refuse(&file.source, file.source.text, "section %s is missing",
                          section_names[i]);
    *out = file;
    return file.source.refusals == 0;
}

static void file_write(const struct import_file *file, struct text *tables, struct text *rows)
{
    text_say(tables, "\n/* %s */\n", file->source.path);
    if (!file->is_step) {
        text_say(tables, "const struct import_statement import_%s[] = {\n%s    {NULL, 0},\n};\n",
                 file->name, file->lists[0].bytes);
        return;
    }
    text_say(rows, "    {.name = \"%s\",\n", file->name);
    for (int i = 0; i < KEYS; i++) {
        if (!file->keys[i])
            continue;
        text_say(rows, "     .%s = ", key_members[i]);
        text_literal(rows, file->keys[i], strlen(file->keys[i]));
        text_say(rows, ",\n");
    }
    for (int i = 0; i < SECTIONS; i++) {
        if (file->lists[i].length == 0)
            continue;
        text_say(tables, "static const struct import_statement %s_%s[] = {\n%s    {NULL, 0},\n};\n",
                 file->name, section_names[i], file->lists[i].bytes);
        text_say(rows, "     .%s = %s_%s,\n", section_names[i], file->name, section_names[i]);
    }
    text_say(rows, "    },\n");
}

bool embed_imports(struct store *store, const char *out, char *const paths[], size_t paths_n)
{
    struct text all = {.store = store}, rows = {.store = store};
    bool is_good = true;
    text_say(&all, "/* Made by db/embed/imports.c. */\n#include \"db/import/steps.h\"\n\n#include "
                   "<stddef.h>\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n");
    for (size_t i = 0; i < paths_n;
         i++) { /* in the order of their numbers, as the build sorts them */
        struct import_file file;
        if (file_read(store, paths[i], &file))
            file_write(&file, &all, &rows);
        else
            is_good = false;
    }
    text_say(&all, "\nconst struct import_step import_steps[] = {\n%s    {.name = NULL},\n};\n",
             rows.bytes);
    return is_good && text_write(&all, out, "imports.c");
}
