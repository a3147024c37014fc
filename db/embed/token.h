/* SQL as PostgreSQL's lexer sees it, as far as a splitter and renumberer needs: words, quoted
 * names, strings (also E'' and dollar quotes), comments (also nested). Nothing is interpreted.
 */
#ifndef DB_EMBED_TOKEN_H
#define DB_EMBED_TOKEN_H

#include "db/embed/text.h"

enum token_kind {
    TOKEN_WORD,   /* select, clinic_id */
    TOKEN_NAME,   /* "quoted" */
    TOKEN_STRING, /* 'it''s', E'a\'b', $$body$$ */
    TOKEN_NUMBER,
    TOKEN_PARAM, /* $name, $1 */
    TOKEN_SLOT,  /* {name} */
    TOKEN_SIGN,  /* "::", or one other character */
    TOKEN_END,
};

struct token {
    enum token_kind kind;
    const char *start;
    size_t length;
    const char *gap; /* where the space and the comments before it begin */
};

struct tokens {
    struct token *all; /* the last is TOKEN_END */
    size_t count;      /* without it */
};

/* False, and the source refused, when something is not closed. */
bool tokens_read(struct source *source, struct tokens *out);

/* Words are compared without case; everything else is compared exactly. */
bool token_is(const struct token *token, const char *text);

/* The index of the ';' that ends the statement at `i`, or of the end. Inside parentheses and the
 * body BEGIN ATOMIC … END of a function a ';' ends nothing. */
size_t tokens_statement_end(const struct tokens *sql, size_t i);

#endif
