/* A QR code as squares: rows of zeros and ones (libqrencode). */
#ifndef API_DOCUMENT_QR_H
#define API_DOCUMENT_QR_H

#include "db/arena.h"

#include <stdbool.h>

struct qr {
    int width;                  /* squares in a row, without the quiet zone */
    const unsigned char *cells; /* width * width; lives in the arena */
};

/* False: the text is too long for a code. */
bool qr_make(struct arena *arena, const char *text, struct qr *out);

static inline bool qr_is_dark(const struct qr *qr, int x, int y)
{
    return qr->cells[y * qr->width + x];
}

/* Where the dark squares that begin at x end: as one, no hair shows between them. */
static inline int qr_run(const struct qr *qr, int x, int y)
{
    while (x < qr->width && qr_is_dark(qr, x, y))
        x++;
    return x;
}

#endif
