/* Files of statements that are no queries of the service: folder/name.sql becomes the array
 * folder_name[] of gen/lists.h, each statement with its number of parameters, as it stands. For the
 * operator's tools, which run them one to a message. */
#include "db/embed/embed.h"
#include "db/embed/token.h"

#include <stdlib.h>
#include <string.h>

/* "verify_rows" of db/verify/rows.sql. */
static const char *list_name(struct store *store, const char *path)
{
    const char *file = strrchr(path, '/');
    const char *folder = file;
    if (!file)
        return NULL;
    while (folder > path && folder[-1] != '/')
        folder--;
    size_t stem = strcspn(file + 1, ".");
    char *name = store_copy(store, folder, (size_t)(file - folder) + 1 + stem);
    name[file - folder] = '_';
    return name;
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

static void statements_write(struct source *source, const struct tokens *sql, struct text *out)
{
    for (size_t i = 0; i < sql->count;) {
        size_t end = tokens_statement_end(sql, i);
        if (end == i || end == sql->count) {
            source_refuse(source, sql->all[i].start,
                          end == i ? "an empty statement" : "the statement has no ';'");
            return;
        }
        const struct token *last = &sql->all[end - 1];
        text_say(out, "    {\n        ");
        text_literal(out, sql->all[i].start,
                     (size_t)(last->start + last->length - sql->all[i].start));
        text_say(out, ",\n        %d},\n", params_count(sql, i, end));
        i = end + 1;
    }
}

static bool list_write(struct store *store, const char *path, struct text *code,
                       struct text *header)
{
    struct source source;
    struct tokens sql;
    const char *name = list_name(store, path);
    if (!name || !source_load(store, path, &source) || !tokens_read(&source, &sql))
        return false;
    text_say(header, "extern const struct list_statement %s[]; /* %s */\n", name, path);
    text_say(code, "\nconst struct list_statement %s[] = {\n", name);
    statements_write(&source, &sql, code);
    text_say(code, "    {NULL, 0},\n};\n");
    return source.refusals == 0;
}

bool embed_lists(struct store *store, const char *out, char *const paths[], size_t paths_n)
{
    struct text code = {.store = store}, header = {.store = store};
    bool is_good = true;
    text_say(&code, "/* Made by db/embed/lists.c. */\n#include \"gen/lists.h\"\n\n#include "
                    "<stddef.h>\n\n#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n");
    text_say(&header, "/* Made by db/embed/lists.c. */\n#ifndef GEN_LISTS_H\n#define GEN_LISTS_H\n"
                      "\nstruct list_statement {\n    const char *sql; /* NULL: the end of the "
                      "list */\n    int params;\n};\n\n");
    for (size_t i = 0; i < paths_n; i++)
        is_good = list_write(store, paths[i], &code, &header) && is_good;
    text_say(&header, "\n#endif\n");
    return is_good && text_write(&code, out, "lists.c") && text_write(&header, out, "lists.h");
}
