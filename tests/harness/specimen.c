#include "tests/harness/specimen.h"

#include <stddef.h>
#include <stdio.h>

#include <jpeglib.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void number_put(struct buf *out, uint32_t number)
{
    const unsigned char bytes[] = {(unsigned char)(number >> 24), (unsigned char)(number >> 16),
                                   (unsigned char)(number >> 8), (unsigned char)number};
    buf_add(out, (const char *)bytes, sizeof bytes);
}

static void chunk_put(struct buf *out, const char *name, const void *data, size_t n)
{
    number_put(out, (uint32_t)n);
    size_t from = out->length;
    buf_add(out, name, 4);
    buf_add(out, data, n);
    number_put(out, (uint32_t)crc32(0, (const unsigned char *)out->text + from, (uInt)n + 4));
}

struct buf specimen_png(struct arena *arena, uint32_t width, uint32_t height, const char *extra,
                        bool is_painted)
{
    struct buf out, header;
    buf_begin(&out, arena, 4096);
    buf_begin(&header, arena, 16);
    number_put(&header, width);
    number_put(&header, height);
    buf_add(&header, "\x08\x02\0\0\0", 5); /* 8 bits of red, green, blue */
    buf_add(&out, "\x89PNG\r\n\x1a\n", 8);
    chunk_put(&out, "IHDR", header.text, header.length);
    if (extra)
        chunk_put(&out, "tEXt", extra, strlen(extra));
    size_t raw = is_painted ? ((size_t)width * 3 + 1) * height : 4;
    uLongf packed = compressBound(raw);
    unsigned char *pixels = arena_take(arena, raw), *idat = arena_take(arena, packed);
    for (size_t i = 0; is_painted && i < raw; i++)
        pixels[i] = i % (width * 3 + 1) ? 0x7F : 0;
    compress(idat, &packed, pixels, raw);
    chunk_put(&out, "IDAT", idat, packed);
    chunk_put(&out, "IEND", "", 0);
    return out;
}

struct buf specimen_jpeg(struct arena *arena, uint32_t width, uint32_t height, const char *comment)
{
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors)};
    unsigned char *bytes = NULL, *row = arena_take(arena, (size_t)width * 3);
    unsigned long n = 0;
    memset(row, 0x7F, (size_t)width * 3);
    jpeg_create_compress(&jpeg);
    jpeg_mem_dest(&jpeg, &bytes, &n);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = 3;
    jpeg.in_color_space = JCS_RGB;
    jpeg_set_defaults(&jpeg);
    jpeg_start_compress(&jpeg, TRUE);
    if (comment)
        jpeg_write_marker(&jpeg, JPEG_COM, (const JOCTET *)comment, (unsigned)strlen(comment));
    while (jpeg.next_scanline < height)
        jpeg_write_scanlines(&jpeg, &row, 1);
    jpeg_finish_compress(&jpeg);
    jpeg_destroy_compress(&jpeg);
    struct buf out;
    buf_begin(&out, arena, n);
    buf_add(&out, (const char *)bytes, n);
    free(bytes);
    return out;
}

struct buf specimen_pdf(struct arena *arena, const char *object, const char *packed)
{
    struct buf out;
    buf_begin(&out, arena, 4096);
    buf_text(&out, "%PDF-1.5\n%\xe2\xe3\xcf\xd3\n"
                   "1 0 obj\n<< /Type /Catalog /Pages 2 0 R /OpenAction [3 0 R /Fit] >>\nendobj\n"
                   "2 0 obj\n<< /Type /Pages /Kids [3 0 R] /Count 1 >>\nendobj\n"
                   "3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 100] >>\nendobj\n");
    if (object)
        buf_format(&out, "4 0 obj\n%s\nendobj\n", object);
    if (packed) {
        const char *inside = arena_format(arena, "5 0\n%s", packed);
        uLongf n = compressBound(strlen(inside));
        unsigned char *bytes = arena_take(arena, n);
        compress(bytes, &n, (const unsigned char *)inside, strlen(inside));
        buf_format(&out,
                   "6 0 obj\n<< /Type /ObjStm /N 1 /First 4 /Filter /FlateDecode /Length %lu "
                   ">>\nstream\n",
                   n);
        buf_add(&out, (const char *)bytes, n);
        buf_text(&out, "\nendstream\nendobj\n");
    }
    size_t at = out.length;
    buf_format(&out,
               "xref\n0 1\n0000000000 65535 f \ntrailer\n<< /Size 7 /Root 1 0 R >>\n"
               "startxref\n%zu\n%%%%EOF\n",
               at);
    return out;
}

struct buf specimen_joined(struct arena *arena, struct buf first, const void *bytes, size_t n)
{
    struct buf out;
    buf_begin(&out, arena, first.length + n);
    buf_add(&out, first.text, first.length);
    buf_add(&out, bytes, n);
    return out;
}
