/* A picture is taken apart to its pixels and painted anew, so that what is stored are bytes of our
 * own. The libraries' way to fail is to call back and never to be returned to; here that ends the
 * process, which has nothing else to lose. */
#include "db/store/look.h"

#include <stddef.h>
#include <stdio.h> /* for jpeglib.h */

#include <jpeglib.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

enum { CHANNELS = 4 }; /* red, green, blue, opacity */

struct picture {
    size_t width, height;
    unsigned char *pixels;
};

static void picture_make(struct picture *picture, size_t width, size_t height,
                         const struct canvas *canvas)
{
    if (width == 0 || height == 0)
        canvas->give_up(LOOK_BROKEN);
    if (width > REPAINT_PIXELS_MOST / height)
        canvas->give_up(LOOK_TOO_WIDE);
    picture->width = width;
    picture->height = height;
    picture->pixels = calloc(width * height, CHANNELS);
    if (!picture->pixels)
        canvas->give_up(LOOK_TOO_WIDE);
}

/* --- PNG in --- */

struct source {
    const unsigned char *bytes;
    size_t left;
    const struct canvas *canvas;
};

static void png_failed(png_structp png, png_const_charp text)
{
    (void)text;
    const struct source *source = png_get_error_ptr(png);
    source->canvas->give_up(LOOK_BROKEN);
}

static void png_warned(png_structp png, png_const_charp text)
{
    (void)png, (void)text;
}

static void png_take(png_structp png, png_bytep out, size_t n)
{
    struct source *source = png_get_io_ptr(png);
    if (n > source->left)
        source->canvas->give_up(LOOK_CUT_OFF);
    memcpy(out, source->bytes, n);
    source->bytes += n;
    source->left -= n;
}

static void png_read_pixels(png_structp png, struct picture *picture)
{
    int passes = png_set_interlace_handling(png);
    for (int pass = 0; pass < passes; pass++) {
        for (size_t y = 0; y < picture->height; y++)
            png_read_row(png, picture->pixels + y * picture->width * CHANNELS, NULL);
    }
}

static void picture_from_png(struct source *source, struct picture *picture)
{
    png_structp png = png_create_read_struct(PNG_LIBPNG_VER_STRING, source, png_failed, png_warned);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        source->canvas->give_up(LOOK_BUSY);
    png_set_read_fn(png, source, png_take);
    png_set_keep_unknown_chunks(png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_read_info(png, info);
    picture_make(picture, png_get_image_width(png, info), png_get_image_height(png, info),
                 source->canvas);
    png_set_expand(png);
    png_set_scale_16(png);
    png_set_gray_to_rgb(png);
    png_set_add_alpha(png, 0xFF, PNG_FILLER_AFTER);
    png_read_pixels(png, picture);
    png_destroy_read_struct(&png, &info, NULL);
}

/* --- JPEG in --- */

static void jpeg_failed(j_common_ptr jpeg)
{
    const struct canvas *canvas = jpeg->client_data;
    canvas->give_up(LOOK_BROKEN);
}

static void jpeg_said(j_common_ptr jpeg, int level)
{
    (void)jpeg, (void)level;
}

static void row_from_rgb(const unsigned char *row, size_t width, unsigned char *out)
{
    for (size_t x = 0; x < width; x++, row += 3, out += CHANNELS) {
        memcpy(out, row, 3);
        out[3] = 0xFF;
    }
}

/* Programs that write CMYK into a JPEG write it inverted, as Adobe's do. */
static void row_from_cmyk(const unsigned char *row, size_t width, unsigned char *out)
{
    for (size_t x = 0; x < width; x++, row += 4, out += CHANNELS) {
        for (size_t i = 0; i < 3; i++)
            out[i] = (unsigned char)((row[i] * row[3] / 0xFF) & 0xFF);
        out[3] = 0xFF;
    }
}

static void picture_from_jpeg(const struct source *source, struct picture *picture)
{
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct jpeg = {.err = jpeg_std_error(&errors)};
    errors.error_exit = jpeg_failed;
    errors.emit_message = jpeg_said;
    jpeg_create_decompress(&jpeg);
    jpeg.client_data = (void *)(uintptr_t)source->canvas;
    jpeg_mem_src(&jpeg, source->bytes, source->left);
    jpeg_read_header(&jpeg, TRUE);
    picture_make(picture, jpeg.image_width, jpeg.image_height, source->canvas);
    bool is_cmyk = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
    jpeg.out_color_space = is_cmyk ? JCS_CMYK : JCS_RGB;
    jpeg_start_decompress(&jpeg);
    unsigned char *row = malloc(picture->width * 4);
    if (!row)
        source->canvas->give_up(LOOK_TOO_WIDE);
    while (jpeg.output_scanline < jpeg.output_height) {
        unsigned char *out = picture->pixels + jpeg.output_scanline * picture->width * CHANNELS;
        jpeg_read_scanlines(&jpeg, &row, 1);
        (is_cmyk ? row_from_cmyk : row_from_rgb)(row, picture->width, out);
    }
    free(row);
    jpeg_finish_decompress(&jpeg);
    jpeg_destroy_decompress(&jpeg);
}

/* --- smaller --- */

/* The mean of the pixels [x0, x1) × [y0, y1), each as heavy as it is opaque. */
static void area_mean(const struct picture *from, size_t x0, size_t x1, size_t y0, size_t y1,
                      unsigned char *out)
{
    uint64_t sums[3] = {0}, opacity = 0;
    for (size_t y = y0; y < y1; y++) {
        const unsigned char *pixel = from->pixels + (y * from->width + x0) * CHANNELS;
        for (size_t x = x0; x < x1; x++, pixel += CHANNELS) {
            for (size_t i = 0; i < 3; i++)
                sums[i] += (uint64_t)pixel[i] * pixel[3];
            opacity += pixel[3];
        }
    }
    uint64_t count = (x1 - x0) * (y1 - y0);
    for (size_t i = 0; i < 3; i++)
        out[i] = (unsigned char)(opacity ? (sums[i] + opacity / 2) / opacity : 0);
    out[3] = (unsigned char)((opacity + count / 2) / count);
}

static size_t at_least_one(size_t n)
{
    return n ? n : 1;
}

static void shrink(const struct picture *from, size_t width, size_t height, struct picture *out,
                   const struct canvas *canvas)
{
    picture_make(out, width, height, canvas);
    unsigned char *pixel = out->pixels;
    for (size_t y = 0; y < height; y++) {
        for (size_t x = 0; x < width; x++, pixel += CHANNELS)
            area_mean(from, x * from->width / width, (x + 1) * from->width / width,
                      y * from->height / height, (y + 1) * from->height / height, pixel);
    }
}

/* The ratio stays; what is small enough stays as it is. */
static void picture_fit(struct picture *picture, size_t most_width, size_t most_height,
                        const struct canvas *canvas)
{
    size_t width = picture->width, height = picture->height;
    if (width > most_width) {
        height = at_least_one(height * most_width / width);
        width = most_width;
    }
    if (height > most_height) {
        width = at_least_one(width * most_height / height);
        height = most_height;
    }
    if (width == picture->width && height == picture->height)
        return;
    struct picture smaller;
    shrink(picture, width, height, &smaller, canvas);
    free(picture->pixels);
    *picture = smaller;
}

/* --- PNG out --- */

static void png_give(png_structp png, png_bytep bytes, size_t n)
{
    const struct source *sink = png_get_io_ptr(png);
    sink->canvas->write(bytes, n);
}

static void png_flushed(png_structp png)
{
    (void)png;
}

static void picture_write(const struct picture *picture, struct source *sink)
{
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, sink, png_failed, png_warned);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info)
        sink->canvas->give_up(LOOK_BUSY);
    png_set_write_fn(png, sink, png_give, png_flushed);
    png_set_IHDR(png, info, (png_uint_32)picture->width, (png_uint_32)picture->height, 8,
                 PNG_COLOR_TYPE_RGB_ALPHA, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
                 PNG_FILTER_TYPE_DEFAULT);
    png_write_info(png, info);
    for (size_t y = 0; y < picture->height; y++)
        png_write_row(png, picture->pixels + y * picture->width * CHANNELS);
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
}

void repaint(const unsigned char *bytes, size_t n, enum kind kind, uint32_t most_width,
             uint32_t most_height, const struct canvas *canvas, struct sight *out)
{
    struct source source = {.bytes = bytes, .left = n, .canvas = canvas};
    struct picture picture = {0};
    if (kind == KIND_PNG)
        picture_from_png(&source, &picture);
    else
        picture_from_jpeg(&source, &picture);
    picture_fit(&picture, most_width, most_height, canvas);
    picture_write(&picture, &source);
    *out = (struct sight){
        .kind = KIND_PNG, .width = (uint32_t)picture.width, .height = (uint32_t)picture.height};
    free(picture.pixels);
}
