#include "api/document/qr.h"
#include "api/document/render.h"

#include <sodium.h>
#include <string.h>

const char paper_html_policy[] =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'";

/* Colours and measures are those of the printed page (galley). */
static const char style_sheet[] =
    "*{box-sizing:border-box}"
    "body{margin:0;background:#e9eef0;color:#1b2430;font:15px/1.45 'Noto Sans','Noto Sans "
    "Devanagari',system-ui,sans-serif}"
    "main{position:relative;overflow:hidden;max-width:860px;margin:24px auto;padding:48px;"
    "background:#fff;box-shadow:0 2px 18px rgba(20,40,60,.12)}"
    "header{display:flex;justify-content:space-between;gap:24px;padding-bottom:12px;"
    "border-bottom:2px solid #0b5a66}"
    "header img{height:72px;margin-right:16px}header .who{display:flex}"
    "h1{margin:0;font-size:26px;line-height:1.2;color:#0b5a66}h2{margin:0;font-size:20px}"
    "h3{margin:22px 0 6px;font-size:16px;color:#0b5a66}h3 b{font-size:30px;font-weight:400;"
    "margin-right:8px;vertical-align:-3px}"
    "p{margin:0}.quiet{color:#5c6a7a;font-size:13px}.right{text-align:right}"
    ".title{display:flex;justify-content:space-between;gap:24px;margin:16px 0}"
    ".chip{display:inline-block;margin-left:12px;padding:1px 10px;border-radius:6px;"
    "background:#fdf1f0;color:#b0201c;font-size:14px;font-weight:700}"
    "dl{margin:0}dt{color:#5c6a7a;font-size:12px}dd{margin:0;white-space:pre-wrap;"
    "overflow-wrap:anywhere}"
    ".grid{display:grid;grid-template-columns:repeat(4,1fr);gap:8px 16px;padding:12px 16px;"
    "border-radius:8px;background:#f1f6f6}.s2{grid-column:span 2}.s4{grid-column:span 4}"
    ".alert{margin-top:12px;padding:8px 14px;border-left:5px solid #b0201c;background:#fdf1f0;"
    "font-weight:700}.alert strong{color:#b0201c;margin-right:10px}"
    ".none{margin-top:12px}.measures{display:flex;flex-wrap:wrap;gap:10px}"
    ".measures div{min-width:110px;padding:6px 12px;border-radius:6px;background:#f1f6f6}"
    ".measures dd{font-weight:700;font-size:17px}.measures small{font-weight:400;color:#5c6a7a}"
    ".texts{display:grid;grid-template-columns:150px 1fr;gap:8px 12px;margin-top:16px}"
    ".texts dt{color:#0b5a66;font-weight:700;font-size:13.5px}"
    "table{width:100%;border-collapse:collapse}th{padding:6px;background:#f1f6f6;color:#0b5a66;"
    "font-size:12.5px;text-align:left;vertical-align:top;white-space:pre-line}"
    "td{padding:7px 6px 2px;vertical-align:top;overflow-wrap:anywhere}tbody{break-inside:avoid;"
    "border-bottom:1px solid #d1dadf}td small{display:block;color:#5c6a7a}"
    ".note td{padding-top:0;white-space:pre-wrap}.figure{text-align:center}"
    "td:nth-child(2),td:nth-child(3){font-weight:700}td small,.note td.note{font-weight:400}"
    ".sign{display:flex;justify-content:space-between;align-items:flex-end;gap:24px;"
    "margin-top:48px;break-inside:avoid}.sign svg{width:120px;height:120px}"
    ".sign .by{width:40%;padding-top:4px;border-top:1px solid #5c6a7a;text-align:center}"
    ".code{display:flex;gap:10px;max-width:50%}"
    "footer{margin-top:28px;padding-top:8px;border-top:1px solid #d1dadf;text-align:center;"
    "white-space:pre-line}"
    ".water{position:absolute;top:38%;left:0;right:0;z-index:0;text-align:center;"
    "font-size:130px;font-weight:700;color:#5c6a7a;opacity:.13;transform:rotate(-40deg);"
    "pointer-events:none}"
    "@media print{body{background:#fff}main{margin:0;padding:0;max-width:none;box-shadow:none}"
    ".water{position:fixed}thead{display:table-header-group}}";

static void escaped(struct buf *out, const char *text)
{
    for (const char *p = text ? text : ""; *p; p++) {
        switch (*p) {
        case '&':
            buf_text(out, "&amp;");
            break;
        case '<':
            buf_text(out, "&lt;");
            break;
        case '>':
            buf_text(out, "&gt;");
            break;
        case '"':
            buf_text(out, "&quot;");
            break;
        case '\'':
            buf_text(out, "&#39;");
            break;
        default:
            buf_char(out, *p);
        }
    }
}

/* <tag>text</tag>, or nothing when there is no text. `tag` may have attributes. */
static void element(struct buf *out, const char *tag, const char *text)
{
    if (!text || !*text)
        return;
    buf_format(out, "<%s>", tag);
    escaped(out, text);
    buf_format(out, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static void image(struct buf *out, const struct description *description)
{
    enum { BASE64 = sodium_base64_VARIANT_ORIGINAL };
    if (!description->logo)
        return;
    size_t room = sodium_base64_encoded_len(description->logo_length, BASE64);
    char *text = arena_take(out->arena, room);
    sodium_bin2base64(text, room, description->logo, description->logo_length, BASE64);
    buf_format(out, "<img alt=\"\" src=\"data:image/png;base64,%s\">", text);
}

static void letterhead(struct buf *out, const struct description *description)
{
    const struct issuer *issuer = &description->issuer;
    const struct signatory *doctor = &description->doctor;
    buf_text(out, "<header><div class=\"who\">");
    image(out, description);
    buf_text(out, "<div>");
    element(out, "h1", issuer->name);
    element(out, "p class=\"quiet\"", issuer->address);
    element(out, "p class=\"quiet\"", issuer->contact);
    element(out, "p class=\"quiet\"", issuer->registration);
    buf_text(out, "</div></div><div class=\"right\">");
    element(out, "h2", doctor->name);
    element(out, "p class=\"quiet\"", doctor->profession);
    element(out, "p class=\"quiet\"", doctor->licence);
    buf_text(out, "</div></header>");
}

static void title(struct buf *out, const struct description *description)
{
    buf_text(out, "<div class=\"title\"><div><h2>");
    escaped(out, description->title);
    element(out, "span class=\"chip\"", description->mark_text);
    buf_text(out, "</h2>");
    element(out, "p", description->mark_note);
    buf_text(out, "</div><div class=\"right\">");
    element(out, "strong", description->number);
    element(out, "p", description->date);
    buf_text(out, "</div></div>");
}

static void fields(struct buf *out, const struct block *block, const char *class)
{
    bool is_list = block->kind == BLOCK_TEXTS;
    element(out, "h3", block->heading);
    buf_format(out, "<dl class=\"%s\">", class);
    for (size_t i = 0; i < block->fields_n; i++) {
        const struct field *field = &block->fields[i];
        if (!is_list)
            buf_format(out, "<div class=\"s%d\">", field->span);
        element(out, "dt", field->label);
        buf_text(out, "<dd>");
        escaped(out, field->value);
        if (field->note)
            buf_char(out, ' ');
        element(out, "small", field->note);
        buf_text(out, is_list ? "</dd>" : "</dd></div>");
    }
    buf_text(out, "</dl>");
}

static void alert(struct buf *out, const struct block *block)
{
    buf_text(out, block->fields_n ? "<p class=\"alert\">" : "<p class=\"none quiet\">");
    element(out, "strong", block->heading);
    buf_char(out, ' ');
    for (size_t i = 0; i < block->fields_n; i++) {
        if (i)
            buf_text(out, " &bull; ");
        escaped(out, block->fields[i].value);
        if (block->fields[i].note) {
            buf_text(out, " (");
            escaped(out, block->fields[i].note);
            buf_char(out, ')');
        }
    }
    if (!block->fields_n)
        escaped(out, block->empty);
    buf_text(out, "</p>");
}

static void line(struct buf *out, const struct block *block, const struct line *line)
{
    buf_text(out, "<tbody><tr>");
    for (size_t i = 0; i < block->columns_n; i++) {
        buf_text(out, block->columns[i].is_figure ? "<td class=\"figure\">" : "<td>");
        escaped(out, line->cells[i].text);
        element(out, "small", line->cells[i].more);
        buf_text(out, "</td>");
    }
    buf_text(out, "</tr><tr class=\"note\"><td></td>");
    buf_format(out, "<td class=\"note\" colspan=\"%zu\">", block->columns_n - 1);
    escaped(out, line->note);
    buf_text(out, "</td></tr></tbody>");
}

static void table(struct buf *out, const struct block *block)
{
    buf_text(out, "<h3>");
    element(out, "b", block->sign);
    escaped(out, block->heading);
    buf_text(out, "</h3>");
    if (!block->lines_n) {
        element(out, "p class=\"quiet\"", block->empty);
        return;
    }
    buf_text(out, "<table><thead><tr>");
    for (size_t i = 0; i < block->columns_n; i++)
        element(out, block->columns[i].is_figure ? "th class=\"figure\"" : "th",
                block->columns[i].label);
    buf_text(out, "</tr></thead>");
    for (size_t i = 0; i < block->lines_n; i++)
        line(out, block, &block->lines[i]);
    buf_text(out, "</table>");
}

static void block_html(struct buf *out, const struct block *block)
{
    switch (block->kind) {
    case BLOCK_FIELDS:
        fields(out, block, "grid");
        break;
    case BLOCK_ALERT:
        alert(out, block);
        break;
    case BLOCK_MEASURES:
        fields(out, block, "measures");
        break;
    case BLOCK_TEXTS:
        fields(out, block, "texts");
        break;
    case BLOCK_TABLE:
        table(out, block);
        break;
    case BLOCK_KINDS:
        break;
    }
}

static void code(struct buf *out, const struct description *description)
{
    struct qr qr;
    buf_text(out, "<div class=\"code\">");
    if (description->check_url && qr_make(out->arena, description->check_url, &qr)) {
        buf_format(out,
                   "<svg role=\"img\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
                   "<path d=\"",
                   qr.width, qr.width);
        for (int y = 0; y < qr.width; y++)
            for (int from = 0, to; from < qr.width; from = to + 1) {
                to = qr_run(&qr, from, y);
                if (to > from)
                    buf_format(out, "M%d %dh%dv1h%dz", from, y, to - from, from - to);
            }
        buf_text(out, "\"/></svg>");
        element(out, "p class=\"quiet\"", description->check_label);
    }
    buf_text(out, "</div>");
}

static void signature(struct buf *out, const struct description *description)
{
    const struct signatory *doctor = &description->doctor;
    buf_text(out, "<div class=\"sign\">");
    code(out, description);
    buf_text(out, "<div class=\"by\">");
    element(out, "p class=\"quiet\"", doctor->caption);
    element(out, "strong", doctor->name);
    element(out, "p class=\"quiet\"", doctor->profession);
    element(out, "p class=\"quiet\"", doctor->licence);
    buf_text(out, "</div></div>");
}

void paper_html(const struct description *description, const char *sheet, struct buf *out)
{
    buf_format(out, "<!DOCTYPE html><html lang=\"%s\"><head><meta charset=\"utf-8\">",
               language_tag(description->language));
    buf_text(out, "<meta name=\"viewport\" content=\"width=device-width\"><title>");
    escaped(out, description->title);
    buf_char(out, ' ');
    escaped(out, description->number);
    buf_format(out, "</title><style>%s</style>", style_sheet);
    buf_format(out, "<style>@page{size:%s;margin:14mm}</style></head><body><main>", sheet);
    element(out, "div class=\"water\" aria-hidden=\"true\"", description->mark_text);
    letterhead(out, description);
    title(out, description);
    for (size_t i = 0; i < description->blocks_n; i++)
        block_html(out, &description->blocks[i]);
    signature(out, description);
    if (description->footer || description->pharmacy) {
        buf_text(out, "<footer class=\"quiet\">");
        element(out, "p", description->footer);
        element(out, "p", description->pharmacy);
        buf_text(out, "</footer>");
    }
    buf_text(out, "</main></body></html>\n");
}
