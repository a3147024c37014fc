#include "db/embed/query_file.h"

#include <string.h>

static const char *const kinds[] = {[QUERY_READ] = "QUERY_READ", [QUERY_WRITE] = "QUERY_WRITE"};
static const char *const row_counts[] = {[ROWS_NONE] = "ROWS_NONE",
                                         [ROWS_ONE] = "ROWS_ONE",
                                         [ROWS_OPTIONAL] = "ROWS_OPTIONAL",
                                         [ROWS_MANY] = "ROWS_MANY"};

void query_write_h(const struct query_file *query, struct text *out)
{
    text_say(out, "\n/* %s */\n", query->source.path);
    if (query->args_n > 0) {
        text_say(out, "struct q_%s_args {\n", query->name);
        for (size_t i = 0; i < query->args_n; i++)
            text_say(out, "    const char *%s;\n", query->args[i]);
        text_say(out, "};\n");
    }
    text_say(out, "extern const struct query q_%s;\n", query->name);
}

/* One struct statement, and before it the list of its parameters. */
struct writer {
    struct query_file *query;
    struct text *out; /* the parameter lists, written at once */
    struct text rows; /* the statements, collected */
    size_t lists_n;
};

static void write_params(struct writer *writer, const struct formed *formed)
{
    text_say(writer->out, "static const uint8_t %s_params_%zu[] = {", writer->query->name,
             writer->lists_n);
    for (size_t i = 0; i < formed->params_n; i++) {
        if (formed->params[i] < RESERVED_COUNT)
            text_say(writer->out, "%s%s", i > 0 ? ", " : "", reserved_c(formed->params[i]));
        else
            text_say(writer->out, "%sPARAM_OWN + %d", i > 0 ? ", " : "",
                     formed->params[i] - PARAM_OWN);
    }
    text_say(writer->out, "};\n");
}

static void write_form(struct writer *writer, const struct form *form, const char *suffix)
{
    struct formed formed;
    query_form(writer->query, form, &formed);
    if (formed.is_overfull)
        source_refuse(&writer->query->source, writer->query->source.text,
                      "the form %s%s needs more than %d parameters", writer->query->name, suffix,
                      PARAMS_MAX);
    if (formed.params_n > 0)
        write_params(writer, &formed);
    text_say(&writer->rows, "    {.name = \"%s%s\",\n     .sql =\n        ", writer->query->name,
             suffix);
    text_literal(&writer->rows, formed.sql.bytes, formed.sql.length);
    if (formed.params_n > 0)
        text_say(&writer->rows, ",\n     .params = %s_params_%zu,\n     .params_n = %zu},\n",
                 writer->query->name, writer->lists_n, formed.params_n);
    else
        text_say(&writer->rows, "},\n");
    writer->lists_n++;
}

static void write_statements(struct writer *writer, const char *name)
{
    text_say(writer->out, "static const struct statement %s_%s[] = {\n", writer->query->name, name);
    text_add(writer->out, writer->rows.bytes, writer->rows.length);
    text_say(writer->out, "};\n");
    writer->rows = (struct text){.store = writer->rows.store};
}

/* Every form of one shape: [1], or for lists [sort * 2 + is_next]. */
static void write_shape(struct writer *writer, struct form form)
{
    const char *name = form.is_keyed ? "keyed" : form.is_audited ? "audited" : "plain";
    const char *shape = form.is_keyed ? ".keyed" : form.is_audited ? ".audited" : "";
    const struct query_file *query = writer->query;
    if (query->sorts_n == 0)
        write_form(writer, &form, shape);
    for (size_t i = 0; i < query->sorts_n; i++) {
        form.sort = &query->sorts[i];
        for (int next = 0; next < 2; next++) {
            struct text suffix = {.store = query->source.store};
            text_say(&suffix, ".%s.%s%s", form.sort->name, next ? "next" : "first", shape);
            form.is_next = next;
            write_form(writer, &form, suffix.bytes);
        }
    }
    write_statements(writer, name);
}

static void write_names(struct text *out, const char *query, const char *what,
                        const char *const names[], size_t n, bool is_ended)
{
    if (n == 0)
        return;
    text_say(out, "static const char *const %s_%s[] = {", query, what);
    for (size_t i = 0; i < n; i++)
        text_say(out, "%s\"%s\"", i > 0 ? ", " : "", names[i]);
    text_say(out, is_ended ? ", NULL};\n" : "};\n");
}

static void write_text_member(struct text *out, const char *member, const char *value)
{
    if (value)
        text_say(out, "    .%s = \"%s\",\n", member, value);
}

static void write_query(const struct query_file *query, struct text *out)
{
    const char *name = query->name;
    text_say(out, "const struct query q_%s = {\n    .name = \"%s\",\n    .source = \"%s\",\n", name,
             name, query->source.path);
    text_say(out, "    .kind = %s,\n    .rows = %s,\n", kinds[query->kind],
             row_counts[query->rows]);
    write_text_member(out, "lock", query->lock);
    write_text_member(out, "audit.entity", query->audit.entity);
    write_text_member(out, "audit.id", query->audit.id);
    write_text_member(out, "audit.patient", query->audit.patient);
    write_text_member(out, "audit.patients", query->audit.patients);
    write_text_member(out, "audit.before", query->audit.before);
    if (query->audit.after_row)
        text_say(out, "    .audit.after_row = true,\n");
    if (query->args_n > 0)
        text_say(out, "    .args_n = %zu,\n    .arg_names = %s_args,\n", query->args_n, name);
    if (query->sorts_n > 0)
        text_say(out, "    .sorts_n = %zu,\n    .keys_n = %zu,\n    .sorts = %s_sorts,\n",
                 query->sorts_n, query->sorts[0].keys_n, name);
    text_say(out, "    .plain = %s_plain,\n", name);
    if (query->has_audit)
        text_say(out, "    .audited = %s_audited,\n", name);
    if (query->is_keyed)
        text_say(out, "    .keyed = %s_keyed,\n", name);
    if (query->sorts_n > 0)
        text_say(out, "    .count = %s_count,\n", name);
    if (query->faults_n > 0)
        text_say(out, "    .faults = %s_faults,\n", name);
    text_say(out, "};\n");
}

void query_write_c(struct query_file *query, enum query_gap gap, struct text *out)
{
    struct writer writer = {.query = query, .out = out, .rows = {.store = out->store}};
    struct form form = {.gap = gap};
    const char *sorts[SORTS_MAX];
    for (size_t i = 0; i < query->sorts_n; i++)
        sorts[i] = query->sorts[i].name;

    text_say(out, "\n/* %s */\n", query->source.path);
    write_shape(&writer, form);
    if (query->has_audit) {
        form.is_audited = true;
        write_shape(&writer, form);
    }
    if (query->is_keyed) {
        form.is_keyed = true;
        write_shape(&writer, form);
    }
    if (query->sorts_n > 0) {
        write_form(&writer, &(struct form){.sort = &query->sorts[0], .is_count = true, .gap = gap},
                   ".count");
        write_statements(&writer, "count");
    }
    write_names(out, query->name, "args", query->args, query->args_n, false);
    write_names(out, query->name, "sorts", sorts, query->sorts_n, false);
    write_names(out, query->name, "faults", query->faults, query->faults_n, true);
    write_query(query, out);
}
