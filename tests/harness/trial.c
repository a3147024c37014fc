#include "tests/harness/trial.h"

#include "api/endpoints.h"
#include "api/http/reply.h"
#include "api/http/upload.h"
#include "db/buf.h"
#include "tests/harness/die.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MORE = 3, HANG_TURNS = 1500, TURN_US = 20000 };

static const char paths[] =
    "{\"/clinics/{slug}/trial\":{\"post\":{\"operationId\":\"trial_upload\","
    "\"x-upload\":\"logo\",\"x-permission\":\"logo.write\",\"parameters\":["
    "{\"$ref\":\"#/components/parameters/Slug\"},"
    "{\"$ref\":\"#/components/parameters/IdempotencyKey\"}],"
    "\"requestBody\":{\"required\":true,\"content\":{\"multipart/form-data\":{\"schema\":{"
    "\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"file\"],\"properties\":{"
    "\"file\":{\"type\":\"string\",\"format\":\"binary\"},"
    "\"note\":{\"type\":\"string\",\"maxLength\":20000,\"x-text\":\"multiline\"},"
    "\"count\":{\"type\":[\"integer\",\"null\"],\"minimum\":0,\"maximum\":9},"
    "\"is_good\":{\"type\":\"boolean\",\"default\":true}}}}}},"
    "\"responses\":{\"200\":{\"content\":{\"application/json\":{\"schema\":{\"type\":\"object\","
    "\"additionalProperties\":true}}}}}}},"
    "\"/clinics/{slug}/trial/{id}\":{\"get\":{\"operationId\":\"trial_content\","
    "\"x-permission\":\"report.read\",\"parameters\":["
    "{\"$ref\":\"#/components/parameters/Slug\"},{\"$ref\":\"#/components/parameters/Id\"},"
    "{\"name\":\"size\",\"in\":\"query\",\"required\":true,\"schema\":{\"type\":\"integer\"}},"
    "{\"name\":\"sha256\",\"in\":\"query\",\"required\":true,\"schema\":{\"type\":\"string\","
    "\"maxLength\":64}},"
    "{\"name\":\"name\",\"in\":\"query\",\"schema\":{\"type\":\"string\",\"maxLength\":255,"
    "\"x-text\":\"verbatim\",\"default\":\"a.pdf\"}},"
    "{\"name\":\"type\",\"in\":\"query\",\"schema\":{\"type\":\"string\",\"maxLength\":50,"
    "\"default\":\"application/octet-stream\"}}],"
    "\"responses\":{\"200\":{\"content\":{\"application/octet-stream\":{}}},"
    "\"206\":{\"content\":{\"application/octet-stream\":{}}},\"304\":{}}}}}";

/* What the machinery may answer, under its components' names. */
static const char *const answers[][2] = {
    {"400", "BadRequest"},
    {"401", "Unauthorized"},
    {"403", "Forbidden"},
    {"404", "NotFound"},
    {"409", "Conflict"},
    {"413", "PayloadTooLarge"},
    {"415", "UnsupportedMediaType"},
    {"422", "Unprocessable"},
    {"500", "InternalError"},
    {"507", "InsufficientStorage"},
};

static char *document_text(struct arena *arena)
{
    json_t *document = arena_json(arena, json_loadb(document_bytes, document_bytes_n, 0, NULL));
    json_t *more = arena_json(arena, json_loads(paths, 0, NULL)), *item, *operation;
    const char *path, *method;
    if (!document || !more)
        die("the trial's document is no JSON");
    json_object_foreach(more, path, item) json_object_foreach(item, method, operation)
    {
        json_t *responses = json_object_get(operation, "responses");
        for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
            json_object_set_new(
                responses, answers[i][0],
                json_pack("{s:o}", "$ref",
                          json_sprintf("#/components/responses/%s", answers[i][1])));
        json_object_set_new(responses, "416",
                            json_pack("{s:{s:{s:{s:s}}}}", "content", "application/problem+json",
                                      "schema", "$ref", "#/components/schemas/Problem"));
    }
    item = json_object_get(more, "/clinics/{slug}/trial");
    operation = json_deep_copy(json_object_get(item, "post"));
    json_object_set_new(operation, "operationId", json_string("trial_put"));
    json_object_del(operation, "x-upload");
    json_object_set_new(item, "put", operation);
    json_object_update(json_object_get(document, "paths"), more);
    char *text = json_dumps(document, JSON_COMPACT);
    char *copy = arena_copy(arena, text);
    free(text);
    return copy;
}

static enum err upload(struct request *request)
{
    struct upload *upload = request_upload(request);
    enum err err = store_keep(request->service->store, upload->spool, upload->id, &request->fault);
    if (err)
        return err;
    json_t *answer = json_pack(
        "{s:s,s:s,s:s?,s:I,s:s,s:O*,s:O*,s:O*}", "id", upload->id, "name", upload->name, "type",
        upload->declared_type, "size", (json_int_t)spool_size(upload->spool), "sha256",
        spool_sha256(upload->spool), "note", json_object_get(request_body(request), "note"),
        "count", json_object_get(request_body(request), "count"), "is_good",
        json_object_get(request_body(request), "is_good"));
    struct buf text;
    char *json = json_dumps(answer, JSON_COMPACT);
    buf_begin(&text, &request->arena, 512);
    buf_text(&text, json_object_get(request_body(request), "file") ? "{}" : json);
    free(json);
    json_decref(answer);
    return reply_text(request, &text);
}

static enum err content(struct request *request)
{
    const struct content content = {.id = request_path(request, "id"),
                                    .name = request_query(request, "name"),
                                    .media_type = request_query(request, "type"),
                                    .sha256 = request_query(request, "sha256"),
                                    .size = strtoull(request_query(request, "size"), NULL, 10)};
    return reply_content(request, &content);
}

static void adjust(struct service_options *options)
{
    options->logo_max = TRIAL_MOST;
}

void trial_begin(struct trial *trial, const char *name,
                 void (*also)(struct service_options *options))
{
    char token[TOKEN_TEXT];
    struct arena *arena = &trial->arena;
    *arena = (struct arena){0};
    struct handler *handlers = arena_array(arena, struct handler, endpoints_n + MORE);
    struct fault fault = {.arena = arena};
    memcpy(handlers, endpoints, endpoints_n * sizeof *handlers);
    handlers[endpoints_n] = (struct handler){"trial_upload", upload};
    handlers[endpoints_n + 1] = (struct handler){"trial_content", content};
    handlers[endpoints_n + 2] = (struct handler){"trial_put", upload};
    char *text = document_text(arena);
    unsetenv("CLINICD_TEST_SEEN"); /* the three are in no document of ours */
    world_begin(&trial->world, &(struct world_options){.name = name,
                                                       .document = text,
                                                       .handlers = handlers,
                                                       .handlers_n = endpoints_n + MORE,
                                                       .adjust = also ? also : adjust});
    if (document_load(arena, text, strlen(text), &fault, &trial->document))
        die("the trial's document: %s", fault.detail);
    trial->client = client_make(service_port(trial->world.service), trial->document);
    trial->admin = arena_copy(arena, seed_token(&seed_a, "admin", token));
}

void trial_end(struct trial *trial)
{
    client_free(trial->client);
    world_end(&trial->world);
    arena_end(&trial->arena);
}

struct tally {
    bool is_arriving;
    int n;
};

static bool tally_one(void *user, const struct store_object *object)
{
    struct tally *tally = user;
    tally->n += object->is_spool == tally->is_arriving;
    return true;
}

static int count(const struct trial *trial, bool is_arriving)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct tally tally = {.is_arriving = is_arriving};
    if (store_walk(trial->world.service->store, seed_a.clinic_id, tally_one, &tally, &fault))
        die("the store cannot be walked: %s", fault.reason ? fault.reason : "-");
    return tally.n;
}

int trial_kept(const struct trial *trial)
{
    return count(trial, false);
}

int trial_arriving(const struct trial *trial)
{
    return count(trial, true);
}

bool trial_wait_arriving(const struct trial *trial, int n)
{
    for (int turn = 0; turn < HANG_TURNS; turn++, usleep(TURN_US))
        if (trial_arriving(trial) == n)
            return true;
    return false;
}
