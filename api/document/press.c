#include "api/document/press.h"

#include "api/document/fonts.h"
#include "api/document/galley.h"

#include <stdlib.h>

struct press {
    struct fonts *fonts;
};

enum err press_start(int threads, struct fault *fault, struct press **out)
{
    struct press *press = calloc(1, sizeof *press);
    if (!press)
        abort();
    enum err err = fonts_open(threads, fault, &press->fonts);
    if (err) {
        free(press);
        return err;
    }
    *out = press;
    return ERR_NONE;
}

void press_stop(struct press *press)
{
    if (!press)
        return;
    fonts_close(press->fonts);
    free(press);
}

enum err press_print(struct press *press, const struct description *description, const char *sheet,
                     struct fault *fault, struct buf *out)
{
    struct arena work = {0}; /* ends before the fonts go to somebody else */
    PangoFontMap *fonts = fonts_take(press->fonts);
    struct galley galley;
    galley_begin(&galley, &work, fonts, sheet_find(sheet), description->language);
    galley_set(&galley, description);
    enum err err = galley_print(&galley, description, fault, out);
    arena_end(&work);
    fonts_give(press->fonts, fonts);
    return err;
}
