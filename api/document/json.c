#include "api/document/render.h"

static const char *const block_names[BLOCK_KINDS] = {
    [BLOCK_FIELDS] = "fields", [BLOCK_ALERT] = "alert", [BLOCK_MEASURES] = "measures",
    [BLOCK_TEXTS] = "texts",   [BLOCK_TABLE] = "table",
};

static const char *const mark_names[] = {
    [MARK_NONE] = NULL,
    [MARK_DRAFT] = "draft",
    [MARK_CANCELLED] = "cancelled",
    [MARK_INTERIM] = "interim",
};

static void member(struct buf *out, const char *name, const char *value)
{
    if (out->text[out->length - 1] != '{')
        buf_char(out, ',');
    buf_format(out, "\"%s\":", name);
    buf_json_string(out, value);
}

static void open_list(struct buf *out, const char *name)
{
    buf_format(out, ",\"%s\":[", name);
}

static void fields(struct buf *out, const struct block *block)
{
    open_list(out, "fields");
    for (size_t i = 0; i < block->fields_n; i++) {
        buf_text(out, i ? ",{" : "{");
        member(out, "label", block->fields[i].label);
        member(out, "value", block->fields[i].value);
        member(out, "note", block->fields[i].note);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void cells(struct buf *out, const struct line *line, size_t n)
{
    open_list(out, "cells");
    for (size_t i = 0; i < n; i++) {
        buf_text(out, i ? ",{" : "{");
        member(out, "text", line->cells[i].text);
        member(out, "more", line->cells[i].more);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void table(struct buf *out, const struct block *block)
{
    open_list(out, "columns");
    for (size_t i = 0; i < block->columns_n; i++) {
        if (i)
            buf_char(out, ',');
        buf_json_string(out, block->columns[i].label);
    }
    buf_char(out, ']');
    open_list(out, "lines");
    for (size_t i = 0; i < block->lines_n; i++) {
        buf_text(out, i ? ",{" : "{");
        member(out, "note", block->lines[i].note);
        cells(out, &block->lines[i], block->columns_n);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

static void blocks(struct buf *out, const struct description *description)
{
    open_list(out, "blocks");
    for (size_t i = 0; i < description->blocks_n; i++) {
        const struct block *block = &description->blocks[i];
        buf_text(out, i ? ",{" : "{");
        member(out, "kind", block_names[block->kind]);
        member(out, "heading", block->heading);
        member(out, "empty", block->empty);
        fields(out, block);
        table(out, block);
        buf_char(out, '}');
    }
    buf_char(out, ']');
}

void paper_json(const struct description *description, struct buf *out)
{
    const struct issuer *issuer = &description->issuer;
    const struct signatory *doctor = &description->doctor;
    buf_char(out, '{');
    member(out, "kind",
           description->kind == PAPER_PRESCRIPTION ? "prescription" : "discharge_summary");
    member(out, "language", language_tag(description->language));
    member(out, "title", description->title);
    member(out, "number", description->number);
    member(out, "date", description->date);
    member(out, "changed_at", description->changed_at);
    member(out, "mark", mark_names[description->mark]);
    member(out, "mark_text", description->mark_text);
    member(out, "mark_note", description->mark_note);
    buf_text(out, ",\"clinic\":{");
    member(out, "name", issuer->name);
    member(out, "address", issuer->address);
    member(out, "contact", issuer->contact);
    member(out, "registration", issuer->registration);
    buf_text(out, "},\"doctor\":{");
    member(out, "name", doctor->name);
    member(out, "profession", doctor->profession);
    member(out, "licence", doctor->licence);
    buf_char(out, '}');
    blocks(out, description);
    member(out, "footer", description->footer);
    member(out, "pharmacy", description->pharmacy);
    member(out, "check_url", description->check_url);
    buf_char(out, '}');
}
