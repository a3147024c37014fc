#include "db/embed/token.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool is_word_start(char c)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80;
}

static bool is_word(char c)
{
    return is_word_start(c) || isdigit((unsigned char)c);
}

/* Past the comment that begins here, NULL when it is never closed. They nest. */
static const char *comment_end(const char *at)
{
    int depth = 0;
    while (*at) {
        if (at[0] == '/' && at[1] == '*') {
            depth++;
            at += 2;
        } else if (at[0] == '*' && at[1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        } else {
            at++;
        }
    }
    return NULL;
}

static const char *gap_end(struct source *source, const char *at)
{
    while (*at) {
        if (isspace((unsigned char)*at)) {
            at++;
        } else if (at[0] == '-' && at[1] == '-') {
            at += strcspn(at, "\n");
        } else if (at[0] == '/' && at[1] == '*') {
            const char *end = comment_end(at);
            if (!end) {
                source_refuse(source, at, "this comment is never closed");
                return NULL;
            }
            at = end;
        } else {
            break;
        }
    }
    return at;
}

/* Past a string or quoted name; `at` is behind the opening quote. A doubled quote is inside. */
static const char *quote_end(const char *at, char quote, bool has_escapes)
{
    while (*at) {
        if (has_escapes && at[0] == '\\' && at[1]) {
            at += 2;
        } else if (at[0] == quote && at[1] == quote) {
            at += 2;
        } else if (at[0] == quote) {
            return at + 1;
        } else {
            at++;
        }
    }
    return NULL;
}

/* `at` is the first '$'. Sets the kind; NULL when a dollar quote is never closed. */
static const char *dollar_end(const char *at, enum token_kind *kind)
{
    const char *tag = at + 1;
    size_t n = 0;
    if (is_word_start(tag[0]))
        while (is_word(tag[n]))
            n++;
    if (tag[n] == '$') {
        size_t mark = n + 2;
        *kind = TOKEN_STRING;
        for (const char *c = at + mark; *c; c++)
            if (strncmp(c, at, mark) == 0)
                return c + mark;
        return NULL;
    }
    while (is_word(tag[n]))
        n++;
    *kind = n > 0 ? TOKEN_PARAM : TOKEN_SIGN;
    return tag + n;
}

static const char *slot_end(const char *at)
{
    const char *end = at + 1;
    while (is_word(*end))
        end++;
    return *end == '}' && end > at + 1 ? end + 1 : NULL;
}

/* Past the token that begins at `at`; NULL when it is never closed. */
static const char *token_end(const char *at, enum token_kind *kind)
{
    const char *end = at + 1;
    if ((*at == 'e' || *at == 'E') && at[1] == '\'') {
        *kind = TOKEN_STRING;
        return quote_end(at + 2, '\'', true);
    }
    if (is_word_start(*at)) {
        *kind = TOKEN_WORD;
        while (is_word(*end) || *end == '$')
            end++;
        return end;
    }
    if (isdigit((unsigned char)*at)) {
        *kind = TOKEN_NUMBER;
        while (is_word(*end) || (*end == '.' && end[1] != '.'))
            end++;
        return end;
    }
    if (*at == '\'' || *at == '"') {
        *kind = *at == '"' ? TOKEN_NAME : TOKEN_STRING;
        return quote_end(end, *at, false);
    }
    if (*at == '$')
        return dollar_end(at, kind);
    if (*at == '{' && slot_end(at)) {
        *kind = TOKEN_SLOT;
        return slot_end(at);
    }
    *kind = TOKEN_SIGN;
    return at[0] == ':' && at[1] == ':' ? at + 2 : end;
}

bool tokens_read(struct source *source, struct tokens *out)
{
    /* No token is shorter than a byte, so this is room for all of them. */
    struct token *all = store_take(source->store, sizeof *all * (source->length + 1));
    size_t count = 0;
    const char *gap = source->text;
    while (true) {
        const char *at = gap_end(source, gap);
        if (!at)
            return false;
        if (!*at) {
            all[count] = (struct token){.kind = TOKEN_END, .start = at, .gap = gap};
            break;
        }
        enum token_kind kind = TOKEN_SIGN;
        const char *end = token_end(at, &kind);
        if (!end) {
            source_refuse(source, at, "this quote is never closed");
            return false;
        }
        all[count++] =
            (struct token){.kind = kind, .start = at, .length = (size_t)(end - at), .gap = gap};
        gap = end;
    }
    *out = (struct tokens){.all = all, .count = count};
    return true;
}

bool token_is(const struct token *token, const char *text)
{
    if (token->length != strlen(text))
        return false;
    if (token->kind == TOKEN_WORD)
        return strncasecmp(token->start, text, token->length) == 0;
    return strncmp(token->start, text, token->length) == 0;
}

size_t tokens_statement_end(const struct tokens *sql, size_t i)
{
    int depth = 0;
    int body = 0;
    for (; i < sql->count; i++) {
        const struct token *token = &sql->all[i];
        depth += token_is(token, "(") - token_is(token, ")");
        if (token_is(token, "BEGIN") && token_is(token + 1, "ATOMIC"))
            body++;
        else if (body > 0 && token_is(token, "CASE"))
            body++;
        else if (body > 0 && token_is(token, "END"))
            body--;
        else if (depth <= 0 && body == 0 && token_is(token, ";"))
            break;
    }
    return i;
}
