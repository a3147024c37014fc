#include "db/import/choices.h"

#include "db/import/generation.h"
#include "db/json.h"

#include <inttypes.h>
#include <string.h>

/* The number of the legacy clinic that is called so, by number or slug. */
static enum err legacy_clinic_find(const struct source *source, struct fault *fault,
                                   const char *name, const char **out)
{
    sqlite3_stmt *row = NULL;
    *out = NULL;
    enum err err = source_prepare(source, fault, &row,
                                  "SELECT id FROM hospital_clinic WHERE CAST(id AS text) = %Q OR "
                                  "slug = %Q ORDER BY CAST(id AS text) = %Q DESC LIMIT 1",
                                  name, name, name);
    if (!err && source_step(source, fault, &row)) {
        *out = arena_format(fault->arena, "%lld", (long long)sqlite3_column_int64(row, 0));
        sqlite3_finalize(row);
    }
    return err ? err : fault->err;
}

static void map_flaw(struct fault *fault, const char *name, const char *what)
{
    fault_add(fault, arena_format(fault->arena, "--clinic-map#/%s", name), "unknown", "%s", what);
}

static enum err map_read(const struct import_options *options, const struct source *source,
                         struct fault *fault, json_t *out)
{
    json_t *map = arena_json(fault->arena, json_loads(options->clinic_map, 0, NULL));
    const char *name, *id;
    json_t *slug;
    enum err err = ERR_NONE;
    bool has_clinics = generation_has(source, "clinic", "slug");
    json_object_foreach(map, name, slug)
    {
        id = NULL;
        if (!err && has_clinics)
            err = legacy_clinic_find(source, fault, name, &id);
        if (!err && !id)
            map_flaw(fault, name, "is no clinic of the legacy database");
        else if (!err && json_object_get(out, id))
            map_flaw(fault, name, "is a clinic that stands here twice");
        else if (!err)
            json_object_set(out, id, slug);
    }
    return err;
}

static void text_set(json_t *object, const char *member, const char *text)
{
    if (text)
        json_object_set_new(object, member, json_string(text));
}

enum err choices_make(const struct import_options *options, const struct source *source,
                      struct fault *fault, const char **out)
{
    json_t *choices = arena_json(fault->arena, json_object());
    json_t *map = json_object();
    enum err err = options->clinic_map ? map_read(options, source, fault, map) : ERR_NONE;
    text_set(choices, "clinic", options->made ? options->made->slug : options->clinic);
    text_set(choices, "passwords", options->resets_passwords ? "reset" : "keep");
    text_set(choices, "null_clinic", options->null_clinic);
    text_set(choices, "duplicates", options->duplicates);
    text_set(choices, "overlong", options->cuts ? "cut" : "reject");
    text_set(choices, "timezone", options->timezone);
    json_object_set_new(choices, "clinic_map", map);
    if (!err && fault->flaws_n > 0)
        err = fail(fault, ERR_INPUT, "validation-failed", "the clinics' map has faults");
    if (!err)
        *out = json_text(fault->arena, choices);
    return err;
}

enum err choices_check(struct target *target, const char *choices)
{
    PGresult *flaws TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_choices_check, &choices, &flaws);
    if (err || PQntuples(flaws) == 0)
        return err;
    for (int i = 0; i < PQntuples(flaws); i++)
        fault_add(target->fault, PQgetvalue(flaws, i, 0), "unknown", "%s", PQgetvalue(flaws, i, 1));
    return fail(target->fault, ERR_INPUT, "validation-failed", "what the options name is not here");
}

enum err choices_close(struct target *target, const char *id, const char *choices)
{
    PGresult *slugs TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_choices_clinics, &choices, &slugs);
    for (int i = 0; !err && i < PQntuples(slugs); i++) {
        const char *values[] = {id, PQgetvalue(slugs, i, 0)};
        err = target_run(target, import_run_close_clinic, values, NULL);
    }
    return err;
}
