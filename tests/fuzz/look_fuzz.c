/* The judges of uploaded files: whatever comes, they say something that they may say, and what they
 * find fine has a size if it is a picture. */
#include "db/store/look.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const types[] = {"application/pdf", "image/jpeg", "image/png", "text/html"};
    for (size_t i = 0; n > 0 && i < sizeof types / sizeof *types; i++) {
        struct sight sight;
        enum look look = look_at(bytes, n, types[i], &sight);
        if (look <= LOOK_DIED || look >= LOOK_END)
            abort();
        if (look == LOOK_FINE && sight.kind != KIND_PDF &&
            (uint64_t)sight.width * sight.height - 1 >= PIXELS_MOST)
            abort();
    }
    return 0;
}
