#include "api/document/fonts.h"

#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <pango/pangocairo.h>
#include <pango/pangofc-fontmap.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

const char fonts_families[] = "Noto Sans, Noto Sans Devanagari, Noto Sans Symbols2, Noto Sans Math";

/* fonts.S */
extern const unsigned char font_sans[], font_sans_end[];
extern const unsigned char font_sans_bold[], font_sans_bold_end[];
extern const unsigned char font_devanagari[], font_devanagari_end[];
extern const unsigned char font_devanagari_bold[], font_devanagari_bold_end[];
extern const unsigned char font_symbols[], font_symbols_end[];
extern const unsigned char font_math[], font_math_end[];

enum { FONTS = 6, THREADS_MAX = 16, POINTS_AN_INCH = 72 };

static const struct {
    const unsigned char *bytes, *end;
} files[FONTS] = {
    {font_sans, font_sans_end},
    {font_sans_bold, font_sans_bold_end},
    {font_devanagari, font_devanagari_end},
    {font_devanagari_bold, font_devanagari_bold_end},
    {font_symbols, font_symbols_end},
    {font_math, font_math_end},
};

struct fonts {
    pthread_mutex_t lock;
    pthread_cond_t given;
    int free_n, maps_n;
    PangoFontMap *free[THREADS_MAX];
};

/* The fonts are the program's, as its code is: they come once and stay. FreeType wants files, so
 * they are files in memory; cairo remembers faces by the names of their files for ever, so they are
 * never closed. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static FcConfig *config;
static int config_errno;

static bool write_whole(int fd, const unsigned char *bytes, size_t length)
{
    while (length) {
        ssize_t n = write(fd, bytes, length);
        if (n < 0 && errno != EINTR)
            return false;
        bytes += n > 0 ? n : 0;
        length -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool add_font(FcConfig *to, const unsigned char *bytes, size_t length)
{
    char path[32];
    int fd = memfd_create("font", MFD_CLOEXEC);
    if (fd < 0)
        return false;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return write_whole(fd, bytes, length) && FcConfigAppFontAddFile(to, (const FcChar8 *)path);
}

/* Pango asks for the process's configuration when it starts; it gets ours, so that nobody reads
 * the machine's. */
static void make_config(void)
{
    FcConfig *made = FcConfigCreate();
    bool is_whole = made != NULL;
    for (int i = 0; is_whole && i < FONTS; i++)
        is_whole = add_font(made, files[i].bytes, (size_t)(files[i].end - files[i].bytes));
    config_errno = errno;
    if (is_whole && FcConfigSetCurrent(made))
        config = made;
}

static PangoFontMap *make_map(void)
{
    PangoFontMap *map = pango_cairo_font_map_new_for_font_type(CAIRO_FONT_TYPE_FT);
    if (!map)
        return NULL;
    pango_fc_font_map_set_config(PANGO_FC_FONT_MAP(map), config);
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(map), POINTS_AN_INCH);
    return map;
}

enum err fonts_open(int threads, struct fault *fault, struct fonts **out)
{
    pthread_once(&once, make_config);
    if (!config)
        return fail(fault, ERR_INTERNAL, NULL, "the fonts of the papers cannot be set up: %s",
                    strerror(config_errno));
    struct fonts *fonts = calloc(1, sizeof *fonts);
    if (!fonts)
        abort();
    pthread_mutex_init(&fonts->lock, NULL);
    pthread_cond_init(&fonts->given, NULL);
    for (; fonts->maps_n < threads && fonts->maps_n < THREADS_MAX; fonts->maps_n++) {
        PangoFontMap *map = make_map();
        if (!map) {
            fonts_close(fonts);
            return fail(fault, ERR_INTERNAL, NULL, "cairo has no FreeType");
        }
        fonts->free[fonts->free_n++] = map;
    }
    *out = fonts;
    return ERR_NONE;
}

/* Everybody has given theirs back. */
void fonts_close(struct fonts *fonts)
{
    if (!fonts)
        return;
    for (int i = 0; i < fonts->free_n; i++)
        g_object_unref(fonts->free[i]);
    pthread_cond_destroy(&fonts->given);
    pthread_mutex_destroy(&fonts->lock);
    free(fonts);
}

PangoFontMap *fonts_take(struct fonts *fonts)
{
    pthread_mutex_lock(&fonts->lock);
    while (!fonts->free_n)
        pthread_cond_wait(&fonts->given, &fonts->lock);
    PangoFontMap *map = fonts->free[--fonts->free_n];
    pthread_mutex_unlock(&fonts->lock);
    return map;
}

void fonts_give(struct fonts *fonts, PangoFontMap *map)
{
    pthread_mutex_lock(&fonts->lock);
    fonts->free[fonts->free_n++] = map;
    pthread_cond_signal(&fonts->given);
    pthread_mutex_unlock(&fonts->lock);
}
