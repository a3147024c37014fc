/* bundle --out DIR FILES…: DIR/openapi.json for people and tools, DIR/document.c for the program.
 */
#include "openapi/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_TEXT = 4096 };

static char *read_file(const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    size_t room = 0, read;

    *length = 0;
    if (file == NULL)
        return NULL;
    do {
        if (room - *length < 4096) {
            room = room * 2 + 8192;
            char *grown = realloc(text, room);
            if (grown == NULL)
                abort();
            text = grown;
        }
        read = fread(text + *length, 1, room - *length, file);
        *length += read;
    } while (read > 0);
    fclose(file);
    return text;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

/* openapi.yaml first, so that the document begins as documents do; then in the order given. */
static void add_files(struct bundle *bundle, char *const *paths, int n)
{
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < n; i++) {
            const char *file = base_name(paths[i]);
            if ((strcmp(file, "openapi.yaml") == 0) != (pass == 0))
                continue;
            size_t length;
            char *text = read_file(paths[i], &length);
            if (text == NULL)
                bundle_complain(bundle, paths[i], "cannot be read: %s", strerror(errno));
            else
                bundle_add(bundle, file, text, length);
            free(text);
        }
    }
}

static bool write_json(FILE *file, const char *text)
{
    return fputs(text, file) >= 0 && fputc('\n', file) >= 0;
}

/* Numbers, because a C compiler need not take a string literal of more than 4095 bytes. */
static bool write_c(FILE *file, const char *text)
{
    size_t length = strlen(text);

    fputs("/* Made by openapi/bundle.c from the YAML beside it. */\n"
          "#include \"api/http/document.h\"\n\n"
          "const char document_bytes[] = {\n",
          file);
    for (size_t i = 0; i <= length; i++)
        fprintf(file, "%d,%s", text[i], i % 24 == 23 ? "\n" : "");
    fprintf(file, "};\n\nconst size_t document_bytes_n = %zu;\n", length);
    return !ferror(file);
}

static bool write_out(const char *folder, const char *name, json_t *document, size_t flags,
                      bool (*write)(FILE *file, const char *text))
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    char *text = json_dumps(document, flags | JSON_REAL_PRECISION(15));
    FILE *file = fopen(path, "wb");
    bool is_done = text != NULL && file != NULL && write(file, text);

    if (file != NULL && fclose(file) != 0)
        is_done = false;
    if (!is_done)
        fprintf(stderr, "%s cannot be written: %s.\n", path, strerror(errno));
    free(text);
    return is_done;
}

int main(int argc, char **argv)
{
    struct bundle bundle;

    if (argc < 4 || strcmp(argv[1], "--out") != 0) {
        fputs("bundle --out DIR FILES…\n", stderr);
        return 2;
    }
    bundle_begin(&bundle, stderr);
    add_files(&bundle, argv + 3, argc - 3);
    bundle_finish(&bundle);
    bool is_done =
        bundle.faults == 0 &&
        write_out(argv[2], "openapi.json", bundle.document, JSON_INDENT(2), write_json) &&
        write_out(argv[2], "document.c", bundle.document, JSON_COMPACT, write_c);
    bundle_end(&bundle);
    return is_done ? 0 : 1;
}
