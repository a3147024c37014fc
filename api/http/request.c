#include "api/http/request.h"

#include "api/http/offload.h"
#include "api/http/service.h"
#include "db/json.h"
#include "models/clinic/directory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tx *request_tx(struct request *request)
{
    return &request->tx;
}

static _Noreturn void unknown_name(const struct request *request, const char *kind,
                                   const char *name)
{
    fprintf(stderr, "%s has no %s parameter %s\n", request->operation->id, kind, name);
    abort();
}

const char *request_path(const struct request *request, const char *name)
{
    const struct operation *operation = request->operation;
    for (size_t i = 0; i < operation->path_parameters_n; i++)
        if (strcmp(operation->path_parameters[i].name, name) == 0)
            return request->path_values[i];
    unknown_name(request, "path", name);
}

static size_t query_index(const struct request *request, const char *name)
{
    const struct operation *operation = request->operation;
    for (size_t i = 0; i < operation->query_n; i++)
        if (strcmp(operation->query[i].name, name) == 0)
            return i;
    return SIZE_MAX;
}

bool request_has_query(const struct request *request, const char *name)
{
    size_t i = query_index(request, name);
    return i != SIZE_MAX && request->query[i];
}

static const char *scalar_text(struct arena *arena, const json_t *value)
{
    switch (json_typeof(value)) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        return arena_format(arena, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
    case JSON_REAL:
        return arena_format(arena, "%.17g", json_real_value(value));
    case JSON_TRUE:
        return "true";
    case JSON_FALSE:
        return "false";
    case JSON_NULL:
    case JSON_OBJECT:
    case JSON_ARRAY:
        break;
    }
    return NULL;
}

const char *request_query(struct request *request, const char *name)
{
    size_t i = query_index(request, name);
    if (i == SIZE_MAX) /* paging parameters are asked of every list, which may have none of them */
        return NULL;
    const json_t *value = request->query[i];
    return value ? scalar_text(&request->arena, value) : request->operation->query[i].fallback;
}

json_t *request_body(const struct request *request)
{
    return request->body;
}

const char *request_body_text(struct request *request)
{
    return json_text(&request->arena, request->body);
}

const char *request_string(const struct request *request, const char *member)
{
    return json_string_value(json_object_get(request->body, member));
}

enum err request_offload(struct request *request, void (*work)(void *job), void *job,
                         void (*release)(void *job))
{
    if (request->tx.conn) {
        fprintf(stderr, "%s: slow work while holding a connection\n", request->operation->id);
        abort();
    }
    return offload_run(request->service->offload, work, job, release, request->deadline_us,
                       &request->fault);
}

void request_forget(struct request *request, const char *kind, const char *key)
{
    if (!key)
        return;
    if (request->forgotten_n == FORGOTTEN_MAX) {
        fprintf(stderr, "%s: forgets more than %d\n", request->operation->id, FORGOTTEN_MAX);
        abort();
    }
    request->forgotten[request->forgotten_n++] = (struct forgotten){kind, key};
}

enum err request_enter_clinic(struct request *request, int64_t clinic_id)
{
    const struct clinic_entry *clinic = directory_find_id(request->service->directory, clinic_id);
    if (!clinic || clinic->state == CLINIC_IMPORTING)
        return request_fail(request, ERR_NOT_FOUND, "not-found", NULL);
    request->clinic = clinic;
    request->scope.clinic_id = clinic_id;
    request->view.clinic_id = clinic_id;
    tx_enter_clinic(&request->tx, clinic_id);
    return ERR_NONE;
}
