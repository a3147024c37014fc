#include "db/embed/query_file.h"

#include <string.h>

/* models/patient/find.sql -> patient_find; db/sql/context.sql -> db_context. */
static const char *name_of(struct source *source)
{
    const char *path = source->path;
    const char *file = strrchr(path, '/');
    const char *folder_end = file;
    const char *folder = file;
    file = file ? file + 1 : path;
    while (folder && folder > path && folder[-1] != '/')
        folder--;
    if (folder && folder_end - folder == 3 && strncmp(folder, "sql", 3) == 0 && folder > path) {
        folder_end = --folder;
        while (folder > path && folder[-1] != '/')
            folder--;
    }
    size_t length = strlen(file);
    if (!folder || folder == folder_end || length < 5 || strcmp(file + length - 4, ".sql") != 0) {
        source_refuse(source, source->text, "a query is called folder/name.sql");
        return NULL;
    }
    struct text name = {.store = source->store};
    text_say(&name, "%.*s_%.*s", (int)(folder_end - folder), folder, (int)length - 4, file);
    if (strspn(name.bytes, "abcdefghijklmnopqrstuvwxyz_0123456789") != name.length) {
        source_refuse(source, source->text, "a query's name has only a-z, 0-9 and _");
        return NULL;
    }
    return name.bytes;
}

/* Drops the ';' at the end; what stands behind it is a second statement. */
static void statement_end(struct query_file *query)
{
    for (size_t i = 0; i < query->sql.count; i++) {
        if (!token_is(&query->sql.all[i], ";"))
            continue;
        if (i + 1 < query->sql.count)
            source_refuse(&query->source, query->sql.all[i + 1].start,
                          "a second statement: a query is one");
        query->sql.count = i;
        query->sql.all[i].kind = TOKEN_END;
        query->sql.all[i].length = 0;
    }
    if (query->sql.count == 0)
        source_refuse(&query->source, query->source.text, "there is no statement");
}

/* Behind the list of a WITH: the first verb that follows a closed parenthesis. */
static size_t main_find(const struct query_file *query)
{
    static const char *const verbs[] = {"SELECT", "INSERT", "UPDATE", "DELETE", "VALUES", "("};
    int depth = 0;
    if (query->sql.count == 0 || !token_is(&query->sql.all[0], "WITH"))
        return 0;
    for (size_t i = 1; i < query->sql.count; i++) {
        const struct token *token = &query->sql.all[i];
        if (depth == 0 && token_is(&query->sql.all[i - 1], ")"))
            for (size_t v = 0; v < sizeof verbs / sizeof verbs[0]; v++)
                if (token_is(token, verbs[v]))
                    return i;
        depth += token_is(token, "(") - token_is(token, ")");
    }
    return 0;
}

bool query_file_read(struct store *store, const char *path, struct query_file *out)
{
    struct query_file query = {.name = NULL};
    if (!source_load(store, path, &query.source))
        return false;
    query.name = name_of(&query.source);
    query_header_read(&query);
    if (!query.name || !tokens_read(&query.source, &query.sql))
        return false;
    statement_end(&query);
    query.main_at = main_find(&query);
    if (query.sql.count > 0)
        query_check(&query);
    if (query.source.refusals > 0)
        return false;
    *out = query;
    return true;
}
