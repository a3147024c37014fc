/* What a paper says, block by block, in one language: made of the facts by describe.c, and all that
 * the three renderers (PDF, HTML, JSON) know. They decide how it looks, never what it says.
 *
 * All text is UTF-8 and lives in the arena that it was made in, or longer. */
#ifndef API_DOCUMENT_DESCRIPTION_H
#define API_DOCUMENT_DESCRIPTION_H

#include "api/document/paper.h"
#include "api/http/language.h"
#include "db/arena.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

/* What is written across a paper that is not what people take it for. */
enum paper_mark { MARK_NONE, MARK_DRAFT, MARK_CANCELLED, MARK_INTERIM };

enum block_kind {
    BLOCK_FIELDS,   /* labels and short values, in a grid: the patient */
    BLOCK_ALERT,    /* what must not be overlooked: allergies */
    BLOCK_MEASURES, /* a few numbers with units: vital signs */
    BLOCK_TEXTS,    /* labels and whole sentences: findings, advice */
    BLOCK_TABLE,    /* medicines, tests, treatments */
    BLOCK_KINDS
};

struct field {
    const char *label, *value;
    const char *note; /* a unit, a reaction; or NULL */
    int span;         /* columns of a grid of four; 0: one */
    bool is_strong;
};

struct column {
    const char *label;
    double share; /* of the width; all shares together are 1 */
    bool is_figure, is_strong;
};

struct cell {
    const char *text; /* NULL: nothing */
    const char *more; /* below it, smaller; or NULL */
};

struct line {
    const struct cell *cells; /* as many as there are columns */
    const char *note;         /* as wide as the table, below; or NULL */
};

struct block {
    enum block_kind kind;
    const char *heading; /* or NULL */
    const char *sign;    /* before the heading, large: ℞; or NULL */
    const struct field *fields;
    size_t fields_n;
    const struct column *columns;
    size_t columns_n;
    const struct line *lines;
    size_t lines_n;
    const char *empty; /* said when there are no fields or lines; or NULL */
};

struct issuer {
    const char *name, *address;
    const char *contact;      /* phone, e-mail, website */
    const char *registration; /* with its label */
};

struct signatory {
    const char *name;
    const char *profession; /* qualification and specialization; or NULL */
    const char *licence;    /* with its label; or NULL */
    const char *caption;    /* below the rule */
};

struct description {
    enum paper_kind kind;
    enum language language;
    enum paper_mark mark;
    const char *mark_text; /* "DRAFT"; NULL: none */
    const char *mark_note; /* why it was cancelled; or NULL */
    const char *title, *number;
    const char *date;       /* local, for people */
    const char *changed_at; /* RFC 3339: the instant of this version */
    struct issuer issuer;
    struct signatory doctor;
    const char *patient; /* number and name: above the pages that follow the first */
    const struct block *blocks;
    size_t blocks_n;
    const char *footer;   /* the clinic's own words; or NULL */
    const char *pharmacy; /* or NULL */
    const char *check_url, *check_label;
    const void *logo; /* PNG; or NULL */
    size_t logo_length;
};

/* What is not in the facts. */
struct paper_setting {
    enum language language;
    const json_t *document; /* its schemas say what people call values */
    const char *check_url;  /* or NULL */
    const void *logo;
    size_t logo_length;
};

/* Facts from JSON text as the database gives it. Characters that only turn the order of others
 * around (U+202A to U+202E, U+2066 to U+2069) could make a dose read backwards: they are left out.
 * Noncharacters, which no printer takes, become U+FFFD. */
json_t *describe_read(struct arena *arena, const char *text);

/* Borrows facts: {"version", "status", "changed_at", "facts": {…}} (prescription_printed(),
 * admission_printed()). */
struct description *describe(struct arena *arena, enum paper_kind kind, const json_t *printed,
                             const struct paper_setting *setting);

#endif
