#include "openapi/bundle.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void bundle_begin(struct bundle *bundle, FILE *complaints)
{
    *bundle = (struct bundle){.document = json_object(),
                              .places = json_object(),
                              .operations = json_object(),
                              .refs = json_array(),
                              .complaints = complaints};
}

void bundle_end(struct bundle *bundle)
{
    json_decref(bundle->document);
    json_decref(bundle->places);
    json_decref(bundle->operations);
    json_decref(bundle->refs);
}

void bundle_complain(struct bundle *bundle, const char *place, const char *sentence, ...)
{
    va_list args;

    bundle->faults++;
    if (place != NULL)
        fprintf(bundle->complaints, "%s: ", place);
    va_start(args, sentence);
    vfprintf(bundle->complaints, sentence, args);
    va_end(args);
    fputs(".\n", bundle->complaints);
}

/* Remembers where `name` stands. False, complained: it stands somewhere already. */
static bool note(struct bundle *bundle, json_t *names, const char *name, const char *file,
                 const yaml_node_t *node)
{
    json_t *place = bundle_place(file, node);
    const char *before = json_string_value(json_object_get(names, name));

    if (before != NULL) {
        bundle_complain(bundle, json_string_value(place), "%s is in %s already", name, before);
        json_decref(place);
        return false;
    }
    json_object_set_new(names, name, place);
    return true;
}

static json_t *object_at(json_t *parent, const char *name)
{
    json_t *object = json_object_get(parent, name);
    if (object == NULL) {
        object = json_object();
        json_object_set_new(parent, name, object);
    }
    return object;
}

bool bundle_is_method(const char *name)
{
    static const char *const methods[] = {"get",  "put",     "post",  "patch", "delete",
                                          "head", "options", "trace", NULL};
    for (size_t i = 0; methods[i] != NULL; i++) {
        if (strcmp(name, methods[i]) == 0)
            return true;
    }
    return false;
}

/* Notes the operationIds below one path. */
static void note_operations(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                            const yaml_node_t *item)
{
    if (item->type != YAML_MAPPING_NODE)
        return;
    for (const yaml_node_pair_t *pair = item->data.mapping.pairs.start;
         pair < item->data.mapping.pairs.top; pair++) {
        const yaml_node_t *key = yaml_document_get_node(yaml, pair->key);
        const yaml_node_t *operation = yaml_document_get_node(yaml, pair->value);
        if (key->type != YAML_SCALAR_NODE || operation->type != YAML_MAPPING_NODE ||
            !bundle_is_method((const char *)key->data.scalar.value))
            continue;
        for (const yaml_node_pair_t *member = operation->data.mapping.pairs.start;
             member < operation->data.mapping.pairs.top; member++) {
            const yaml_node_t *name = yaml_document_get_node(yaml, member->key);
            const yaml_node_t *id = yaml_document_get_node(yaml, member->value);
            if (name->type == YAML_SCALAR_NODE && id->type == YAML_SCALAR_NODE &&
                strcmp((const char *)name->data.scalar.value, "operationId") == 0)
                note(bundle, bundle->operations, (const char *)id->data.scalar.value, file, id);
        }
    }
}

/* Merges the members of one mapping into `into`, each of them at most once. `kind` is NULL for
 * paths, else the kind of component: names are noted as "kind/Name". */
static void merge_members(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                          const yaml_node_t *node, const char *kind, json_t *into)
{
    if (node->type != YAML_MAPPING_NODE) {
        json_auto_t *place = bundle_place(file, node);
        bundle_complain(bundle, json_string_value(place), "%s must be a mapping",
                        kind != NULL ? kind : "paths");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *key = bundle_key(bundle, file, yaml, pair);
        const yaml_node_t *value = yaml_document_get_node(yaml, pair->value);
        if (key == NULL)
            continue;
        json_auto_t *name = kind != NULL ? json_sprintf("%s/%s", kind, key) : json_string(key);
        if (!note(bundle, bundle->places, json_string_value(name), file,
                  yaml_document_get_node(yaml, pair->key)))
            continue;
        if (kind == NULL)
            note_operations(bundle, file, yaml, value);
        json_t *made = bundle_value(bundle, file, yaml, value, 0);
        if (made != NULL)
            json_object_set_new(into, key, made);
    }
}

static void merge_components(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                             const yaml_node_t *node)
{
    json_t *components = object_at(bundle->document, "components");

    if (node->type != YAML_MAPPING_NODE) {
        json_auto_t *place = bundle_place(file, node);
        bundle_complain(bundle, json_string_value(place), "components must be a mapping");
        return;
    }
    for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
         pair < node->data.mapping.pairs.top; pair++) {
        const char *kind = bundle_key(bundle, file, yaml, pair);
        if (kind != NULL)
            merge_members(bundle, file, yaml, yaml_document_get_node(yaml, pair->value), kind,
                          object_at(components, kind));
    }
}

static void merge_root(struct bundle *bundle, const char *file, yaml_document_t *yaml,
                       const yaml_node_t *root)
{
    if (root->type != YAML_MAPPING_NODE) {
        bundle_complain(bundle, file, "the file must be a mapping");
        return;
    }
    for (const yaml_node_pair_t *pair = root->data.mapping.pairs.start;
         pair < root->data.mapping.pairs.top; pair++) {
        const char *key = bundle_key(bundle, file, yaml, pair);
        const yaml_node_t *value = yaml_document_get_node(yaml, pair->value);
        if (key == NULL)
            continue;
        json_auto_t *own = json_sprintf("%s of %s", key, file);
        bool is_shared = strcmp(key, "paths") == 0 || strcmp(key, "components") == 0;
        if (!note(bundle, bundle->places, is_shared ? json_string_value(own) : key, file,
                  yaml_document_get_node(yaml, pair->key)))
            continue;
        if (strcmp(key, "paths") == 0) {
            merge_members(bundle, file, yaml, value, NULL, object_at(bundle->document, "paths"));
        } else if (strcmp(key, "components") == 0) {
            merge_components(bundle, file, yaml, value);
        } else {
            json_t *made = bundle_value(bundle, file, yaml, value, 0);
            if (made != NULL)
                json_object_set_new(bundle->document, key, made);
        }
    }
}

void bundle_add(struct bundle *bundle, const char *file, const char *text, size_t length)
{
    yaml_parser_t parser;
    yaml_document_t yaml;

    if (!yaml_parser_initialize(&parser)) {
        bundle_complain(bundle, file, "out of memory");
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, length);
    if (!yaml_parser_load(&parser, &yaml)) {
        json_auto_t *place = json_sprintf("%s:%zu", file, parser.problem_mark.line + 1);
        bundle_complain(bundle, json_string_value(place), "not YAML: %s",
                        parser.problem != NULL ? parser.problem : "unreadable");
        yaml_parser_delete(&parser);
        return;
    }
    yaml_node_t *root = yaml_document_get_root_node(&yaml);
    if (root == NULL)
        bundle_complain(bundle, file, "the file is empty");
    else
        merge_root(bundle, file, &yaml, root);
    yaml_document_delete(&yaml);
    yaml_parser_delete(&parser);
}

json_t *bundle_resolve(const struct bundle *bundle, json_t *value)
{
    static const char prefix[] = "#/components/";
    const char *ref = json_string_value(json_object_get(value, "$ref"));

    if (ref == NULL)
        return value;
    const char *kind = ref + sizeof prefix - 1;
    const char *slash = strchr(kind, '/');
    if (slash == NULL)
        return NULL;
    json_t *of_kind = json_object_getn(json_object_get(bundle->document, "components"), kind,
                                       (size_t)(slash - kind));
    return json_object_get(of_kind, slash + 1);
}

void bundle_finish(struct bundle *bundle)
{
    size_t i;
    json_t *ref;

    json_array_foreach(bundle->refs, i, ref)
    {
        const char *name = json_string_value(json_object_get(ref, "name"));
        const char *file = json_string_value(json_object_get(ref, "file"));
        const char *place = json_string_value(json_object_get(ref, "place"));
        const char *found = json_string_value(json_object_get(bundle->places, name));
        size_t length = strlen(file);
        if (found == NULL)
            bundle_complain(bundle, place, "there is no component %s", name);
        else if (strncmp(found, file, length) != 0 || found[length] != ':')
            bundle_complain(bundle, place, "the component %s is in %s, not in %s", name, found,
                            file);
    }
    if (json_object_get(bundle->document, "paths") == NULL)
        bundle_complain(bundle, NULL, "no file has paths");
    if (bundle->faults == 0)
        bundle_traits(bundle);
}
