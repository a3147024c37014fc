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

/* What runs over by a few lines is set a little smaller, if that saves the page. The last of these
 * is for what it does not. */
static const double sizes[] = {1, 0.95, 0.9, 1};
static const double few_lines = 0.25; /* of a page */

enum { SIZES = sizeof sizes / sizeof *sizes };

enum err press_print(struct press *press, const struct description *description, const char *sheet,
                     struct fault *fault, struct buf *out)
{
    PangoFontMap *fonts = fonts_take(press->fonts);
    int pages_at_first = 0;
    bool is_printed = false;
    enum err err = ERR_NONE;
    for (int i = 0; i < SIZES && !is_printed; i++) {
        struct arena work = {0}; /* ends before the fonts go to somebody else */
        struct sheet_size size = *sheet_find(sheet);
        struct galley galley;
        double used;
        size.scale *= sizes[i];
        galley_begin(&galley, &work, fonts, &size, description->language);
        galley_set(&galley, description);
        int pages = galley_pages(&galley, description, &used);
        bool is_good = i ? pages < pages_at_first : pages == 1 || used > few_lines;
        pages_at_first = i ? pages_at_first : pages;
        is_printed = is_good || i == SIZES - 1;
        if (is_printed)
            err = galley_print(&galley, description, fault, out);
        arena_end(&work);
    }
    fonts_give(press->fonts, fonts);
    return err;
}
