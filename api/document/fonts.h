/* The fonts of the papers: Noto Sans with Devanagari, symbols and mathematics, embedded in the
 * program. Nothing of the machine's fonts, fontconfig's files or its caches is read, so the same
 * text is set alike everywhere. What none of them has a glyph for (other scripts, emoji) is shown
 * as a box with its code point in it: seen, never dropped. */
#ifndef API_DOCUMENT_FONTS_H
#define API_DOCUMENT_FONTS_H

#include "db/error.h"

#include <pango/pango-fontmap.h>

struct fonts;

/* As many threads may set text at a time. ERR_INTERNAL: the system has no room for the fonts. */
enum err fonts_open(int threads, struct fault *fault, struct fonts **out) FAILS;
void fonts_close(struct fonts *fonts);

/* A font map for one thread, until it is given back. */
PangoFontMap *fonts_take(struct fonts *fonts);
void fonts_give(struct fonts *fonts, PangoFontMap *map);

/* The families, in the order in which they are looked into. */
extern const char fonts_families[];

#endif
