/* From a query to the SQL that is prepared. Every parameter gets its number when it is first
 * written, so each form has its own list and none has a parameter that it does not use. */
#include "db/embed/query_file.h"

#include <ctype.h>
#include <string.h>

static const struct {
    const char *name, *type, *c;
} reserved_params[RESERVED_COUNT] = {
    [RESERVED_CLINIC] = {"clinic", "bigint", "RESERVED_CLINIC"},
    [RESERVED_PATIENT] = {"patient", "uuid", "RESERVED_PATIENT"},
    [RESERVED_NOW] = {"now", "timestamptz", "RESERVED_NOW"},
    [RESERVED_ACTOR_KIND] = {"actor_kind", "text", "RESERVED_ACTOR_KIND"},
    [RESERVED_ACTOR_ID] = {"actor_id", "uuid", "RESERVED_ACTOR_ID"},
    [RESERVED_ACTOR_NAME] = {"actor_name", "text", "RESERVED_ACTOR_NAME"},
    [RESERVED_ACTOR_ROLE] = {"actor_role", "text", "RESERVED_ACTOR_ROLE"},
    [RESERVED_OPERATION] = {"operation", "text", "RESERVED_OPERATION"},
    [RESERVED_REQUEST_ID] = {"request_id", "uuid", "RESERVED_REQUEST_ID"},
    [RESERVED_CLIENT_ADDRESS] = {"client_address", "text", "RESERVED_CLIENT_ADDRESS"},
    [RESERVED_IF_MATCH] = {"if_match", "bigint", "RESERVED_IF_MATCH"},
    [RESERVED_AFTER_1] = {"after_1", "text", "RESERVED_AFTER_1"},
    [RESERVED_AFTER_2] = {"after_2", "text", "RESERVED_AFTER_2"},
    [RESERVED_AFTER_3] = {"after_3", "text", "RESERVED_AFTER_3"},
    [RESERVED_LIMIT] = {"limit", "bigint", "RESERVED_LIMIT"},
    [RESERVED_AUDIT_ID] = {"audit_id", "uuid", "RESERVED_AUDIT_ID"},
    [RESERVED_AUDIT_STATUS] = {"audit_status", "int", "RESERVED_AUDIT_STATUS"},
    [RESERVED_KEY_PRINCIPAL] = {"key_principal", "text", "RESERVED_KEY_PRINCIPAL"},
    [RESERVED_KEY_HASH] = {"key_hash", "text", "RESERVED_KEY_HASH"},
    [RESERVED_KEY_DIGEST] = {"key_digest", "text", "RESERVED_KEY_DIGEST"},
    [RESERVED_KEY_SECRET] = {"key_secret", "text", "RESERVED_KEY_SECRET"},
};

int reserved_find(const char *name, size_t length)
{
    for (int i = 0; i < RESERVED_COUNT; i++)
        if (strlen(reserved_params[i].name) == length &&
            strncmp(reserved_params[i].name, name, length) == 0)
            return i;
    return -1;
}

const char *reserved_type(int reserved)
{
    return reserved_params[reserved].type;
}

const char *reserved_c(int reserved)
{
    return reserved_params[reserved].c;
}

struct former {
    const struct query_file *query;
    const struct form *form;
    struct formed *out;
};

static void form_text(struct former *former, const char *text)
{
    text_add(&former->out->sql, text, strlen(text));
}

/* The name of a parameter, without its '$'. */
static void form_param(struct former *former, const char *name, size_t length, bool has_cast)
{
    struct formed *out = former->out;
    int reserved = reserved_find(name, length);
    size_t param = (size_t)reserved;
    if (former->form->is_count && reserved >= RESERVED_AFTER_1 && reserved <= RESERVED_LIMIT) {
        /* What is counted is all pages. */
        text_say(&out->sql, "NULL");
        if (!has_cast)
            text_say(&out->sql, "::%s", reserved_type(reserved));
        return;
    }
    if (reserved < 0) {
        param = 0;
        while (param < former->query->args_n &&
               (strlen(former->query->args[param]) != length ||
                strncmp(former->query->args[param], name, length) != 0))
            param++;
        param += PARAM_OWN;
    }
    size_t number = 0;
    while (number < out->params_n && out->params[number] != param)
        number++;
    if (number == PARAMS_MAX) {
        out->is_overfull = true;
        return;
    }
    if (number == out->params_n)
        out->params[out->params_n++] = (uint8_t)param;
    text_say(&out->sql, "$%zu", number + 1);
    if (reserved >= 0 && !has_cast)
        text_say(&out->sql, "::%s", reserved_type(reserved));
}

/* SQL of ours in which parameters are named. */
static void form_sql(struct former *former, const char *sql)
{
    while (*sql) {
        size_t plain = strcspn(sql, "$");
        text_add(&former->out->sql, sql, plain);
        sql += plain;
        if (!*sql)
            break;
        size_t length = strspn(++sql, "abcdefghijklmnopqrstuvwxyz_0123456789");
        form_param(former, sql, length, strncmp(sql + length, "::", 2) == 0);
        sql += length;
    }
}

/* Formatted, then as form_sql(). */
#define form_say(former, ...)                                                                      \
    do {                                                                                           \
        struct text said = {.store = (former)->query->source.store};                               \
        text_say(&said, __VA_ARGS__);                                                              \
        form_sql((former), said.bytes);                                                            \
    } while (0)

static bool is_plain_name(const char *expression)
{
    return strspn(expression, "abcdefghijklmnopqrstuvwxyz_0123456789.") == strlen(expression);
}

static void form_keys(struct former *former)
{
    const struct sort *sort = former->form->sort;
    for (size_t i = 0; i < sort->keys_n; i++) {
        const char *expression = sort->keys[i].expression;
        form_say(former,
                 is_plain_name(expression) ? "%s%s::text AS _key_%zu" : "%s(%s)::text AS _key_%zu",
                 i > 0 ? ", " : "", expression, i + 1);
    }
}

static void form_keyset(struct former *former)
{
    const struct sort *sort = former->form->sort;
    if (!former->form->is_next) {
        form_text(former, "TRUE");
        return;
    }
    form_text(former, "(");
    for (size_t i = 0; i < sort->keys_n; i++)
        form_say(former, "%s%s", i > 0 ? ", " : "", sort->keys[i].expression);
    form_text(former, sort->is_descending ? ") < (" : ") > (");
    for (size_t i = 0; i < sort->keys_n; i++)
        form_say(former, "%s$after_%zu::%s", i > 0 ? ", " : "", i + 1, sort->keys[i].type);
    form_text(former, ")");
}

static void form_page(struct former *former)
{
    const struct sort *sort = former->form->sort;
    if (former->form->is_count)
        return;
    form_text(former, "ORDER BY ");
    for (size_t i = 0; i < sort->keys_n; i++)
        form_say(former, "%s%s%s", i > 0 ? ", " : "", sort->keys[i].expression,
                 sort->is_descending ? " DESC" : "");
    form_sql(former, " LIMIT $limit");
}

/* The space and comments before a token, as one space, or a line's end and its indentation. */
static void form_gap(struct former *former, const struct token *token)
{
    const char *line = NULL;
    if (token->gap == token->start)
        return;
    for (const char *c = token->gap; c < token->start; c++)
        if (*c == '\n')
            line = c + 1;
    if (!line) {
        form_text(former, " ");
        return;
    }
    form_text(former, "\n");
    for (; line < token->start && isspace((unsigned char)*line); line++)
        form_text(former, " ");
}

/* How many tokens from `i` say "alias.clinic_id = $clinic"; 0: none. */
static size_t wall_1_length(const struct query_file *query, size_t i)
{
    const struct token *all = query->sql.all;
    size_t at = i;
    if (i > 0 && token_is(&all[i - 1], "."))
        return 0;
    while (all[at].kind == TOKEN_WORD && token_is(&all[at + 1], "."))
        at += 2;
    if (token_is(&all[at], "clinic_id") && token_is(&all[at + 1], "=") &&
        token_is(&all[at + 2], "$clinic"))
        return at + 3 - i;
    return 0;
}

/* How many tokens from `i` say "($patient IS NULL OR alias.column = $patient)"; 0: none. */
static size_t patient_length(const struct query_file *query, size_t i)
{
    static const char *const opening[] = {"(", "$patient", "IS", "NULL", "OR"};
    static const char *const closing[] = {"=", "$patient", ")"};
    const struct token *all = query->sql.all;
    size_t at = i;
    for (size_t n = 0; n < sizeof opening / sizeof *opening; n++)
        if (!token_is(&all[at++], opening[n]))
            return 0;
    while (all[at].kind == TOKEN_WORD && token_is(&all[at + 1], "."))
        at += 2;
    at++;
    for (size_t n = 0; n < sizeof closing / sizeof *closing; n++)
        if (!token_is(&all[at++], closing[n]))
            return 0;
    return at - i;
}

/* How many tokens from `i` are left out, and what stands there instead. */
static size_t gap_length(const struct former *former, size_t i, const char **instead)
{
    switch (former->form->gap) {
    case GAP_NONE:
        return 0;
    case GAP_WALL_1:
        *instead = "$clinic IS NOT NULL";
        return wall_1_length(former->query, i);
    case GAP_PATIENT:
        *instead = "TRUE";
        return patient_length(former->query, i);
    }
    return 0;
}

static void form_token(struct former *former, size_t i)
{
    const struct token *token = &former->query->sql.all[i];
    if (token->kind == TOKEN_PARAM)
        form_param(former, token->start + 1, token->length - 1, token_is(token + 1, "::"));
    else if (token_is(token, "{keys}"))
        form_keys(former);
    else if (token_is(token, "{keyset}"))
        form_keyset(former);
    else if (token_is(token, "{page}"))
        form_page(former);
    else
        text_add(&former->out->sql, token->start, token->length);
}

static void form_tokens(struct former *former, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        const char *instead = NULL;
        size_t gap = gap_length(former, i, &instead);
        if (i > from)
            form_gap(former, &former->query->sql.all[i]);
        if (gap > 0) {
            form_sql(former, instead);
            i += gap - 1;
        } else {
            form_token(former, i);
        }
    }
}

/* The whole row as jsonb without the columns that are for C: whatever the text calls _something. */
static void form_after(struct former *former)
{
    const struct tokens *sql = &former->query->sql;
    struct text names = {.store = former->query->source.store};
    text_add(&names, "", 0);
    for (size_t i = 0; i < sql->count; i++) {
        const struct token *token = &sql->all[i];
        size_t quote = token->kind == TOKEN_NAME;
        if ((token->kind != TOKEN_WORD && !quote) || token->start[quote] != '_')
            continue;
        struct text name = {.store = names.store};
        text_say(&name, "'%.*s'", (int)(token->length - 2 * quote), token->start + quote);
        if (!strstr(names.bytes, name.bytes))
            text_say(&names, "%s%s", names.length > 0 ? ", " : "", name.bytes);
    }
    form_text(former, "to_jsonb(_result)");
    if (names.length > 0)
        form_say(former, " - ARRAY[%s]", names.bytes);
}

/* A column of the one row, or a parameter; a read's audit row is there even when the row is not. */
static void form_column(struct former *former, const char *column)
{
    if (!column)
        form_text(former, "NULL");
    else if (*column == '$')
        form_sql(former, column);
    else if (former->query->kind == QUERY_READ)
        form_say(former, "(SELECT %s FROM _result)", column);
    else
        form_say(former, "_result.%s", column);
}

/* The plus-one row of a page is not shown, so the audit does not name its patient; a row that says
 * what is wrong names none. */
static void form_patient_ids(struct former *former)
{
    const char *patient = former->query->audit.patient;
    if (former->form->sort)
        form_say(former,
                 "(SELECT array_agg(DISTINCT %s) FILTER (WHERE %s IS NOT NULL) FROM"
                 " (SELECT %s FROM _result LIMIT $limit - 1) shown)",
                 patient, patient, patient);
    else
        form_say(former,
                 "(SELECT array_agg(DISTINCT %s) FILTER (WHERE %s IS NOT NULL) FROM _result)",
                 patient, patient);
}

static void form_status(struct former *former)
{
    const struct query_file *query = former->query;
    if (query->kind == QUERY_WRITE || (query->rows == ROWS_MANY && query->faults_n == 0))
        form_sql(former, "$audit_status");
    else if (query->rows == ROWS_MANY)
        form_sql(former, "CASE WHEN EXISTS (SELECT 1 FROM _result WHERE _fault IS NOT NULL)"
                         " THEN 404 ELSE $audit_status END");
    else
        form_sql(former,
                 "CASE WHEN EXISTS (SELECT 1 FROM _result) THEN $audit_status ELSE 404 END");
}

static void form_values(struct former *former)
{
    const struct query_file *query = former->query;
    bool is_many = query->rows == ROWS_MANY;
    bool is_of_rows = is_many && query->audit.patient && *query->audit.patient != '$';
    form_sql(former, "$clinic, $now, $audit_id, $actor_kind, $actor_id, $actor_name, $actor_role,"
                     "\n        $client_address, $operation, ");
    form_say(former, "'%s',\n        ", query->audit.entity);
    form_column(former, is_many ? NULL : query->audit.id);
    form_text(former, ", ");
    form_column(former, is_of_rows ? NULL : query->audit.patient);
    form_text(former, ", ");
    if (is_of_rows)
        form_patient_ids(former);
    else
        form_column(former, query->audit.patients);
    form_text(former, ",\n        ");
    form_status(former);
    form_sql(former, ", $request_id, ");
    form_column(former, query->audit.before);
    form_text(former, ", ");
    if (query->audit.after_row)
        form_after(former);
    else
        form_text(former, "NULL");
}

/* When the row of a write is written: something was done. */
static void form_condition(struct former *former)
{
    const struct query_file *query = former->query;
    if (query->kind == QUERY_READ)
        return;
    const char *done = query->faults_n > 0 ? "_result._fault IS NULL" : "TRUE";
    if (query->rows == ROWS_MANY)
        form_say(former, "\n    WHERE EXISTS (SELECT 1 FROM _result WHERE %s)", done);
    else
        form_say(former, "\n    FROM _result WHERE %s", done);
}

/* What the answer is made of again, when somebody asks with the same key (db/kept.h). */
static void form_kept(struct former *former)
{
    form_sql(former, ",\n_kept AS (\n"
                     "    INSERT INTO idempotency (clinic_id, principal, key_hash, operation,"
                     " body_digest, status,\n        body, is_sealed, kept_row, created_at)\n"
                     "    SELECT $clinic, $key_principal, $key_hash, $operation, $key_digest,"
                     " $audit_status,\n        $key_secret, $key_secret IS NOT NULL,"
                     " row_to_json(_result), $now");
    form_condition(former);
    form_text(former, "\n)");
}

/* A data-modifying WITH must be at the top, so the statement's own list is opened, not nested. */
static void form_audited(struct former *former)
{
    const struct query_file *query = former->query;
    if (query->main_at > 0) {
        form_tokens(former, 0, query->main_at);
        form_text(former, ",\n_result");
    } else {
        form_text(former, "WITH _result");
    }
    form_text(former, " AS MATERIALIZED (\n");
    form_tokens(former, query->main_at, query->sql.count);
    form_text(former, "\n),\n_audit AS (\n"
                      "    INSERT INTO audit (clinic_id, at, id, actor_kind, actor_id, actor_name,"
                      " actor_role,\n        client_address, operation, entity,\n"
                      "        entity_id, patient_id, patient_ids, status, request_id,"
                      " before, after)\n    SELECT ");
    form_values(former);
    form_condition(former);
    form_text(former, "\n)");
    if (former->form->is_keyed)
        form_kept(former);
    form_text(former, "\nSELECT * FROM _result");
}

void query_form(const struct query_file *query, const struct form *form, struct formed *out)
{
    *out = (struct formed){.sql = {.store = query->source.store}};
    struct former former = {query, form, out};
    if (form->is_audited) {
        form_audited(&former);
    } else if (form->is_count) {
        form_text(&former, "SELECT count(*) AS total FROM (\n");
        form_tokens(&former, 0, query->sql.count);
        form_text(&former, "\n) c");
    } else {
        form_tokens(&former, 0, query->sql.count);
    }
}
