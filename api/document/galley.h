/* Set type before it is made up into pages: pieces from top to bottom, none of which is ever torn.
 * A piece holds marks (text, a rule, a box) at places relative to its own corner. A long text is
 * one piece a line, so it may go over a page's end between two lines.
 *
 * A galley belongs to one thread. All lengths are points. */
#ifndef API_DOCUMENT_GALLEY_H
#define API_DOCUMENT_GALLEY_H

#include "api/document/description.h"

#include <pango/pango.h>

enum ink {
    INK_BLACK,
    INK_GREY,
    INK_ACCENT,
    INK_ALERT,
    INK_HAIR,
    INK_TINT,
    INK_ALERT_TINT,
    INK_WATER,
    INKS
};

enum weight { WEIGHT_REGULAR, WEIGHT_BOLD };
enum align { ALIGN_LEFT, ALIGN_RIGHT, ALIGN_CENTRE };

enum mark_kind { MARK_IS_TEXT, MARK_IS_LINE, MARK_IS_BOX, MARK_IS_CODE, MARK_IS_IMAGE };

struct mark {
    enum mark_kind kind;
    double x, y, width, height;
    enum ink ink;
    double radius;       /* of a box's corners */
    PangoLayout *layout; /* a text, or the text that a line is of */
    PangoLayoutLine *line;
    const char *code;             /* what the squares say */
    struct _cairo_surface *image; /* lives as long as the galley */
    const char *link;             /* or NULL */
    struct mark *next;
};

struct piece {
    double gap; /* above it, but at the top of a page */
    double height;
    bool keeps_next;          /* on the same page as the piece that follows */
    bool sinks;               /* to the foot of its page */
    const struct piece *head; /* of the table that it belongs to: said again on every page */
    struct mark *marks, **marks_end;
    struct piece *next;
};

/* What a paper looks like on one size of sheet. */
struct sheet_size {
    const char *name; /* "A4" */
    double width, height, margin;
    double scale; /* of all type */
};

const struct sheet_size *sheet_find(const char *name); /* NULL: there is none */

struct galley {
    struct arena *arena;
    PangoContext *context;
    const struct sheet_size *sheet;
    enum language language;
    double width; /* of the text area */
    struct piece *first, *last, **end;
    size_t pieces_n;
};

void galley_begin(struct galley *galley, struct arena *arena, PangoFontMap *fonts,
                  const struct sheet_size *sheet, enum language language);

/* How text is set. `size` is before the sheet's scale. */
struct style {
    double size;
    enum weight weight;
    enum ink ink;
    enum align align;
};

/* Sets text to a width (0: as wide as it is); lives as long as the galley. */
PangoLayout *galley_text(struct galley *galley, const struct style *style, const char *text,
                         double width);
double text_height(PangoLayout *layout);
double text_width(PangoLayout *layout);

/* Adds an empty piece at the end. A detached one is in no order: a head, a page's foot. */
struct piece *galley_piece(struct galley *galley, double gap);
struct piece *galley_detached(struct galley *galley);

/* Put marks on a piece; its height grows with them. */
struct mark *piece_mark(struct galley *galley, struct piece *piece, const struct mark *mark);
/* Text; gives the height that it takes. Whatever its script, its first line stands where Latin
 * would, so that neighbours stand on one line. */
double piece_text(struct galley *galley, struct piece *piece, double x, double y, double width,
                  const struct style *style, const char *text);
void piece_box(struct galley *galley, struct piece *piece, double x, double y, double width,
               double height, double radius, enum ink ink);

/* Moves what is on it down. */
void piece_lower(struct piece *piece, double by);

/* A PNG, as high and at most as wide as that; gives its width, 0 when it is no picture (image.c).
 */
double piece_image(struct galley *galley, struct piece *piece, const void *bytes, size_t length,
                   double height, double most_width);

/* A rule or a tint below what the piece holds already. */
void piece_box_behind(struct galley *galley, struct piece *piece, double x, double y, double width,
                      double height, double radius, enum ink ink);

/* Text of any length, a piece a line, at x; the first line goes into `begun` if there is one. Gives
 * the first piece. */
struct piece *galley_lines(struct galley *galley, struct piece *begun, double x, double width,
                           const struct style *style, const char *text);

/* A table, and every block of the description in order (table.c, blocks.c). */
void galley_table(struct galley *galley, const struct block *block);
void galley_set(struct galley *galley, const struct description *description);

/* The line above pages that follow the first, and what stands below every page (blocks.c). */
struct piece *galley_running_head(struct galley *galley, const struct description *description);
struct piece *galley_foot(struct galley *galley, const struct description *description);

/* How many pages it makes, and which share of the last one is used (pages.c). */
int galley_pages(struct galley *galley, const struct description *description, double *used);

/* Makes the pieces up into pages and prints them (pages.c). Bytes live in the arena. */
enum err galley_print(struct galley *galley, const struct description *description,
                      struct fault *fault, struct buf *out) FAILS;

#endif
