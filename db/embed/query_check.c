#include "db/embed/query_file.h"

#include <string.h>
#include <strings.h>

static const struct token *token_at(const struct query_file *query, size_t i)
{
    return &query->sql.all[i];
}

/* True when a word stands there as a name behind a dot: x.delete is a column. */
static bool is_behind_dot(const struct query_file *query, size_t i)
{
    return i > 0 && token_is(token_at(query, i - 1), ".");
}

/* SELECT … FOR [NO KEY] UPDATE locks, it does not write. */
static bool is_locking_clause(const struct query_file *query, size_t i)
{
    return i > 0 &&
           (token_is(token_at(query, i - 1), "FOR") ||
            (i > 2 && token_is(token_at(query, i - 1), "KEY") &&
             token_is(token_at(query, i - 2), "NO") && token_is(token_at(query, i - 3), "FOR")));
}

static void check_reading(struct query_file *query)
{
    static const char *const writing[] = {"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE"};
    if (query->kind != QUERY_READ)
        return;
    for (size_t i = 0; i < query->sql.count; i++) {
        const struct token *token = token_at(query, i);
        if (token->kind != TOKEN_WORD || is_behind_dot(query, i) || is_locking_clause(query, i))
            continue;
        for (size_t w = 0; w < sizeof writing / sizeof writing[0]; w++)
            if (token_is(token, writing[w]))
                source_refuse(&query->source, token->start, "kind: read, but it says %s",
                              writing[w]);
    }
}

/* decisions.md 24: the time is a parameter. The floor's own statements may ask the server. */
static void check_clock(struct query_file *query)
{
    static const char *const functions[] = {"now", "clock_timestamp", "statement_timestamp",
                                            "transaction_timestamp", "timeofday"};
    static const char *const words[] = {"CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME",
                                        "LOCALTIMESTAMP", "LOCALTIME"};
    static const char *const literals[] = {"'now'", "'today'", "'tomorrow'", "'yesterday'"};
    if (strncmp(query->name, "db_", 3) == 0)
        return;
    for (size_t i = 0; i < query->sql.count; i++) {
        const struct token *token = token_at(query, i);
        const struct token *next = token_at(query, i + 1);
        bool is_clock = false;
        if (token->kind == TOKEN_WORD && token_is(next, "("))
            for (size_t w = 0; w < sizeof functions / sizeof functions[0]; w++)
                is_clock = is_clock || token_is(token, functions[w]);
        if (token->kind == TOKEN_WORD && !is_behind_dot(query, i))
            for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
                is_clock = is_clock || token_is(token, words[w]);
        if (token->kind == TOKEN_STRING && token_is(next, "::"))
            for (size_t w = 0; w < sizeof literals / sizeof literals[0]; w++)
                is_clock = is_clock || (token->length == strlen(literals[w]) &&
                                        strncasecmp(token->start, literals[w], token->length) == 0);
        if (is_clock)
            source_refuse(&query->source, token->start, "%.*s is not the program's clock; say $now",
                          (int)token->length, token->start);
    }
}

static void check_slots(struct query_file *query)
{
    static const char *const slots[] = {"{keys}", "{keyset}", "{page}"};
    size_t seen[3] = {0};
    for (size_t i = 0; i < query->sql.count; i++) {
        const struct token *token = token_at(query, i);
        if (token->kind != TOKEN_SLOT)
            continue;
        bool is_known = false;
        for (size_t s = 0; s < 3; s++) {
            if (token_is(token, slots[s])) {
                is_known = true;
                seen[s]++;
            }
        }
        if (!is_known)
            source_refuse(&query->source, token->start, "unknown placeholder %.*s",
                          (int)token->length, token->start);
        else if (query->sorts_n == 0)
            source_refuse(&query->source, token->start,
                          "%.*s, but the header has no sort:", (int)token->length, token->start);
    }
    for (size_t s = 0; s < 3 && query->sorts_n > 0; s++)
        if (seen[s] == 0)
            source_refuse(&query->source, query->sql.all[0].start, "a list, but it has no %s",
                          slots[s]);
    if (query->sorts_n > 0 && query->rows != ROWS_MANY)
        source_refuse(&query->source, query->source.text, "sort: is for rows: many");
    if (query->sorts_n > 0 && query->kind != QUERY_READ)
        source_refuse(&query->source, query->source.text, "sort: is for kind: read");
}

/* Words that cannot name a member of a struct. */
static bool is_c_word(const char *name)
{
    static const char *const words[] = {
        "auto",   "break",    "case",   "char",     "const",    "continue", "default",  "do",
        "double", "else",     "enum",   "extern",   "float",    "for",      "goto",     "if",
        "inline", "int",      "long",   "register", "restrict", "return",   "short",    "signed",
        "sizeof", "static",   "struct", "switch",   "typedef",  "union",    "unsigned", "void",
        "while",  "volatile", "asm",    "typeof"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (strcmp(words[i], name) == 0)
            return true;
    return false;
}

static void own_param(struct query_file *query, size_t i)
{
    const struct token *token = token_at(query, i);
    const char *name = store_copy(query->source.store, token->start + 1, token->length - 1);
    for (size_t a = 0; a < query->args_n; a++)
        if (strcmp(query->args[a], name) == 0)
            return;
    if (strspn(name, "abcdefghijklmnopqrstuvwxyz_0123456789") != strlen(name) ||
        strspn(name, "0123456789") > 0 || is_c_word(name))
        source_refuse(&query->source, token->start,
                      "$%s cannot be a parameter's name (lower case, no word of C)", name);
    if (!token_is(token_at(query, i + 1), "::"))
        source_refuse(&query->source, token->start,
                      "$%s does not say its type the first time: $%s::type", name, name);
    if (query->args_n == PARAMS_MAX)
        source_refuse(&query->source, token->start, "more than %d parameters", PARAMS_MAX);
    else
        query->args[query->args_n++] = name;
}

static void check_params(struct query_file *query)
{
    for (size_t i = 0; i < query->sql.count; i++) {
        const struct token *token = token_at(query, i);
        if (token->kind != TOKEN_PARAM)
            continue;
        int reserved = reserved_find(token->start + 1, token->length - 1);
        if (reserved < 0)
            own_param(query, i);
        else if (token_is(token_at(query, i + 1), "::") &&
                 (reserved < RESERVED_AFTER_1 || reserved > RESERVED_AFTER_3))
            source_refuse(
                &query->source, token->start,
                "%.*s is reserved and has its type (%s) already; to convert, (%.*s)::type",
                (int)token->length, token->start, reserved_type(reserved), (int)token->length,
                token->start);
    }
}

/* True when a name occurs as a word or "quoted". */
static bool has_name(const struct query_file *query, const char *name)
{
    for (size_t i = 0; i < query->sql.count; i++) {
        const struct token *token = token_at(query, i);
        if (token->kind == TOKEN_WORD && token_is(token, name))
            return true;
        if (token->kind == TOKEN_NAME && token->length == strlen(name) + 2 &&
            strncmp(token->start + 1, name, strlen(name)) == 0)
            return true;
    }
    return false;
}

static void check_faults(struct query_file *query)
{
    bool has_fault = has_name(query, "_fault");
    if (has_fault && query->faults_n == 0)
        source_refuse(&query->source, query->source.text,
                      "it has a _fault column, but the header has no faults:");
    if (!has_fault && query->faults_n > 0)
        source_refuse(&query->source, query->source.text,
                      "the header has faults:, but there is no _fault column");
}

/* INSERT, UPDATE and DELETE give rows only with RETURNING. */
static bool gives_rows(const struct query_file *query)
{
    const struct token *first = token_at(query, query->main_at);
    if (!token_is(first, "INSERT") && !token_is(first, "UPDATE") && !token_is(first, "DELETE"))
        return true;
    int depth = 0;
    for (size_t i = query->main_at; i < query->sql.count; i++) {
        depth += token_is(token_at(query, i), "(") - token_is(token_at(query, i), ")");
        if (depth == 0 && token_is(token_at(query, i), "RETURNING"))
            return true;
    }
    return false;
}

static bool has_arg(const struct query_file *query, const char *name)
{
    for (size_t i = 0; i < query->args_n; i++)
        if (strcmp(query->args[i], name) == 0)
            return true;
    return false;
}

static void check_audit(struct query_file *query)
{
    if (!query->has_audit)
        return;
    if (query->rows == ROWS_MANY &&
        (query->audit.id || query->audit.patients || query->audit.before || query->audit.after_row))
        source_refuse(&query->source, query->source.text,
                      "audit: id, patients, before and after are of one row, rows: is many");
    if (query->kind == QUERY_READ && (query->audit.before || query->audit.after_row))
        source_refuse(&query->source, query->source.text,
                      "audit: before and after are of a write, kind: is read");
    for (size_t i = 0; query->kind == QUERY_READ && i < query->faults_n; i++)
        if (query->rows != ROWS_MANY || strcmp(query->faults[i], "not-found") != 0)
            source_refuse(&query->source, query->source.text,
                          "an audited read has no fault but a list's not-found: its audit row "
                          "knows only found or not");
    if (query->audit.patient && *query->audit.patient == '$' &&
        !has_arg(query, query->audit.patient + 1))
        source_refuse(&query->source, query->source.text, "audit: %s is no parameter of its own",
                      query->audit.patient);
    if (!gives_rows(query))
        source_refuse(&query->source, token_at(query, query->main_at)->start,
                      "an audited statement must give its row: RETURNING is missing");
    if (has_name(query, "_result") || has_name(query, "_audit") || has_name(query, "_kept"))
        source_refuse(&query->source, query->source.text,
                      "_result, _audit and _kept are names of the audited forms");
}

static void check_keyed(struct query_file *query)
{
    bool is_one = query->rows == ROWS_ONE || query->rows == ROWS_OPTIONAL;
    if (query->is_keyed && (query->kind != QUERY_WRITE || !query->has_audit || !is_one))
        source_refuse(&query->source, query->source.text,
                      "keyed: is for an audited write of one row");
}

void query_check(struct query_file *query)
{
    if (query->lock && query->kind == QUERY_READ)
        source_refuse(&query->source, query->source.text, "lock: is for kind: write");
    check_params(query);
    check_slots(query);
    check_reading(query);
    check_clock(query);
    check_faults(query);
    check_audit(query);
    check_keyed(query);
}
