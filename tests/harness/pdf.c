#include "tests/harness/pdf.h"

#include "db/buf.h"
#include "tests/harness/die.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What a command says of the bytes, which are the file that "$1" names. A shell runs it; nothing in
 * it comes from anybody. */
static const char *run(struct arena *arena, const void *bytes, size_t length, const char *command)
{
    char path[] = "/tmp/clinicd-pdf-XXXXXX";
    int fd = mkstemp(path);
    if (fd < 0 || write(fd, bytes, length) != (ssize_t)length)
        die("there is no room for a PDF");
    close(fd);
    FILE *pipe = popen(arena_format(arena, "set -- %s; %s", path, command), "r");
    if (!pipe)
        die("there is no shell");
    struct buf out;
    buf_begin(&out, arena, 4096);
    char chunk[4096];
    for (size_t n; (n = fread(chunk, 1, sizeof chunk, pipe)) > 0;)
        buf_add(&out, chunk, n);
    if (pclose(pipe) != 0)
        die("%s: is no PDF that it likes", command);
    unlink(path);
    return out.text;
}

const char *pdf_text(struct arena *arena, const void *bytes, size_t length)
{
    return run(arena, bytes, length, "pdftotext -layout -enc UTF-8 \"$1\" -");
}

const char *pdf_page(struct arena *arena, const void *bytes, size_t length, int page)
{
    return run(
        arena, bytes, length,
        arena_format(arena, "pdftotext -layout -enc UTF-8 -f %d -l %d \"$1\" -", page, page));
}

const char *pdf_words(struct arena *arena, const void *bytes, size_t length)
{
    const char *text = run(arena, bytes, length, "pdftotext -enc UTF-8 \"$1\" -");
    struct buf out;
    buf_begin(&out, arena, strlen(text) + 1);
    for (const char *p = text; *p; p++) {
        bool is_blank = isspace((unsigned char)*p);
        if (!is_blank)
            buf_char(&out, *p);
        else if (out.length && out.text[out.length - 1] != ' ')
            buf_char(&out, ' ');
    }
    return out.text;
}

const char *pdf_info(struct arena *arena, const void *bytes, size_t length, const char *name)
{
    const char *all = run(arena, bytes, length, "TZ=UTC pdfinfo -isodates \"$1\"");
    const char *line = strstr(all, name);
    if (!line)
        return "";
    line += strcspn(line, ":") + 1;
    line += strspn(line, " ");
    return arena_copy_n(arena, line, strcspn(line, "\n"));
}

int pdf_pages(struct arena *arena, const void *bytes, size_t length)
{
    return atoi(pdf_info(arena, bytes, length, "Pages"));
}

int pdf_fonts(struct arena *arena, const void *bytes, size_t length, int *missing)
{
    const char *all = run(arena, bytes, length, "pdffonts \"$1\"");
    int n = 0;
    *missing = 0;
    const char *line = all;
    for (int i = 0; *line; i++) {
        size_t end = strcspn(line, "\n");
        if (i >= 2) { /* below the heading and its rule */
            n++;
            *missing += !memmem(line, end, " yes yes yes ", strlen(" yes yes yes "));
        }
        line += end + (line[end] == '\n');
    }
    return n;
}

const char *pdf_code(struct arena *arena, const void *bytes, size_t length)
{
    const char *command =
        arena_format(arena,
                     "pdftoppm -r 150 -f %d -l %d -singlefile -png \"$1\" \"$1\" && "
                     "{ zbarimg --quiet --raw \"$1.png\" || true; }; rm -f \"$1.png\"",
                     pdf_pages(arena, bytes, length), pdf_pages(arena, bytes, length));
    const char *said = run(arena, bytes, length, command);
    return arena_copy_n(arena, said, strcspn(said, "\n"));
}
