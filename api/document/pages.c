#include "api/document/galley.h"
#include "api/document/labels.h"
#include "api/document/qr.h"
#include "api/document/words.h"

#include <cairo-pdf.h>
#include <math.h>
#include <pango/pangocairo.h>
#include <string.h>

enum { HEAD_GAP = 10, FOOT_GAP = 8 };

static const struct {
    double red, green, blue;
} inks[INKS] = {
    [INK_BLACK] = {0.106, 0.141, 0.188},      [INK_GREY] = {0.360, 0.416, 0.478},
    [INK_ACCENT] = {0.043, 0.353, 0.400},     [INK_ALERT] = {0.690, 0.125, 0.110},
    [INK_HAIR] = {0.820, 0.855, 0.875},       [INK_TINT] = {0.945, 0.965, 0.967},
    [INK_ALERT_TINT] = {0.994, 0.945, 0.940}, [INK_WATER] = {0.900, 0.905, 0.915},
};

/* Where a piece stands. */
struct place {
    const struct piece *piece;
    int page;
    double y;
};

struct book {
    struct galley *galley;
    struct piece *head, *foot;
    double top, foot_y; /* of the first page's text; of every page's foot */
    struct place *places;
    size_t places_n;
    int pages;
    double used; /* height of the last page's pieces */
};

static void ink_use(cairo_t *cr, enum ink ink)
{
    cairo_set_source_rgb(cr, inks[ink].red, inks[ink].green, inks[ink].blue);
}

static double page_top(const struct book *book)
{
    double top = book->galley->sheet->margin;
    return book->pages == 1 ? top : top + book->head->height + HEAD_GAP;
}

static void place(struct book *book, const struct piece *piece, double y)
{
    book->places[book->places_n++] = (struct place){piece, book->pages, y};
}

/* The height of a piece and of those that must stand on the same page. */
static double height_together(const struct piece *piece)
{
    double height = piece->height;
    for (; piece->keeps_next && piece->next; piece = piece->next)
        height += piece->next->gap + piece->next->height;
    return height;
}

/* First fit: what does not fit goes to the next page, under its table's head. */
static void make_up(struct book *book)
{
    double y = page_top(book);
    bool is_top = true;
    book->used = 0;
    for (const struct piece *piece = book->galley->first; piece; piece = piece->next) {
        double gap = is_top ? 0 : piece->gap;
        bool fits = y + gap + height_together(piece) <= book->foot_y;
        if (!fits && !is_top) {
            book->pages++;
            book->used = 0;
            y = page_top(book);
            gap = 0;
            if (piece->head) {
                place(book, piece->head, y);
                y += piece->head->height;
            }
        }
        y += gap;
        book->used += gap + piece->height;
        if (piece->sinks && book->foot_y - piece->height > y)
            y = book->foot_y - piece->height;
        place(book, piece, y);
        y += piece->height;
        is_top = false;
    }
}

static void draw_box(cairo_t *cr, double x, double y, const struct mark *mark)
{
    double r = mark->radius, w = mark->width, h = mark->height;
    if (r <= 0) {
        cairo_rectangle(cr, x, y, w, h);
    } else {
        cairo_new_sub_path(cr);
        cairo_arc(cr, x + w - r, y + r, r, -M_PI_2, 0);
        cairo_arc(cr, x + w - r, y + h - r, r, 0, M_PI_2);
        cairo_arc(cr, x + r, y + h - r, r, M_PI_2, M_PI);
        cairo_arc(cr, x + r, y + r, r, M_PI, 3 * M_PI_2);
        cairo_close_path(cr);
    }
    cairo_fill(cr);
}

static void draw_code(cairo_t *cr, struct arena *arena, double x, double y, const struct mark *mark)
{
    struct qr qr;
    if (!qr_make(arena, mark->code, &qr))
        return;
    double side = mark->width / qr.width;
    for (int row = 0; row < qr.width; row++)
        for (int from = 0, to; from < qr.width; from = to + 1) {
            to = qr_run(&qr, from, row);
            if (to > from)
                cairo_rectangle(cr, x + from * side, y + row * side, (to - from) * side, side);
        }
    cairo_fill(cr);
}

static void draw_image(cairo_t *cr, double x, double y, const struct mark *mark)
{
    double scale = mark->height / cairo_image_surface_get_height(mark->image);
    cairo_save(cr);
    cairo_translate(cr, x, y);
    cairo_scale(cr, scale, scale);
    cairo_set_source_surface(cr, mark->image, 0, 0);
    cairo_paint(cr);
    cairo_restore(cr);
}

static void draw_mark(cairo_t *cr, struct arena *arena, double x, double y, const struct mark *mark)
{
    ink_use(cr, mark->ink);
    switch (mark->kind) {
    case MARK_IS_TEXT:
        cairo_move_to(cr, x, y);
        pango_cairo_show_layout(cr, mark->layout);
        break;
    case MARK_IS_LINE:
        cairo_move_to(cr, x, y);
        pango_cairo_show_layout_line(cr, mark->line);
        break;
    case MARK_IS_BOX:
        draw_box(cr, x, y, mark);
        break;
    case MARK_IS_CODE:
        draw_code(cr, arena, x, y, mark);
        break;
    case MARK_IS_IMAGE:
        draw_image(cr, x, y, mark);
        break;
    }
}

static void draw_piece(cairo_t *cr, struct galley *galley, const struct piece *piece, double y)
{
    for (const struct mark *mark = piece->marks; mark; mark = mark->next)
        draw_mark(cr, galley->arena, galley->sheet->margin + mark->x, y + mark->y, mark);
}

/* Across the page and below everything else, so that it hides nothing. */
static void draw_watermark(cairo_t *cr, struct galley *galley, const char *text)
{
    const struct sheet_size *sheet = galley->sheet;
    const struct style style = {100, WEIGHT_BOLD, INK_WATER, ALIGN_LEFT};
    PangoLayout *layout = galley_text(galley, &style, text, 0);
    double width = text_width(layout), height = text_height(layout);
    double scale =
        fmin(hypot(sheet->width, sheet->height) * 0.6 / width, sheet->width / 2 / height);
    cairo_save(cr);
    cairo_translate(cr, sheet->width / 2, sheet->height / 2);
    cairo_rotate(cr, -atan2(sheet->height, sheet->width));
    cairo_scale(cr, scale, scale);
    cairo_move_to(cr, -width / 2, -height / 2);
    ink_use(cr, INK_WATER);
    pango_cairo_show_layout(cr, layout);
    cairo_restore(cr);
}

static void draw_page_number(cairo_t *cr, const struct book *book, int page)
{
    struct galley *galley = book->galley;
    const struct style style = {7.5, WEIGHT_REGULAR, INK_GREY, ALIGN_RIGHT};
    const char *text =
        words_page(galley->arena, label(LABEL_PAGE, galley->language), page, book->pages);
    PangoLayout *layout = galley_text(galley, &style, text, 0);
    cairo_move_to(cr, galley->sheet->width - galley->sheet->margin - text_width(layout),
                  galley->sheet->height - galley->sheet->margin * 0.45 - text_height(layout));
    ink_use(cr, INK_GREY);
    pango_cairo_show_layout(cr, layout);
}

static void draw_page(cairo_t *cr, const struct book *book, const struct description *description,
                      int page)
{
    struct galley *galley = book->galley;
    if (description->mark_text)
        draw_watermark(cr, galley, description->mark_text);
    if (page > 1)
        draw_piece(cr, galley, book->head, galley->sheet->margin);
    for (size_t i = 0; i < book->places_n; i++)
        if (book->places[i].page == page)
            draw_piece(cr, galley, book->places[i].piece, book->places[i].y);
    draw_piece(cr, galley, book->foot, book->foot_y + FOOT_GAP);
    draw_page_number(cr, book, page);
    cairo_show_page(cr);
}

/* No patient in it, and no clock: its time is that of the version that it shows. */
static void describe_file(cairo_surface_t *surface, struct galley *galley,
                          const struct description *description)
{
    const char *title =
        arena_format(galley->arena, "%s %s", description->title, description->number);
    /* Cairo takes whole seconds only. */
    const char *at = arena_format(galley->arena, "%.19sZ", description->changed_at);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_AUTHOR, description->issuer.name);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATOR, "clinicd");
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_CREATE_DATE, at);
    cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_MOD_DATE, at);
}

static cairo_status_t write_bytes(void *closure, const unsigned char *bytes, unsigned int length)
{
    buf_add(closure, (const char *)bytes, length);
    return CAIRO_STATUS_SUCCESS;
}

static struct book book_make(struct galley *galley, const struct description *description)
{
    struct book book = {.galley = galley,
                        .head = galley_running_head(galley, description),
                        .foot = galley_foot(galley, description),
                        .pages = 1};
    const struct sheet_size *sheet = galley->sheet;
    book.foot_y = sheet->height - sheet->margin - FOOT_GAP - book.foot->height;
    book.places = arena_array(galley->arena, struct place, galley->pieces_n * 2 + 1);
    make_up(&book);
    return book;
}

int galley_pages(struct galley *galley, const struct description *description, double *used)
{
    const struct book book = book_make(galley, description);
    *used = book.used / galley->sheet->height;
    return book.pages;
}

enum err galley_print(struct galley *galley, const struct description *description,
                      struct fault *fault, struct buf *out)
{
    const struct sheet_size *sheet = galley->sheet;
    const struct book book = book_make(galley, description);
    cairo_surface_t *surface =
        cairo_pdf_surface_create_for_stream(write_bytes, out, sheet->width, sheet->height);
    describe_file(surface, galley, description);
    cairo_t *cr = cairo_create(surface);
    for (int page = 1; page <= book.pages; page++)
        draw_page(cr, &book, description, page);
    cairo_status_t status = cairo_status(cr);
    cairo_destroy(cr);
    cairo_surface_finish(surface);
    if (status == CAIRO_STATUS_SUCCESS)
        status = cairo_surface_status(surface);
    cairo_surface_destroy(surface);
    if (status != CAIRO_STATUS_SUCCESS)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "cairo: %s", cairo_status_to_string(status));
    return ERR_NONE;
}
