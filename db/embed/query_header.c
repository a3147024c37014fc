#include "db/embed/query_file.h"

#include <ctype.h>
#include <string.h>

/* A word of the header: [from, to), trimmed. */
struct span {
    const char *from;
    const char *to;
};

static struct span span_trim(struct span span)
{
    while (span.from < span.to && isspace((unsigned char)*span.from))
        span.from++;
    while (span.to > span.from && isspace((unsigned char)span.to[-1]))
        span.to--;
    return span;
}

static bool span_is(struct span span, const char *text)
{
    size_t length = (size_t)(span.to - span.from);
    return length == strlen(text) && strncmp(span.from, text, length) == 0;
}

static const char *span_copy(const struct query_file *query, struct span span)
{
    return store_copy(query->source.store, span.from, (size_t)(span.to - span.from));
}

/* Cuts off what stands before `mark` outside parentheses (all, when there is none). */
static struct span span_cut(struct span *rest, char mark)
{
    struct span part = {rest->from, rest->to};
    int depth = 0;
    for (const char *c = rest->from; c < rest->to; c++) {
        depth += (*c == '(') - (*c == ')');
        if (*c == mark && depth == 0) {
            part.to = c;
            rest->from = c + 1;
            return span_trim(part);
        }
    }
    rest->from = rest->to;
    return span_trim(part);
}

static bool is_identifier(struct span span)
{
    if (span.from == span.to || isdigit((unsigned char)*span.from))
        return false;
    for (const char *c = span.from; c < span.to; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && *c != '_')
            return false;
    return true;
}

/* A sort's name or a fault's code: lower case, digits, '-', '_'. */
static bool is_code(struct span span)
{
    for (const char *c = span.from; c < span.to; c++)
        if (!islower((unsigned char)*c) && !isdigit((unsigned char)*c) && !strchr("-_", *c))
            return false;
    return span.from < span.to;
}

static void kind_read(struct query_file *query, struct span value)
{
    if (query->has_kind)
        source_refuse(&query->source, value.from, "kind: is said twice");
    query->has_kind = true;
    if (span_is(value, "read"))
        query->kind = QUERY_READ;
    else if (span_is(value, "write"))
        query->kind = QUERY_WRITE;
    else
        source_refuse(&query->source, value.from, "kind: is read or write");
}

static void rows_read(struct query_file *query, struct span value)
{
    static const char *const names[] = {[ROWS_NONE] = "none",
                                        [ROWS_ONE] = "one",
                                        [ROWS_OPTIONAL] = "optional",
                                        [ROWS_MANY] = "many"};
    if (query->has_rows)
        source_refuse(&query->source, value.from, "rows: is said twice");
    query->has_rows = true;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (span_is(value, names[i])) {
            query->rows = (enum query_rows)i;
            return;
        }
    }
    source_refuse(&query->source, value.from, "rows: is none, one, optional or many");
}

static void audit_read(struct query_file *query, struct span value)
{
    if (query->has_audit)
        source_refuse(&query->source, value.from, "audit: is said twice");
    query->has_audit = true;
    struct span rest = value;
    while (rest.from < rest.to) {
        struct span part = span_cut(&rest, ' ');
        if (part.from == part.to)
            continue;
        struct span said = part;
        struct span key = span_cut(&said, '=');
        const char *text = span_copy(query, said);
        bool is_argument = span_is(key, "patient") && said.from < said.to && *said.from == '$';
        if (!is_identifier((struct span){said.from + is_argument, said.to})) {
            source_refuse(&query->source, part.from, "audit: \"%s\" is not of the form key=name",
                          span_copy(query, part));
        } else if (span_is(key, "entity")) {
            query->audit.entity = text;
        } else if (span_is(key, "id")) {
            query->audit.id = text;
        } else if (span_is(key, "patient")) {
            query->audit.patient = text;
        } else if (span_is(key, "patients")) {
            query->audit.patients = text;
        } else if (span_is(key, "before")) {
            query->audit.before = text;
        } else if (span_is(key, "after") && span_is(said, "row")) {
            query->audit.after_row = true;
        } else {
            source_refuse(
                &query->source, part.from,
                "audit: knows entity, id, patient, patients, before and after=row, not \"%s\"",
                span_copy(query, part));
        }
    }
    if (!query->audit.entity)
        source_refuse(&query->source, value.from, "audit: has no entity=");
}

static void lock_read(struct query_file *query, struct span value)
{
    if (query->lock)
        source_refuse(&query->source, value.from, "lock: is said twice");
    if (!is_identifier(value))
        source_refuse(&query->source, value.from, "lock: names one kind of counter");
    query->lock = span_copy(query, value);
}

static void keyed_read(struct query_file *query, struct span value)
{
    if (query->is_keyed)
        source_refuse(&query->source, value.from, "keyed: is said twice");
    if (!span_is(value, "yes"))
        source_refuse(&query->source, value.from, "keyed: is yes, or is not said");
    query->is_keyed = true;
}

static void faults_read(struct query_file *query, struct span value)
{
    struct span rest = value;
    while (rest.from < rest.to) {
        struct span code = span_cut(&rest, ' ');
        if (code.from == code.to)
            continue;
        if (!is_code(code))
            source_refuse(&query->source, code.from, "faults: \"%s\" is not an API code",
                          span_copy(query, code));
        else if (query->faults_n == FAULTS_MAX)
            source_refuse(&query->source, code.from, "faults: has more than %d codes", FAULTS_MAX);
        else
            query->faults[query->faults_n++] = span_copy(query, code);
    }
}

/* "p.name_key:text asc". False when it was refused. */
static bool key_read(struct query_file *query, struct span part, struct sort_key *out,
                     bool *is_descending)
{
    struct span whole = part;
    const char *space = part.to;
    while (space > part.from && !isspace((unsigned char)space[-1]))
        space--;
    struct span direction = {space, part.to};
    part.to = space;
    part = span_trim(part);
    const char *colon = part.to;
    while (colon > part.from && colon[-1] != ':')
        colon--;
    if ((!span_is(direction, "asc") && !span_is(direction, "desc")) || colon == part.from ||
        colon == part.to || colon - 1 == part.from) {
        source_refuse(&query->source, whole.from,
                      "sort: \"%s\" is not of the form column:type asc (or desc)",
                      span_copy(query, whole));
        return false;
    }
    struct span expression = span_trim((struct span){part.from, colon - 1});
    struct span type = span_trim((struct span){colon, part.to});
    out->expression = span_copy(query, expression);
    out->type = span_copy(query, type);
    *is_descending = span_is(direction, "desc");
    return true;
}

/* "name | name_key:text asc, id:uuid asc" */
static void sort_read(struct query_file *query, struct span value)
{
    struct span rest = value;
    struct sort sort = {.name = NULL};
    struct span name = span_cut(&rest, '|');
    if (!is_code(name) || query->sorts_n == SORTS_MAX) {
        source_refuse(&query->source, value.from, "sort: begins with a name and '|' (at most %d)",
                      SORTS_MAX);
        return;
    }
    sort.name = span_copy(query, name);
    for (size_t i = 0; i < query->sorts_n; i++)
        if (strcmp(query->sorts[i].name, sort.name) == 0)
            source_refuse(&query->source, value.from, "sort: \"%s\" is said twice", sort.name);
    while (rest.from < rest.to) {
        struct span part = span_cut(&rest, ',');
        bool is_descending = false;
        if (sort.keys_n == QUERY_KEYS_MAX) {
            source_refuse(&query->source, part.from, "sort: has more than %d keys", QUERY_KEYS_MAX);
            return;
        }
        if (!key_read(query, part, &sort.keys[sort.keys_n], &is_descending))
            return;
        if (sort.keys_n > 0 && is_descending != sort.is_descending) {
            source_refuse(&query->source, part.from,
                          "sort: \"%s\" mixes asc and desc; one comparison must say the position",
                          sort.name);
            return;
        }
        sort.is_descending = is_descending;
        sort.keys_n++;
    }
    if (sort.keys_n == 0)
        source_refuse(&query->source, value.from, "sort: \"%s\" has no keys", sort.name);
    else if (query->sorts_n > 0 && query->sorts[0].keys_n != sort.keys_n)
        source_refuse(&query->source, value.from,
                      "sort: \"%s\" has %zu keys, the first order has %zu", sort.name, sort.keys_n,
                      query->sorts[0].keys_n);
    query->sorts[query->sorts_n++] = sort;
}

/* A line "word: value" is a key; anything else is prose. */
static void line_read(struct query_file *query, struct span line)
{
    static const struct {
        const char *name;
        void (*read)(struct query_file *query, struct span value);
    } keys[] = {{"kind", kind_read},  {"rows", rows_read}, {"audit", audit_read},
                {"lock", lock_read},  {"sort", sort_read}, {"faults", faults_read},
                {"keyed", keyed_read}};
    const char *end = line.from;
    while (end < line.to && islower((unsigned char)*end))
        end++;
    if (end == line.from || end == line.to || *end != ':')
        return;
    struct span key = {line.from, end};
    struct span value = span_trim((struct span){end + 1, line.to});
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (span_is(key, keys[i].name)) {
            keys[i].read(query, value);
            return;
        }
    }
    source_refuse(&query->source, line.from, "unknown header key \"%s:\"", span_copy(query, key));
}

void query_header_read(struct query_file *query)
{
    const char *at = query->source.text;
    while (*at) {
        const char *end = at + strcspn(at, "\n");
        struct span line = span_trim((struct span){at, end});
        if (line.from < line.to) {
            if (strncmp(line.from, "--", 2) != 0)
                break;
            line.from += 2;
            line_read(query, span_trim(line));
        }
        at = *end ? end + 1 : end;
    }
    if (!query->has_kind)
        source_refuse(&query->source, query->source.text, "the header has no kind:");
    if (!query->has_rows)
        source_refuse(&query->source, query->source.text, "the header has no rows:");
}
