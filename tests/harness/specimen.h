/* Specimens of files, made by hand: as small as their formats allow, with sums that are
 * right. All text lives in the arena. */
#ifndef TESTS_HARNESS_SPECIMEN_H
#define TESTS_HARNESS_SPECIMEN_H

#include "db/buf.h"

#include <stdbool.h>
#include <stdint.h>

/* A PNG of one colour, `width` × `height` by its header; `extra` is a whole chunk's data under the
 * name tEXt, or NULL. The picture is really there only when `is_painted`. */
struct buf specimen_png(struct arena *arena, uint32_t width, uint32_t height, const char *extra,
                        bool is_painted);

/* A real JPEG by libjpeg; `comment` or NULL. */
struct buf specimen_jpeg(struct arena *arena, uint32_t width, uint32_t height, const char *comment);

/* One page; `object` is one more object's text, or NULL; `packed` one more, in an object stream. */
struct buf specimen_pdf(struct arena *arena, const char *object, const char *packed);

/* One that has all of it. */
struct buf specimen_joined(struct arena *arena, struct buf first, const void *bytes, size_t n);

#endif
