/* The judges of the sniffer: what some bytes are and whether they are nothing besides. Functions of
 * bytes alone, which the sniffer's processes run behind their walls and the fuzzers in the open.
 *
 * They refuse by what a format says about itself (where it ends, what is in its head) and by what
 * else is to be seen in it. They are no virus scanner (db/store/scan.h asks one). */
#ifndef DB_STORE_LOOK_H
#define DB_STORE_LOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum look {
    LOOK_DIED, /* no answer: so that an answer of zeros is none */
    LOOK_FINE,
    LOOK_EMPTY,
    LOOK_STRANGE,   /* none of the kinds */
    LOOK_CUT_OFF,   /* it ends before its end */
    LOOK_BROKEN,    /* against its own format */
    LOOK_TRAILING,  /* there is more behind its end */
    LOOK_MIXED,     /* signs of another format inside */
    LOOK_ACTIVE,    /* a PDF that does something */
    LOOK_ENCRYPTED, /* a PDF that cannot be looked into */
    LOOK_OPAQUE,    /* a PDF whose objects are packed beyond looking */
    LOOK_TOO_WIDE,  /* too many pixels */
    LOOK_BUSY,      /* no process could be made */
    LOOK_END
};

enum kind { KIND_NONE, KIND_PDF, KIND_JPEG, KIND_PNG, KIND_END };

struct sight {
    enum kind kind;
    uint32_t width, height; /* of an image */
};

enum { PIXELS_MOST = 50 * 1000 * 1000, REPAINT_PIXELS_MOST = 16 * 1000 * 1000 };

/* As the bytes begin, and by libmagic's word for them ("image/png"). */
enum look look_at(const unsigned char *bytes, size_t n, const char *media_type, struct sight *out);

enum look look_at_png(const unsigned char *bytes, size_t n, struct sight *out);
enum look look_at_jpeg(const unsigned char *bytes, size_t n, struct sight *out);
enum look look_at_pdf(const unsigned char *bytes, size_t n);

/* Tags of pages and scripts, heads of other formats. */
bool look_sees_signs(const unsigned char *bytes, size_t n);

/* Nothing but white space and NUL. */
bool look_is_blank(const unsigned char *bytes, size_t n);

uint32_t look_number(const unsigned char *bytes, size_t n); /* big-endian, n <= 4 */

/* Decodes a PNG or JPEG and writes it again, smaller if need be, by `write`. Ends the process with
 * `give_up` when a library says so: it never returns then. */
struct canvas {
    void (*write)(const unsigned char *bytes, size_t n);
    void (*give_up)(enum look why) __attribute__((noreturn));
};
void repaint(const unsigned char *bytes, size_t n, enum kind kind, uint32_t most_width,
             uint32_t most_height, const struct canvas *canvas, struct sight *out);

#endif
