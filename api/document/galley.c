#include "api/document/galley.h"

#include "api/document/fonts.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

static const struct sheet_size sheets[] = {
    {"A4", 595.276, 841.890, 38, 1},
    {"A5", 419.528, 595.276, 26, 0.82},
};

const struct sheet_size *sheet_find(const char *name)
{
    for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++)
        if (strcmp(sheets[i].name, name) == 0)
            return &sheets[i];
    return NULL;
}

/* Of Noto Sans, of its size. */
static const double latin_ascent = 1.069;

static void object_unref(void *object)
{
    g_object_unref(object);
}

/* Nothing of a screen: outlines are not hinted, widths are the font's own. */
static void context_for_print(PangoContext *context)
{
    cairo_font_options_t *options = cairo_font_options_create();
    cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
    cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
    cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
    pango_cairo_context_set_font_options(context, options);
    cairo_font_options_destroy(options);
    pango_context_set_round_glyph_positions(context, FALSE);
    pango_context_set_base_dir(context, PANGO_DIRECTION_LTR);
}

void galley_begin(struct galley *galley, struct arena *arena, PangoFontMap *fonts,
                  const struct sheet_size *sheet, enum language language)
{
    *galley = (struct galley){.arena = arena,
                              .context = pango_font_map_create_context(fonts),
                              .sheet = sheet,
                              .language = language,
                              .width = sheet->width - 2 * sheet->margin};
    galley->end = &galley->first;
    arena_defer(arena, object_unref, galley->context);
    context_for_print(galley->context);
    pango_context_set_language(galley->context, pango_language_from_string(language_tag(language)));
}

PangoLayout *galley_text(struct galley *galley, const struct style *style, const char *text,
                         double width)
{
    static const PangoAlignment aligns[] = {[ALIGN_LEFT] = PANGO_ALIGN_LEFT,
                                            [ALIGN_RIGHT] = PANGO_ALIGN_RIGHT,
                                            [ALIGN_CENTRE] = PANGO_ALIGN_CENTER};
    PangoLayout *layout = pango_layout_new(galley->context);
    arena_defer(galley->arena, object_unref, layout);
    PangoFontDescription *font = pango_font_description_new();
    pango_font_description_set_family_static(font, fonts_families);
    pango_font_description_set_weight(font, style->weight == WEIGHT_BOLD ? PANGO_WEIGHT_BOLD
                                                                         : PANGO_WEIGHT_NORMAL);
    pango_font_description_set_absolute_size(font,
                                             style->size * galley->sheet->scale * PANGO_SCALE);
    pango_layout_set_font_description(layout, font);
    pango_font_description_free(font);
    pango_layout_set_alignment(layout, aligns[style->align]);
    pango_layout_set_wrap(layout, PANGO_WRAP_WORD_CHAR);
    if (width > 0)
        pango_layout_set_width(layout, (int)(width * PANGO_SCALE));
    pango_layout_set_text(layout, text, -1);
    return layout;
}

double text_height(PangoLayout *layout)
{
    int height;
    pango_layout_get_size(layout, NULL, &height);
    return (double)height / PANGO_SCALE;
}

double text_width(PangoLayout *layout)
{
    int width;
    pango_layout_get_size(layout, &width, NULL);
    return (double)width / PANGO_SCALE;
}

struct piece *galley_detached(struct galley *galley)
{
    struct piece *piece = arena_new(galley->arena, struct piece);
    piece->marks_end = &piece->marks;
    return piece;
}

struct piece *galley_piece(struct galley *galley, double gap)
{
    struct piece *piece = galley_detached(galley);
    piece->gap = gap * galley->sheet->scale;
    *galley->end = galley->last = piece;
    galley->end = &piece->next;
    galley->pieces_n++;
    return piece;
}

struct mark *piece_mark(struct galley *galley, struct piece *piece, const struct mark *mark)
{
    struct mark *kept = arena_new(galley->arena, struct mark);
    *kept = *mark;
    *piece->marks_end = kept;
    piece->marks_end = &kept->next;
    if (mark->y + mark->height > piece->height)
        piece->height = mark->y + mark->height;
    return kept;
}

/* How much lower a first line goes to stand where Latin does. */
static double lower_by(const struct galley *galley, const struct style *style, int baseline)
{
    double latin = style->size * galley->sheet->scale * latin_ascent;
    return fmax(0, latin - (double)baseline / PANGO_SCALE);
}

void piece_lower(struct piece *piece, double by)
{
    for (struct mark *mark = piece->marks; mark; mark = mark->next)
        mark->y += by;
    piece->height += by;
}

double piece_text(struct galley *galley, struct piece *piece, double x, double y, double width,
                  const struct style *style, const char *text)
{
    if (!text || !*text)
        return 0;
    PangoLayout *layout = galley_text(galley, style, text, width);
    double lower = lower_by(galley, style, pango_layout_get_baseline(layout));
    double height = text_height(layout);
    piece_mark(galley, piece,
               &(struct mark){.kind = MARK_IS_TEXT,
                              .x = x,
                              .y = y + lower,
                              .width = width,
                              .height = height,
                              .ink = style->ink,
                              .layout = layout});
    return lower + height;
}

void piece_box(struct galley *galley, struct piece *piece, double x, double y, double width,
               double height, double radius, enum ink ink)
{
    piece_mark(galley, piece,
               &(struct mark){.kind = MARK_IS_BOX,
                              .x = x,
                              .y = y,
                              .width = width,
                              .height = height,
                              .radius = radius * galley->sheet->scale,
                              .ink = ink});
}

void piece_box_behind(struct galley *galley, struct piece *piece, double x, double y, double width,
                      double height, double radius, enum ink ink)
{
    struct mark *mark = arena_new(galley->arena, struct mark);
    *mark = (struct mark){.kind = MARK_IS_BOX,
                          .x = x,
                          .y = y,
                          .width = width,
                          .height = height,
                          .radius = radius * galley->sheet->scale,
                          .ink = ink,
                          .next = piece->marks};
    if (!piece->marks)
        piece->marks_end = &mark->next;
    piece->marks = mark;
    if (y + height > piece->height)
        piece->height = y + height;
}

struct piece *galley_lines(struct galley *galley, struct piece *begun, double x, double width,
                           const struct style *style, const char *text)
{
    PangoLayout *layout = galley_text(galley, style, text, width);
    PangoLayoutIter *iter = pango_layout_get_iter(layout);
    struct piece *first = begun ? begun : galley_piece(galley, 0), *piece = first;
    int n = pango_layout_get_line_count(layout);
    for (int i = 0; i < n; i++, pango_layout_iter_next_line(iter)) {
        int from, to;
        pango_layout_iter_get_line_yrange(iter, &from, &to);
        if (i > 0)
            piece = galley_piece(galley, 0);
        piece->keeps_next = i == 0 && n > 1; /* no line alone at a page's foot */
        int baseline = pango_layout_iter_get_baseline(iter) - from;
        double lower = i ? 0 : lower_by(galley, style, baseline);
        double height = lower + (double)(to - from) / PANGO_SCALE;
        piece_mark(galley, piece,
                   &(struct mark){.kind = MARK_IS_LINE,
                                  .x = x,
                                  .y = lower + (double)baseline / PANGO_SCALE,
                                  .ink = style->ink,
                                  .layout = layout,
                                  .line = pango_layout_iter_get_line_readonly(iter)});
        if (piece->height < height)
            piece->height = height;
    }
    pango_layout_iter_free(iter);
    return first;
}
