#include "api/document/qr.h"

#include <qrencode.h>

bool qr_make(struct arena *arena, const char *text, struct qr *out)
{
    QRcode *code = QRcode_encodeString(text, 0, QR_ECLEVEL_M, QR_MODE_8, 1);
    if (!code)
        return false;
    int n = code->width * code->width;
    unsigned char *cells = arena_take(arena, (size_t)n);
    for (int i = 0; i < n; i++)
        cells[i] = code->data[i] & 1;
    *out = (struct qr){code->width, cells};
    QRcode_free(code);
    return true;
}
