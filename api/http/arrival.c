#include "api/http/arrival.h"

#include "api/http/schema_parts.h"
#include "api/http/service.h"
#include "db/clock.h"
#include "db/store/file_name.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct arrival {
    struct arena arena;
    struct fault fault;
    struct service *service;
    const struct operation *operation;
    int64_t clinic_id;
    int64_t began_us;
    uint64_t file_most;
    json_t *fields;
    int parts_n;
    const char *name; /* of the part that is under way, when it is text */
    struct buf text;  /* what there is of it */
    struct upload upload;
    bool has_upload, is_finished;
};

struct arrival *arrival_make(struct service *service, const struct operation *operation,
                             int64_t clinic_id)
{
    struct arrival *arrival = calloc(1, sizeof *arrival);
    const struct service_options *o = &service->options;
    if (!arrival)
        abort();
    arrival->service = service;
    arrival->operation = operation;
    arrival->clinic_id = clinic_id;
    arrival->began_us = clock_monotonic_us();
    arrival->file_most = operation->upload == UPLOAD_LOGO ? o->logo_max : o->upload_max;
    arrival->fault.arena = &arrival->arena;
    arrival->fields = arena_json(&arrival->arena, json_object());
    buf_begin(&arrival->text, &arrival->arena, 256);
    return arrival;
}

void arrival_free(struct arrival *arrival)
{
    if (!arrival)
        return;
    spool_drop(arrival->upload.spool);
    arena_end(&arrival->arena);
    free(arrival);
}

bool arrival_is_refused(const struct arrival *arrival)
{
    return arrival->fault.err != ERR_NONE;
}

/* Nothing will come of it, so nothing is kept of it. */
static void drop(struct arrival *arrival)
{
    spool_drop(arrival->upload.spool);
    arrival->upload.spool = NULL;
    arrival->has_upload = false;
}

static bool refuse(struct arrival *arrival, const char *name, const char *sentence)
{
    const char *pointer = name ? arena_format(&arrival->arena, "#/%s", name) : "#";
    if (arrival_is_refused(arrival))
        return false;
    fault_add(&arrival->fault, pointer, "malformed", "%s", sentence);
    if (fail(&arrival->fault, ERR_INPUT, "bad-request", "%s", sentence))
        drop(arrival);
    return false;
}

void arrival_refuse(struct arrival *arrival, const char *sentence)
{
    refuse(arrival, NULL, sentence);
}

void arrival_refuse_length(struct arrival *arrival)
{
    if (fail(&arrival->fault, ERR_INPUT, "payload-too-large", "a file may have %llu bytes",
             (unsigned long long)arrival->file_most))
        drop(arrival);
}

uint64_t arrival_most(const struct arrival *arrival)
{
    return arrival->file_most + ARRIVAL_ROOM;
}

/* --- text ----------------------------------------------------------------------------------- */

static unsigned types_of(const struct operation *operation, const char *name)
{
    for (size_t i = 0; i < operation->body->members_n; i++)
        if (strcmp(operation->body->members[i].name, name) == 0)
            return operation->body->members[i].schema->types;
    return TYPE_STRING; /* unknown: the schema says so */
}

/* A form sends an empty field for one that was left out. What spells no value of its type stays
 * text, about which the schema complains. */
static json_t *value_of(unsigned types, const char *text)
{
    if (!*text && !(types & TYPE_STRING) && (types & TYPE_NULL))
        return json_null();
    json_t *value = schema_value_from(types, text);
    return value ? value : json_string(text);
}

static bool end_text(struct arrival *arrival)
{
    const char *name = arrival->name;
    if (!name)
        return true;
    arrival->name = NULL;
    json_t *value = NULL;
    if (!memchr(arrival->text.text, '\0', arrival->text.length))
        value = value_of(types_of(arrival->operation, name), arrival->text.text);
    if (!value || json_object_set_new(arrival->fields, name, value) != 0)
        return refuse(arrival, name, "a field is UTF-8 without NUL");
    return true;
}

static bool begin_text(struct arrival *arrival, const char *name)
{
    arrival->name = arena_copy(&arrival->arena, name);
    arrival->text.length = 0;
    arrival->text.text[0] = '\0';
    return true;
}

static bool take_text(struct arrival *arrival, const char *bytes, size_t length)
{
    if (arrival->text.length + length > ARRIVAL_TEXT_MAX)
        return refuse(arrival, arrival->name, "a field may have 16384 bytes");
    buf_add(&arrival->text, bytes, length);
    return true;
}

/* --- the file ------------------------------------------------------------------------------- */

static bool begin_file(struct arrival *arrival, const char *name, const char *file_name,
                       const char *media_type)
{
    struct upload *upload = &arrival->upload;
    if (!*file_name)
        return refuse(arrival, name, "a file comes with its filename");
    upload->name = file_name_clean(&arrival->arena, file_name);
    upload->declared_type = arena_copy(&arrival->arena, media_type);
    uuid_make(clock_now_us(), upload->id);
    if (json_object_set_new(arrival->fields, name, json_string(upload->name)) != 0 ||
        spool_open(arrival->service->store, arrival->clinic_id, arrival->file_most, &arrival->fault,
                   &upload->spool) != ERR_NONE)
        return false;
    arrival->has_upload = true;
    return true;
}

static bool take_file(struct arrival *arrival, const char *bytes, size_t length)
{
    if (spool_write(arrival->upload.spool, bytes, length, &arrival->fault) == ERR_NONE)
        return true;
    drop(arrival);
    return false;
}

/* --- parts ---------------------------------------------------------------------------------- */

static bool is_member_name(const char *name)
{
    size_t length = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "0123456789_-");
    return length > 0 && length <= ARRIVAL_NAME_MAX && !name[length];
}

static bool begin_part(struct arrival *arrival, const char *name, const char *file_name,
                       const char *media_type)
{
    bool is_file = strcmp(name, arrival->operation->file) == 0;
    if (!end_text(arrival))
        return false;
    if (++arrival->parts_n > ARRIVAL_PARTS_MAX)
        return refuse(arrival, NULL, "a body may have 32 parts");
    if (!is_member_name(name))
        return refuse(arrival, NULL, "a part's name is 1 to 64 letters, digits, _ and -");
    if (json_object_get(arrival->fields, name))
        return refuse(arrival, name, "two parts have this name");
    if (is_file)
        return begin_file(arrival, name, file_name, media_type);
    if (*file_name)
        return refuse(arrival, name, "this part is text, no file");
    return begin_text(arrival, name);
}

bool arrival_take(struct arrival *arrival, const char *name, const char *file_name,
                  const char *media_type, const char *bytes, uint64_t offset, size_t length)
{
    if (arrival_is_refused(arrival))
        return false;
    if (clock_monotonic_us() - arrival->began_us > ARRIVAL_MOST_S * INT64_C(1000000))
        return fail(&arrival->fault, ERR_TIMEOUT, "deadline-exceeded",
                    "the body was sent too slowly") == ERR_NONE;
    if (!offset && !begin_part(arrival, name, file_name, media_type))
        return false;
    return arrival->name ? take_text(arrival, bytes, length) : take_file(arrival, bytes, length);
}

void arrival_finish(struct arrival *arrival)
{
    if (arrival_is_refused(arrival) || !end_text(arrival))
        return;
    if (arrival->has_upload && spool_finish(arrival->upload.spool, &arrival->fault) != ERR_NONE)
        drop(arrival);
    arrival->is_finished = true;
}

/* --- for the request ------------------------------------------------------------------------ */

static enum err tell(const struct arrival *arrival, struct fault *fault)
{
    const struct fault *own = &arrival->fault;
    for (size_t i = 0; i < own->flaws_n; i++)
        fault_add(fault, own->flaws[i].pointer, own->flaws[i].code, "%s", own->flaws[i].detail);
    enum err err = own->detail ? fail(fault, own->err, own->code, "%s", own->detail)
                               : fail(fault, own->err, own->code, NULL);
    if (own->reason && !fault->reason)
        fault->reason = arena_copy(fault->arena, own->reason);
    return err;
}

enum err arrival_body(struct arrival *arrival, struct fault *fault, json_t **out)
{
    if (arrival_is_refused(arrival))
        return tell(arrival, fault);
    if (!arrival->is_finished)
        return fail(fault, ERR_INPUT, "bad-request", "the body ends too early");
    *out = arrival->fields;
    return ERR_NONE;
}

const char *arrival_digest(const struct arrival *arrival, struct arena *arena)
{
    json_t *text_only = arena_json(arena, json_copy(arrival->fields));
    json_object_del(text_only, arrival->operation->file); /* its name */
    char *fields = json_dumps(text_only, JSON_COMPACT | JSON_SORT_KEYS);
    if (!fields)
        abort();
    const char *text = arena_format(arena, "%s\n%s", fields,
                                    arrival->has_upload ? spool_sha256(arrival->upload.spool) : "");
    free(fields);
    return text;
}

struct upload *arrival_upload(struct arrival *arrival)
{
    return arrival->has_upload ? &arrival->upload : NULL;
}

struct upload *request_upload(struct request *request)
{
    struct arrival *arrival = request->incoming->arrival;
    return arrival ? arrival_upload(arrival) : NULL;
}
