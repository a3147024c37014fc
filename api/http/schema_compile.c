#include "api/http/labels.h"
#include "api/http/schema_parts.h"

#include <string.h>

enum { DEPTH_MAX = 24, MATCH_LIMIT = 100000 };

struct compiler {
    struct arena *arena;
    json_t *document;
    struct fault *fault;
};

/* One schema on its way: where it stands, and how many properties below the root. */
struct site {
    struct compiler *compiler;
    const char *where;
    int depth;
    json_t *source;
    struct schema *schema;
};

static enum err compile(struct compiler *compiler, json_t *source, const char *where, int depth,
                        const struct schema **out) FAILS;

static enum err refuse(const struct site *site, const char *keyword, const char *why)
{
    return fail(site->compiler->fault, ERR_INTERNAL, NULL, "%s: the schema keyword %s %s",
                site->where, keyword, why);
}

static enum err read_size(const struct site *site, const char *keyword, size_t *out)
{
    const json_t *value = json_object_get(site->source, keyword);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return refuse(site, keyword, "must be a whole number");
    *out = (size_t)json_integer_value(value);
    return ERR_NONE;
}

static unsigned type_bit(const json_t *name)
{
    static const struct {
        const char *name;
        unsigned bit;
    } types[] = {
        {"null", TYPE_NULL},     {"boolean", TYPE_BOOLEAN}, {"integer", TYPE_INTEGER},
        {"number", TYPE_NUMBER}, {"string", TYPE_STRING},   {"array", TYPE_ARRAY},
        {"object", TYPE_OBJECT},
    };

    for (size_t i = 0; json_is_string(name) && i < sizeof types / sizeof *types; i++) {
        if (strcmp(json_string_value(name), types[i].name) == 0)
            return types[i].bit;
    }
    return 0;
}

static enum err read_type(const struct site *site)
{
    const json_t *value = json_object_get(site->source, "type");
    unsigned first = type_bit(json_is_array(value) ? json_array_get(value, 0) : value);
    unsigned second = 0;

    if (json_is_array(value)) {
        second = type_bit(json_array_get(value, 1));
        if (json_array_size(value) != 2 || second != TYPE_NULL)
            return refuse(site, "type", "must be one type, or one and null");
    }
    if (first == 0)
        return refuse(site, "type", "is not one that is understood");
    site->schema->types = first | second;
    return ERR_NONE;
}

static enum err read_properties(const struct site *site)
{
    json_t *members = json_object_get(site->source, "properties");
    struct schema *schema = site->schema;
    const char *name;
    json_t *source;

    if (!json_is_object(members) || json_object_size(members) > MEMBERS_MAX)
        return refuse(site, "properties", "must be an object of at most 64 members");
    schema->members = arena_array(site->compiler->arena, struct member, json_object_size(members));
    json_object_foreach(members, name, source)
    {
        struct member *member = &schema->members[schema->members_n];
        const char *where =
            arena_format(site->compiler->arena, "%s/properties/%s", site->where, name);
        enum err err = compile(site->compiler, source, where, site->depth + 1, &member->schema);
        if (err != ERR_NONE)
            return err;
        member->name = name;
        member->length = strlen(name);
        if (member->schema->fallback != NULL)
            schema->defaulted |= UINT64_C(1) << schema->members_n;
        schema->members_n++;
    }
    return ERR_NONE;
}

/* After `properties`, whichever stands first in the source. */
static enum err read_required(const struct site *site)
{
    const json_t *names = json_object_get(site->source, "required");
    size_t i;
    json_t *name;

    json_array_foreach(names, i, name)
    {
        size_t at = 0;
        while (at < site->schema->members_n && json_is_string(name) &&
               strcmp(site->schema->members[at].name, json_string_value(name)) != 0)
            at++;
        if (at == site->schema->members_n || !json_is_string(name))
            return refuse(site, "required", "names a member that properties does not have");
        site->schema->required |= UINT64_C(1) << at;
    }
    return json_is_array(names) ? ERR_NONE : refuse(site, "required", "must be an array");
}

static enum err read_additional(const struct site *site)
{
    const json_t *value = json_object_get(site->source, "additionalProperties");

    site->schema->is_open = json_is_true(value);
    return json_is_boolean(value) ? ERR_NONE
                                  : refuse(site, "additionalProperties", "must be true or false");
}

static enum err read_members_min(const struct site *site)
{
    return read_size(site, "minProperties", &site->schema->members_min);
}

static enum err read_items(const struct site *site)
{
    return compile(site->compiler, json_object_get(site->source, "items"),
                   arena_format(site->compiler->arena, "%s/items", site->where), site->depth + 1,
                   &site->schema->items);
}

static enum err read_items_min(const struct site *site)
{
    return read_size(site, "minItems", &site->schema->items_min);
}

static enum err read_items_max(const struct site *site)
{
    return read_size(site, "maxItems", &site->schema->items_max);
}

static enum err read_unique(const struct site *site)
{
    const json_t *value = json_object_get(site->source, "uniqueItems");

    site->schema->is_unique = json_is_true(value);
    return json_is_boolean(value) ? ERR_NONE : refuse(site, "uniqueItems", "must be true or false");
}

static enum err read_enum(const struct site *site)
{
    site->schema->choices = json_object_get(site->source, "enum");
    return json_array_size(site->schema->choices) > 0
               ? ERR_NONE
               : refuse(site, "enum", "must be an array that is not empty");
}

static enum err read_const(const struct site *site)
{
    site->schema->constant = json_object_get(site->source, "const");
    return ERR_NONE;
}

static enum err read_default(const struct site *site)
{
    site->schema->fallback = json_object_get(site->source, "default");
    return ERR_NONE;
}

static enum err read_length_min(const struct site *site)
{
    return read_size(site, "minLength", &site->schema->length_min);
}

static enum err read_length_max(const struct site *site)
{
    return read_size(site, "maxLength", &site->schema->length_max);
}

static enum err read_minimum(const struct site *site)
{
    site->schema->minimum = json_object_get(site->source, "minimum");
    return json_is_number(site->schema->minimum) ? ERR_NONE
                                                 : refuse(site, "minimum", "must be a number");
}

static enum err read_maximum(const struct site *site)
{
    site->schema->maximum = json_object_get(site->source, "maximum");
    return json_is_number(site->schema->maximum) ? ERR_NONE
                                                 : refuse(site, "maximum", "must be a number");
}

static void pattern_free(void *code)
{
    pcre2_code_free(code);
}

static void limits_free(void *limits)
{
    pcre2_match_context_free(limits);
}

static enum err read_pattern(const struct site *site)
{
    const char *text = json_string_value(json_object_get(site->source, "pattern"));
    struct schema *schema = site->schema;
    int error;
    size_t offset;

    if (text == NULL)
        return refuse(site, "pattern", "must be a string");
    schema->pattern_text = text;
    schema->pattern = pcre2_compile((PCRE2_SPTR)text, PCRE2_ZERO_TERMINATED,
                                    PCRE2_UTF | PCRE2_DOLLAR_ENDONLY, &error, &offset, NULL);
    schema->limits = pcre2_match_context_create(NULL);
    arena_defer(site->compiler->arena, pattern_free, schema->pattern);
    arena_defer(site->compiler->arena, limits_free, schema->limits);
    if (schema->pattern == NULL || schema->limits == NULL)
        return refuse(site, "pattern", "is no regular expression that is understood");
    pcre2_set_match_limit(schema->limits, MATCH_LIMIT);
    pcre2_set_depth_limit(schema->limits, MATCH_LIMIT);
    /* Faster where the machine has it; the interpreter serves as well. */
    (void)pcre2_jit_compile(schema->pattern, PCRE2_JIT_COMPLETE);
    return ERR_NONE;
}

static enum err read_format(const struct site *site)
{
    static const struct {
        const char *name;
        enum format format;
    } formats[] = {
        {"uuid", FORMAT_UUID},   {"date", FORMAT_DATE},     {"date-time", FORMAT_DATE_TIME},
        {"email", FORMAT_EMAIL}, {"uri", FORMAT_URI},       {"int32", FORMAT_NONE},
        {"int64", FORMAT_NONE},  {"password", FORMAT_NONE}, {"binary", FORMAT_BINARY},
    };
    const char *name = json_string_value(json_object_get(site->source, "format"));

    for (size_t i = 0; name != NULL && i < sizeof formats / sizeof *formats; i++) {
        if (strcmp(name, formats[i].name) == 0) {
            site->schema->format = formats[i].format;
            return ERR_NONE;
        }
    }
    return refuse(site, "format", "is not one that is understood");
}

static enum err read_text(const struct site *site)
{
    const char *name = json_string_value(json_object_get(site->source, "x-text"));

    if (name != NULL && strcmp(name, "multiline") == 0)
        site->schema->text = TEXT_MULTILINE;
    else if (name != NULL && strcmp(name, "verbatim") == 0)
        site->schema->text = TEXT_VERBATIM;
    else
        return refuse(site, "x-text", "must be multiline or verbatim");
    return ERR_NONE;
}

static enum err read_labels(const struct site *site)
{
    const char *wrong = labels_fault(site->source);

    return wrong == NULL ? ERR_NONE : refuse(site, "x-labels", wrong);
}

/* The document reads it, from the body's first level; anywhere else nobody would. */
static enum err read_permission(const struct site *site)
{
    return site->depth == 1 ? ERR_NONE
                            : refuse(site, "x-permission", "is for the members of a body only");
}

static enum err read_nothing(const struct site *site)
{
    (void)site;
    return ERR_NONE;
}

static const struct keyword {
    const char *name;
    enum err (*read)(const struct site *site);
    bool beside_ref; /* may stand beside $ref */
} keywords[] = {
    {"type", read_type, false},
    {"properties", read_properties, false},
    {"required", read_required, false},
    {"additionalProperties", read_additional, false},
    {"minProperties", read_members_min, false},
    {"items", read_items, false},
    {"minItems", read_items_min, false},
    {"maxItems", read_items_max, false},
    {"uniqueItems", read_unique, false},
    {"enum", read_enum, false},
    {"const", read_const, false},
    {"default", read_default, false},
    {"minLength", read_length_min, false},
    {"maxLength", read_length_max, false},
    {"pattern", read_pattern, false},
    {"minimum", read_minimum, false},
    {"maximum", read_maximum, false},
    {"format", read_format, false},
    {"x-text", read_text, false},
    {"x-labels", read_labels, false},
    {"x-permission", read_permission, true},
    {"$ref", read_nothing, true},
    {"title", read_nothing, true},
    {"description", read_nothing, true},
    {"example", read_nothing, true},
    {"examples", read_nothing, true},
    {"readOnly", read_nothing, true},
    {"writeOnly", read_nothing, true},
    {"deprecated", read_nothing, true},
};

enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static enum err check_known(const struct site *site)
{
    bool is_ref = json_object_get(site->source, "$ref") != NULL;
    const char *name;
    json_t *value;

    json_object_foreach(site->source, name, value)
    {
        size_t at = 0;
        while (at < KEYWORDS && strcmp(keywords[at].name, name) != 0)
            at++;
        if (at == KEYWORDS)
            return refuse(site, name, "is not one that is understood");
        if (is_ref && !keywords[at].beside_ref)
            return refuse(site, name, "does nothing beside a $ref");
    }
    return ERR_NONE;
}

/* Nothing is without a bound (openapi/README.md). */
static enum err check_bounds(const struct site *site)
{
    const json_t *source = site->source;
    unsigned types = site->schema->types;

    if ((types & TYPE_STRING) && site->schema->format != FORMAT_BINARY &&
        json_object_get(source, "maxLength") == NULL)
        return refuse(site, "maxLength", "is missing");
    if ((types & TYPE_ARRAY) && json_object_get(source, "maxItems") == NULL)
        return refuse(site, "maxItems", "is missing");
    if ((types & TYPE_ARRAY) && site->schema->items == NULL)
        return refuse(site, "items", "is missing");
    if ((types & TYPE_OBJECT) && json_object_get(source, "additionalProperties") == NULL)
        return refuse(site, "additionalProperties", "is missing");
    return ERR_NONE;
}

/* A default must be what the schema takes. */
static enum err check_default(const struct site *site)
{
    struct fault fault = {.arena = site->compiler->arena};
    json_t *value = site->schema->fallback;

    if (value == NULL || schema_check(site->schema, &value, "#", SCHEMA_CHECK, &fault))
        return ERR_NONE;
    return refuse(site, "default", "does not match its own schema");
}

/* "#/components/schemas/Name": borrowed, or NULL. */
static json_t *resolve(json_t *document, const char *ref)
{
    json_t *at = document;

    if (ref == NULL || ref[0] != '#' || ref[1] != '/')
        return NULL;
    for (const char *part = ref + 2; at != NULL && part != NULL;) {
        const char *slash = strchr(part, '/');
        at = slash != NULL ? json_object_getn(at, part, (size_t)(slash - part))
                           : json_object_get(at, part);
        part = slash != NULL ? slash + 1 : NULL;
    }
    return at;
}

static enum err compile(struct compiler *compiler, json_t *source, const char *where, int depth,
                        const struct schema **out)
{
    struct schema *schema = arena_new(compiler->arena, struct schema);
    struct site site = {compiler, where, depth, source, schema};

    if (depth > DEPTH_MAX)
        return fail(compiler->fault, ERR_INTERNAL, NULL,
                    "%s: schemas are nested too deep, or in a circle", where);
    if (!json_is_object(source))
        return fail(compiler->fault, ERR_INTERNAL, NULL, "%s: a schema must be an object", where);
    enum err err = check_known(&site);
    if (err != ERR_NONE)
        return err;

    const json_t *ref = json_object_get(source, "$ref");
    if (ref != NULL) {
        json_t *target = resolve(compiler->document, json_string_value(ref));
        if (target == NULL)
            return refuse(&site, "$ref", "points nowhere");
        if (json_object_get(target, "$ref") != NULL)
            return refuse(&site, "$ref", "points to another $ref");
        for (size_t i = 0; err == ERR_NONE && i < KEYWORDS; i++) {
            if (json_object_get(source, keywords[i].name) != NULL)
                err = keywords[i].read(&site);
        }
        return err != ERR_NONE ? err
                               : compile(compiler, target, json_string_value(ref), depth, out);
    }

    *schema = (struct schema){.length_max = SIZE_MAX, .items_max = SIZE_MAX};
    if (json_object_get(source, "type") == NULL)
        return refuse(&site, "type", "is missing");
    for (size_t i = 0; err == ERR_NONE && i < KEYWORDS; i++) {
        if (json_object_get(source, keywords[i].name) != NULL)
            err = keywords[i].read(&site);
    }
    if (err == ERR_NONE)
        err = check_bounds(&site);
    if (err == ERR_NONE)
        err = check_default(&site);
    if (err == ERR_NONE)
        *out = schema;
    return err;
}

enum err schema_compile(struct arena *arena, json_t *document, json_t *source, struct fault *fault,
                        const struct schema **out)
{
    struct compiler compiler = {arena, document, fault};
    return compile(&compiler, source, "#", 0, out);
}
