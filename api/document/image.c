#include "api/document/galley.h"

#include <cairo.h>
#include <string.h>

struct reader {
    const unsigned char *bytes;
    size_t left;
};

static cairo_status_t read_bytes(void *closure, unsigned char *to, unsigned int length)
{
    struct reader *reader = closure;
    if (reader->left < length)
        return CAIRO_STATUS_READ_ERROR;
    memcpy(to, reader->bytes, length);
    reader->bytes += length;
    reader->left -= length;
    return CAIRO_STATUS_SUCCESS;
}

static void release(void *surface)
{
    cairo_surface_destroy(surface);
}

double piece_image(struct galley *galley, struct piece *piece, const void *bytes, size_t length,
                   double height, double most_width)
{
    struct reader reader = {bytes, length};
    cairo_surface_t *image = cairo_image_surface_create_from_png_stream(read_bytes, &reader);
    arena_defer(galley->arena, release, image);
    if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
        return 0;
    double width =
        cairo_image_surface_get_width(image) * height / cairo_image_surface_get_height(image);
    if (width > most_width) {
        height *= most_width / width;
        width = most_width;
    }
    piece_mark(
        galley, piece,
        &(struct mark){.kind = MARK_IS_IMAGE, .width = width, .height = height, .image = image});
    return width;
}
