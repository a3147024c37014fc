/* What a client may want to know of the document without reading it. */
#include "api/endpoints.h"
#include "api/http/labels.h"
#include "api/http/reply.h"
#include "api/http/service.h"

#include <string.h>

/* The component that the value of a list's items is. */
static const json_t *values_of(const json_t *schemas, const json_t *list)
{
    const json_t *members = json_object_get(json_object_get(list, "items"), "properties");
    const char *ref = json_string_value(json_object_get(json_object_get(members, "value"), "$ref"));
    return ref ? json_object_get(schemas, strrchr(ref, '/') + 1) : NULL;
}

/* The lists are the properties of the schema ValueLists; nothing here names one. */
enum err meta_enums(struct request *request)
{
    json_t *document = request->service->document->json;
    json_t *schemas = json_object_get(json_object_get(document, "components"), "schemas");
    json_t *lists = json_object_get(json_object_get(schemas, "ValueLists"), "properties");
    enum language language = reply_language(request, request_query(request, "lang"));
    const char *name, *comma = "";
    json_t *list;
    struct buf out;
    buf_begin(&out, &request->arena, 8192);
    buf_format(&out, "{\"language\":\"%s\",\"enums\":{", language_tag(language));
    json_object_foreach(lists, name, list)
    {
        buf_format(&out, "%s\"%s\":", comma, name);
        labels_render(&out, values_of(schemas, list), language);
        comma = ",";
    }
    buf_text(&out, "}}");
    return reply_text(request, &out);
}
