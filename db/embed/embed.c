/* embed queries [--without-wall-1 | --without-patient] --out DIR FILES…
 * embed migrations --out DIR FILES…
 * embed imports --out DIR FILES…
 * embed lists --out DIR FILES… */
#include "db/embed/embed.h"

#include <stdio.h>
#include <string.h>

static int usage(void)
{
    fprintf(stderr,
            "usage: embed queries [--without-wall-1 | --without-patient] --out DIR FILES...\n"
            "       embed migrations --out DIR FILES...\n"
            "       embed imports --out DIR FILES...\n"
            "       embed lists --out DIR FILES...\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct store store CLEANUP(store_end) = {0};
    enum query_gap gap = GAP_NONE;
    const char *out = NULL;
    int at = 2;
    for (; at < argc && strncmp(argv[at], "--", 2) == 0; at++) {
        if (strcmp(argv[at], "--without-wall-1") == 0)
            gap = GAP_WALL_1;
        else if (strcmp(argv[at], "--without-patient") == 0)
            gap = GAP_PATIENT;
        else if (strcmp(argv[at], "--out") == 0 && at + 1 < argc)
            out = argv[++at];
        else
            return usage();
    }
    if (argc < 2 || !out)
        return usage();
    size_t files_n = (size_t)(argc - at);
    if (strcmp(argv[1], "queries") == 0)
        return embed_queries(&store, out, gap, argv + at, files_n) ? 0 : 1;
    if (strcmp(argv[1], "migrations") == 0 && gap == GAP_NONE)
        return embed_migrations(&store, out, argv + at, files_n) ? 0 : 1;
    if (strcmp(argv[1], "imports") == 0 && gap == GAP_NONE)
        return embed_imports(&store, out, argv + at, files_n) ? 0 : 1;
    if (strcmp(argv[1], "lists") == 0 && gap == GAP_NONE)
        return embed_lists(&store, out, argv + at, files_n) ? 0 : 1;
    return usage();
}
