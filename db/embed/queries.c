#include "db/embed/embed.h"
#include "db/embed/query_file.h"

#include <stdio.h>
#include <string.h>

static const char opening_h[] =
    "/* Made by db/embed from the .sql files; not to be edited. */\n"
    "#ifndef GEN_QUERIES_H\n#define GEN_QUERIES_H\n\n#include \"db/query.h\"\n";

/* ISO C promises only 4095 bytes of a literal; both our compilers take any. */
static const char opening_c[] = "/* Made by db/embed from the .sql files; not to be edited. */\n"
                                "#include \"queries.h\"\n\n"
                                "#pragma GCC diagnostic ignored \"-Woverlength-strings\"\n";

/* The query among the first n that has this name already, or NULL. */
static const struct query_file *find_twin(const struct query_file *files, size_t n,
                                          const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(files[i].name, name) == 0)
            return &files[i];
    return NULL;
}

bool embed_queries(struct store *store, const char *out, enum query_gap gap, char *const paths[],
                   size_t paths_n)
{
    struct query_file *files = store_take(store, sizeof *files * (paths_n + 1));
    struct text h = {.store = store};
    struct text c = {.store = store};
    struct text all = {.store = store};
    bool is_good = true;
    size_t n = 0;
    text_say(&h, "%s", opening_h);
    text_say(&c, "%s", opening_c);
    text_say(&all, "\nconst struct query *const queries[] = {\n");
    for (size_t i = 0; i < paths_n; i++) {
        struct query_file *file = &files[n];
        if (!query_file_read(store, paths[i], file)) {
            is_good = false;
            continue;
        }
        if (find_twin(files, n, file->name))
            source_refuse(&file->source, file->source.text, "another file makes q_%s too: %s",
                          file->name, find_twin(files, n, file->name)->source.path);
        query_write_h(file, &h);
        query_write_c(file, gap, &c);
        text_say(&all, "    &q_%s,\n", file->name);
        is_good = is_good && file->source.refusals == 0;
        n++;
    }
    text_say(&h, "\n#endif\n");
    text_say(&c, "%s    NULL,\n};\n", all.bytes);
    return is_good && text_write(&h, out, "queries.h") && text_write(&c, out, "queries.c");
}
