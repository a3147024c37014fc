#include "api/document/galley.h"

#include <math.h>

static const struct style style_name = {17, WEIGHT_BOLD, INK_ACCENT, ALIGN_LEFT};
static const struct style style_doctor = {11, WEIGHT_BOLD, INK_BLACK, ALIGN_RIGHT};
static const struct style style_beside = {8.2, WEIGHT_REGULAR, INK_GREY, ALIGN_RIGHT};
static const struct style style_title = {13, WEIGHT_BOLD, INK_BLACK, ALIGN_LEFT};
static const struct style style_right = {9.5, WEIGHT_REGULAR, INK_BLACK, ALIGN_RIGHT};
static const struct style style_small = {8.2, WEIGHT_REGULAR, INK_GREY, ALIGN_LEFT};
static const struct style style_label = {7.4, WEIGHT_REGULAR, INK_GREY, ALIGN_LEFT};
static const struct style style_side = {8.6, WEIGHT_BOLD, INK_ACCENT, ALIGN_LEFT};
static const struct style style_value = {9.5, WEIGHT_REGULAR, INK_BLACK, ALIGN_LEFT};
static const struct style style_strong = {9.5, WEIGHT_BOLD, INK_BLACK, ALIGN_LEFT};
static const struct style style_figure = {11, WEIGHT_BOLD, INK_BLACK, ALIGN_LEFT};
static const struct style style_alert = {9.2, WEIGHT_BOLD, INK_ALERT, ALIGN_LEFT};
static const struct style style_foot = {7.6, WEIGHT_REGULAR, INK_GREY, ALIGN_CENTRE};

enum { LOGO = 46, GRID = 4, CODE = 62 };

/* The share of the page that the clinic's own words may take of every page. */
static const double foot_share = 0.16;

static double points(const struct galley *galley, double at_full_size)
{
    return at_full_size * galley->sheet->scale;
}

static double set_issuer(struct galley *galley, struct piece *piece,
                         const struct description *description)
{
    const struct issuer *issuer = &description->issuer;
    double width = galley->width * 0.6, x = 0, y = 0;
    if (description->logo)
        x = piece_image(galley, piece, description->logo, description->logo_length,
                        points(galley, LOGO), width / 2);
    if (x > 0)
        x += points(galley, 12);
    width -= x;
    y += piece_text(galley, piece, x, y, width, &style_name, issuer->name);
    y += piece_text(galley, piece, x, y, width, &style_small, issuer->address);
    y += piece_text(galley, piece, x, y, width, &style_small, issuer->contact);
    y += piece_text(galley, piece, x, y, width, &style_small, issuer->registration);
    return y;
}

static void set_letterhead(struct galley *galley, const struct description *description)
{
    struct piece *piece = galley_piece(galley, 0);
    double x = galley->width * 0.63, width = galley->width * 0.37;
    set_issuer(galley, piece, description);
    double y = points(galley, 6);
    y += piece_text(galley, piece, x, y, width, &style_doctor, description->doctor.name);
    y += piece_text(galley, piece, x, y, width, &style_beside, description->doctor.profession);
    piece_text(galley, piece, x, y, width, &style_beside, description->doctor.licence);
    piece_box(galley, piece, 0, piece->height + points(galley, 7), galley->width, 1.4, 0,
              INK_ACCENT);
}

static void set_title(struct galley *galley, const struct description *description)
{
    struct piece *piece = galley_piece(galley, 10);
    double half = galley->width * 0.5;
    PangoLayout *title = galley_text(galley, &style_title, description->title, half);
    double height = text_height(title);
    piece_text(galley, piece, 0, 0, half, &style_title, description->title);
    if (description->mark_text) {
        const struct style style = {9, WEIGHT_BOLD, INK_ALERT, ALIGN_LEFT};
        PangoLayout *chip = galley_text(galley, &style, description->mark_text, 0);
        double x = text_width(title) + points(galley, 10), pad = points(galley, 6);
        double y = (height - text_height(chip)) / 2;
        piece_box(galley, piece, x, y - 1, text_width(chip) + 2 * pad, text_height(chip) + 2, 4,
                  INK_ALERT_TINT);
        piece_text(galley, piece, x + pad, y, 0, &style, description->mark_text);
    }
    const struct style number = {11, WEIGHT_BOLD, INK_BLACK, ALIGN_RIGHT};
    double y = piece_text(galley, piece, half, 0, half, &number, description->number);
    piece_text(galley, piece, half, y, half, &style_right, description->date);
    piece_text(galley, piece, 0, height, half, &style_alert, description->mark_note);
}

/* A grid of four; a field that no longer fits begins the next row. */
static void set_fields(struct galley *galley, const struct block *block)
{
    struct piece *piece = galley_piece(galley, 9);
    double pad = points(galley, 9), gap = points(galley, 10);
    double column = (galley->width - 2 * pad + gap) / GRID;
    double y = points(galley, 6), deepest = y;
    int at = 0;
    for (size_t i = 0; i < block->fields_n; i++) {
        const struct field *field = &block->fields[i];
        int span = field->span ? field->span : 1;
        if (at + span > GRID) {
            at = 0;
            y = deepest + points(galley, 4);
        }
        double x = pad + at * column, width = span * column - gap;
        double below = y + piece_text(galley, piece, x, y, width, &style_label, field->label);
        below += piece_text(galley, piece, x, below, width,
                            field->is_strong ? &style_strong : &style_value, field->value);
        deepest = fmax(deepest, below);
        at += span;
    }
    piece_box_behind(galley, piece, 0, 0, galley->width, deepest + points(galley, 6), 6, INK_TINT);
}

static const char *alerts_text(struct galley *galley, const struct block *block)
{
    struct buf out;
    buf_begin(&out, galley->arena, 256);
    for (size_t i = 0; i < block->fields_n; i++) {
        const struct field *field = &block->fields[i];
        if (i)
            buf_text(&out, "   •   ");
        buf_text(&out, field->value);
        if (field->note)
            buf_format(&out, " (%s)", field->note);
    }
    return out.text;
}

/* Behind every line of the alert, so that it is seen on whichever page a line comes to stand. */
static void dress_alert(struct galley *galley, struct piece *first)
{
    double pad = points(galley, 4);
    piece_lower(first, pad);
    for (struct piece *piece = first; piece; piece = piece->next) {
        double height = piece->height + (piece->next ? 0 : pad);
        piece_box_behind(galley, piece, 0, 0, points(galley, 3), height, 0, INK_ALERT);
        piece_box_behind(galley, piece, 0, 0, galley->width, height, 0, INK_ALERT_TINT);
    }
}

static void set_alert(struct galley *galley, const struct block *block)
{
    struct piece *piece = galley_piece(galley, 8);
    bool is_alert = block->fields_n > 0;
    double x = points(galley, 9);
    struct style heading = style_alert;
    if (!is_alert)
        heading.ink = INK_GREY;
    PangoLayout *label = galley_text(galley, &heading, block->heading, 0);
    double beside = x + text_width(label) + points(galley, 10);
    double width = galley->width - beside - points(galley, 6);
    piece_text(galley, piece, x, 0, 0, &heading, block->heading);
    galley_lines(galley, piece, beside, width, is_alert ? &style_strong : &style_small,
                 is_alert ? alerts_text(galley, block) : block->empty);
    if (is_alert)
        dress_alert(galley, piece);
}

static void set_measures(struct galley *galley, const struct block *block)
{
    struct piece *piece = galley_piece(galley, 8); /* its figures need no heading */
    double gap = points(galley, 6), pad = points(galley, 7);
    double column = (galley->width + gap) / fmax(GRID, (double)block->fields_n);
    double deepest = 0;
    for (size_t i = 0; i < block->fields_n; i++) {
        const struct field *field = &block->fields[i];
        double x = (double)i * column + pad, width = column - gap - 2 * pad;
        double y = points(galley, 4);
        y += piece_text(galley, piece, x, y, width, &style_label, field->label);
        PangoLayout *figure = galley_text(galley, &style_figure, field->value, 0);
        double used = fmin(text_width(figure), width);
        double height = piece_text(galley, piece, x, y, width, &style_figure, field->value);
        if (field->note)
            piece_text(galley, piece, x + used + points(galley, 3), y + points(galley, 3),
                       fmax(width - used, points(galley, 20)), &style_label, field->note);
        deepest = fmax(deepest, y + height);
    }
    for (size_t i = 0; i < block->fields_n; i++)
        piece_box_behind(galley, piece, (double)i * column, 0, column - gap,
                         deepest + points(galley, 4), 5, INK_TINT);
}

static void set_texts(struct galley *galley, const struct block *block)
{
    double side = galley->width * 0.19;
    for (size_t i = 0; i < block->fields_n; i++) {
        const struct field *field = &block->fields[i];
        if (!field->value)
            continue;
        struct piece *piece = galley_piece(galley, i ? 4 : 9);
        double x = field->label ? side : 0;
        piece_text(galley, piece, 0, points(galley, 0.96), side - points(galley, 8), &style_side,
                   field->label);
        galley_lines(galley, piece, x, galley->width - x, &style_value, field->value);
    }
}

static void set_block(struct galley *galley, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_FIELDS:
        set_fields(galley, block);
        break;
    case BLOCK_ALERT:
        set_alert(galley, block);
        break;
    case BLOCK_MEASURES:
        set_measures(galley, block);
        break;
    case BLOCK_TEXTS:
        set_texts(galley, block);
        break;
    case BLOCK_TABLE:
        galley_table(galley, block);
        break;
    case BLOCK_KINDS:
        break;
    }
}

/* At the foot of the last page: what to check by, and who answers for it. */
static void set_signature(struct galley *galley, const struct description *description)
{
    struct piece *piece = galley_piece(galley, 10);
    const struct signatory *doctor = &description->doctor;
    double x = galley->width * 0.6, width = galley->width * 0.4, y = points(galley, 20);
    const struct style name = {10, WEIGHT_BOLD, INK_BLACK, ALIGN_CENTRE};
    const struct style centred = {8, WEIGHT_REGULAR, INK_GREY, ALIGN_CENTRE};
    piece->sinks = true;
    piece_box(galley, piece, x, y, width, 0.7, 0, INK_GREY);
    y += points(galley, 3);
    y += piece_text(galley, piece, x, y, width, &centred, doctor->caption);
    y += piece_text(galley, piece, x, y, width, &name, doctor->name);
    y += piece_text(galley, piece, x, y, width, &centred, doctor->profession);
    piece_text(galley, piece, x, y, width, &centred, doctor->licence);
    if (!description->check_url)
        return;
    double side = points(galley, CODE), beside = side + points(galley, 8);
    y = fmax(0, piece->height - side);
    piece_mark(galley, piece,
               &(struct mark){.kind = MARK_IS_CODE,
                              .y = y,
                              .width = side,
                              .height = side,
                              .ink = INK_BLACK,
                              .code = description->check_url});
    piece_text(galley, piece, beside, y, galley->width * 0.26, &style_label,
               description->check_label);
}

static struct piece *foot_of(struct galley *galley, const char *words, const char *pharmacy)
{
    struct piece *piece = galley_detached(galley);
    double y = 0;
    if (words || pharmacy) {
        piece_box(galley, piece, 0, 0, galley->width, 0.6, 0, INK_HAIR);
        y = points(galley, 5);
    }
    y += piece_text(galley, piece, 0, y, galley->width, &style_foot, words);
    piece_text(galley, piece, 0, y, galley->width, &style_foot, pharmacy);
    return piece;
}

/* Words that would take too much of every page stand at the end, once. */
static bool is_foot_small(struct galley *galley, const struct description *description)
{
    struct piece *foot = foot_of(galley, description->footer, description->pharmacy);
    return foot->height <= galley->sheet->height * foot_share;
}

struct piece *galley_foot(struct galley *galley, const struct description *description)
{
    bool is_small = is_foot_small(galley, description);
    return foot_of(galley, is_small ? description->footer : NULL,
                   is_small ? description->pharmacy : NULL);
}

struct piece *galley_running_head(struct galley *galley, const struct description *description)
{
    struct piece *piece = galley_detached(galley);
    double half = galley->width * 0.5;
    const struct style left = {8.2, WEIGHT_BOLD, INK_ACCENT, ALIGN_LEFT};
    const char *what = arena_format(galley->arena, "%s  ·  %s", description->number,
                                    description->patient ? description->patient : "");
    piece_text(galley, piece, 0, 0, half, &left, description->issuer.name);
    piece_text(galley, piece, half, 0, half, &style_beside, what);
    piece_box(galley, piece, 0, piece->height + points(galley, 4), galley->width, 0.8, 0,
              INK_ACCENT);
    return piece;
}

void galley_set(struct galley *galley, const struct description *description)
{
    set_letterhead(galley, description);
    set_title(galley, description);
    for (size_t i = 0; i < description->blocks_n; i++)
        set_block(galley, &description->blocks[i]);
    if (!is_foot_small(galley, description)) {
        const struct field words[] = {{.value = description->footer},
                                      {.value = description->pharmacy}};
        set_texts(galley, &(struct block){.fields = words, .fields_n = 2});
    }
    galley->last->keeps_next = true; /* no signature alone on a page */
    set_signature(galley, description);
}
