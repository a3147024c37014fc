/* embed-web --out FILE FILES…: the files as gzip in a C table, struct web_asset each. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { FILES_MAX = 16, FILE_MAX = 8 << 20 };

struct file {
    const char *name, *content_type;
    unsigned char *bytes, *packed;
    size_t length, packed_length;
};

static const char *content_type(const char *name)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".png", "image/png"},
    };
    const char *dot = strrchr(name, '.');

    for (size_t i = 0; dot != NULL && i < sizeof types / sizeof *types; i++) {
        if (strcmp(dot, types[i][0]) == 0)
            return types[i][1];
    }
    return NULL;
}

static bool file_read(const char *path, struct file *out)
{
    const char *slash = strrchr(path, '/');
    FILE *file = fopen(path, "rb");

    if (file == NULL)
        return false;
    out->name = slash != NULL ? slash + 1 : path;
    out->content_type = content_type(out->name);
    out->bytes = malloc(FILE_MAX);
    out->length = out->bytes != NULL ? fread(out->bytes, 1, FILE_MAX, file) : 0;
    fclose(file);
    return out->content_type != NULL && out->length > 0 && out->length < FILE_MAX;
}

/* Without name and time, so that the same files always give the same bytes. */
static bool file_pack(struct file *file)
{
    z_stream stream = {0};

    if (deflateInit2(&stream, Z_BEST_COMPRESSION, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) !=
        Z_OK)
        return false;
    size_t room = deflateBound(&stream, file->length);
    file->packed = malloc(room);
    stream.next_in = file->bytes;
    stream.avail_in = (uInt)file->length;
    stream.next_out = file->packed;
    stream.avail_out = (uInt)room;
    bool is_done = file->packed != NULL && deflate(&stream, Z_FINISH) == Z_STREAM_END;
    file->packed_length = room - stream.avail_out;
    deflateEnd(&stream);
    return is_done;
}

/* FNV-1a, 64 bits: tells versions of a file apart, nothing more. */
static uint64_t file_hash(const struct file *file)
{
    uint64_t hash = UINT64_C(14695981039346656037);
    for (size_t i = 0; i < file->length; i++)
        hash = (hash ^ file->bytes[i]) * UINT64_C(1099511628211);
    return hash;
}

static bool write_table(const char *path, const struct file *files, size_t n)
{
    FILE *out = fopen(path, "wb");

    if (out == NULL)
        return false;
    fputs("/* Made by api/web/embed.c. */\n#include \"api/web/assets.h\"\n\n", out);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "static const unsigned char file_%zu[] = {\n", i);
        for (size_t at = 0; at < files[i].packed_length; at++)
            fprintf(out, "%u,%s", files[i].packed[at], at % 24 == 23 ? "\n" : "");
        fputs("};\n\n", out);
    }
    fputs("const struct web_asset web_assets[] = {\n", out);
    for (size_t i = 0; i < n; i++)
        fprintf(out,
                "    {\"%s\", \"%s\", file_%zu, sizeof file_%zu, %zu, \"\\\"%016" PRIx64
                "\\\"\"},\n",
                files[i].name, files[i].content_type, i, i, files[i].length, file_hash(&files[i]));
    fprintf(out, "};\n\nconst size_t web_assets_n = %zu;\n", n);
    bool is_good = !ferror(out);
    return fclose(out) == 0 && is_good;
}

int main(int argc, char **argv)
{
    struct file files[FILES_MAX] = {{0}};
    size_t n = 0;
    bool is_done = argc > 3 && argc - 3 <= FILES_MAX && strcmp(argv[1], "--out") == 0;

    for (int i = 3; is_done && i < argc; i++, n++) {
        is_done = file_read(argv[i], &files[n]) && file_pack(&files[n]);
        if (!is_done)
            fprintf(stderr, "%s cannot be embedded.\n", argv[i]);
    }
    is_done = is_done && write_table(argv[2], files, n);
    for (size_t i = 0; i < FILES_MAX; i++) {
        free(files[i].bytes);
        free(files[i].packed);
    }
    return is_done ? 0 : 1;
}
