#include "tests/harness/parts.h"

#include "tests/harness/die.h"
#include "tests/harness/form.h"
#include "tests/harness/specimen.h"

#include <stdlib.h>
#include <string.h>

static void add_member(struct form *form, const char *name, const json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (!text)
        die("%s cannot be sent as text", name);
    form_text(form, name, json_is_string(value) ? json_string_value(value) : text);
    free(text);
}

void parts_of(struct arena *arena, const struct operation *operation, struct call *call)
{
    struct form form;
    const char *name;
    json_t *value;
    if (!operation->file || !call->body)
        return;
    json_t *body = arena_json(arena, json_loads(call->body, 0, NULL));
    if (!body)
        die("%s is no JSON", call->body);
    bool is_logo = operation->upload == UPLOAD_LOGO;
    struct buf file =
        is_logo ? specimen_png(arena, 8, 8, NULL, true) : specimen_pdf(arena, NULL, NULL);
    form_begin(&form, arena);
    json_object_foreach(body, name, value) add_member(&form, name, value);
    form_file(&form, is_logo ? "logo.png" : "report.pdf", is_logo ? "image/png" : "application/pdf",
              file.text, file.length);
    form_end(&form);
    call->body = form.body.text;
    call->body_length = form.body.length;
    call->type = FORM_TYPE;
}

static json_t *resolved(const struct document *document, json_t *value)
{
    static const char prefix[] = "#/components/schemas/";
    const char *ref = json_string_value(json_object_get(value, "$ref"));
    if (!ref || strncmp(ref, prefix, sizeof prefix - 1) != 0)
        return value;
    json_t *components = json_object_get(document->json, "components");
    return json_object_get(json_object_get(components, "schemas"), ref + sizeof prefix - 1);
}

json_t *parts_example(const struct document *document, json_t *schema)
{
    json_t *form = resolved(document, schema), *body = json_object(), *name;
    size_t i;
    json_array_foreach(json_object_get(form, "required"), i, name)
    {
        const char *member = json_string_value(name);
        json_t *source =
            resolved(document, json_object_get(json_object_get(form, "properties"), member));
        json_t *example = json_array_get(json_object_get(source, "examples"), 0);
        const char *format = json_string_value(json_object_get(source, "format"));
        if (example)
            json_object_set(body, member, example);
        else if (!format || strcmp(format, "binary") != 0)
            die("%s: the document shows no example", member);
    }
    return body;
}
