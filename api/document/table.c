#include "api/document/galley.h"

#include <math.h>

static const struct style style_sign = {18, WEIGHT_REGULAR, INK_ACCENT, ALIGN_LEFT};
static const struct style style_heading = {11, WEIGHT_BOLD, INK_ACCENT, ALIGN_LEFT};
static const struct style style_column = {7.6, WEIGHT_BOLD, INK_ACCENT, ALIGN_LEFT};
static const struct style style_main = {9.5, WEIGHT_BOLD, INK_BLACK, ALIGN_LEFT};
static const struct style style_cell = {9.5, WEIGHT_REGULAR, INK_BLACK, ALIGN_LEFT};
static const struct style style_more = {8.2, WEIGHT_REGULAR, INK_GREY, ALIGN_LEFT};
static const struct style style_note = {8.6, WEIGHT_REGULAR, INK_BLACK, ALIGN_LEFT};

/* A line's note that is longer than this is set line by line, so that it may be parted. */
static const double note_share = 0.25;

struct table {
    struct galley *galley;
    const struct block *block;
    const struct piece *head;
    double pad;
};

static struct style aligned(const struct style *style, const struct column *column)
{
    struct style out = *style;
    if (column->is_figure)
        out.align = ALIGN_CENTRE;
    return out;
}

static void set_heading(struct table *table)
{
    struct galley *galley = table->galley;
    struct piece *piece = galley_piece(galley, 11);
    double x = 0, height = 0;
    piece->keeps_next = true;
    if (table->block->sign) {
        PangoLayout *sign = galley_text(galley, &style_sign, table->block->sign, 0);
        x = text_width(sign) + 6 * galley->sheet->scale;
        height = piece_text(galley, piece, 0, 0, 0, &style_sign, table->block->sign);
    }
    PangoLayout *heading = galley_text(galley, &style_heading, table->block->heading, 0);
    double y = fmax(0, (height - text_height(heading)) / 2);
    piece_text(galley, piece, x, y, 0, &style_heading, table->block->heading);
}

/* Where the cell of a column begins, and how wide its text may be. */
static double column_at(const struct table *table, size_t n, double *width)
{
    double x = 0;
    for (size_t i = 0; i < n; i++)
        x += table->block->columns[i].share * table->galley->width;
    *width = table->block->columns[n].share * table->galley->width - 2 * table->pad;
    return x + table->pad;
}

static void set_head(struct table *table)
{
    struct galley *galley = table->galley;
    struct piece *piece = galley_piece(galley, 3);
    piece->keeps_next = true;
    for (size_t i = 0; i < table->block->columns_n; i++) {
        const struct column *column = &table->block->columns[i];
        struct style style = aligned(&style_column, column);
        double width, x = column_at(table, i, &width);
        piece_text(galley, piece, x, table->pad, width, &style, column->label);
    }
    piece_box_behind(galley, piece, 0, 0, galley->width, piece->height + table->pad, 4, INK_TINT);
    table->head = piece;
}

/* Gives where the cell ends. */
static double set_cell(struct table *table, struct piece *piece, size_t n, const struct cell *cell)
{
    struct galley *galley = table->galley;
    const struct column *column = &table->block->columns[n];
    double width, x = column_at(table, n, &width), y = table->pad;
    struct style main = aligned(column->is_strong ? &style_main : &style_cell, column);
    struct style more = aligned(&style_more, column);
    y += piece_text(galley, piece, x, y, width, &main, cell->text);
    return y + piece_text(galley, piece, x, y, width, &more, cell->more);
}

static void set_rule(struct table *table, struct piece *piece)
{
    piece_box(table->galley, piece, 0, piece->height + table->pad, table->galley->width, 0.6, 0,
              INK_HAIR);
}

/* All lines of a long note belong to the table, too: its head is said above them. */
static void set_long_note(struct table *table, struct piece *piece, double x, double width,
                          const char *note)
{
    piece->keeps_next = true;
    for (piece = galley_lines(table->galley, NULL, x, width, &style_note, note); piece;
         piece = piece->next) {
        piece->head = table->head;
        if (!piece->next) {
            set_rule(table, piece);
            break;
        }
    }
}

static void set_line(struct table *table, const struct line *line)
{
    struct galley *galley = table->galley;
    struct piece *piece = galley_piece(galley, 0);
    double bottom = table->pad, width;
    piece->head = table->head;
    for (size_t i = 0; i < table->block->columns_n; i++)
        bottom = fmax(bottom, set_cell(table, piece, i, &line->cells[i]));
    if (line->note) {
        double x = column_at(table, 1, &width);
        width = galley->width - x - table->pad;
        PangoLayout *note = galley_text(galley, &style_note, line->note, width);
        if (text_height(note) > galley->sheet->height * note_share) {
            set_long_note(table, piece, x, width, line->note);
            return;
        }
        piece_text(galley, piece, x, bottom + 1, width, &style_note, line->note);
    }
    set_rule(table, piece);
}

void galley_table(struct galley *galley, const struct block *block)
{
    struct table table = {galley, block, NULL, 3.4 * galley->sheet->scale};
    set_heading(&table);
    if (!block->lines_n) {
        struct piece *piece = galley_piece(galley, 2);
        piece_text(galley, piece, 0, 0, galley->width, &style_more, block->empty);
        return;
    }
    set_head(&table);
    for (size_t i = 0; i < block->lines_n; i++)
        set_line(&table, &block->lines[i]);
}
