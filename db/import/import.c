#include "db/import.h"

#include "db/import/choices.h"
#include "db/import/load.h"
#include "db/import/report.h"
#include "db/import/twin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_TEXT = 24 };

/* What is known of the file before anything is written. */
struct examined {
    struct source source;
    struct generation generation;
    struct profile profile;
    struct files files;
    const char *choices;
};

static enum err examine(const struct import_options *options, struct fault *fault,
                        struct examined *out)
{
    enum err err = source_open(options, fault, &out->source);
    if (err)
        return err;
    err = generation_recognise(&out->source, fault, &out->generation);
    if (!err)
        err = files_open(options, fault, &out->files);
    if (!err)
        err = profile_make(&out->source, &out->files, options->is_dry, fault, &out->profile);
    if (!err)
        err = choices_make(options, &out->source, fault, &out->choices);
    source_hear_nobody(&out->source); /* rows come by whole chunks */
    if (err) {
        files_close(&out->files);
        source_close(&out->source);
    }
    return err;
}

/* The text of the first value, in the fault's arena; NULL when there is no row. */
static enum err ask(struct target *target, const struct import_statement *list,
                    const char *const values[], int column, const char **out)
{
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = target_run(target, list, values, &result);
    if (!err)
        *out = PQntuples(result) == 0
                   ? NULL
                   : arena_copy(target->fault->arena, PQgetvalue(result, 0, column));
    return err;
}

/* May the clinic be made, or was it, by an earlier import of this source? */
static enum err clinic_ask(const struct import_clinic *made, struct target *target,
                           const char *source, bool *is_there)
{
    const char *values[] = {made->body, source};
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_clinic_ask, values, &result);
    if (err)
        return err;
    const char *flaw = arena_copy(target->fault->arena, PQgetvalue(result, 0, 0));
    if (strcmp(flaw, "slug-taken") == 0)
        return fail(target->fault, ERR_CONFLICT, flaw,
                    "there is a clinic `%s` already: if it is the one that is meant, say --clinic",
                    made->slug);
    if (strcmp(flaw, "registration-number-taken") == 0)
        return fail(target->fault, ERR_CONFLICT, flaw,
                    "another clinic has the registration number of `%s`", made->slug);
    if (flaw[0] != '\0')
        return fail(target->fault, ERR_INPUT, "validation-failed",
                    "the time zone of `%s` is not known here", made->slug);
    *is_there = *PQgetvalue(result, 0, 1) == 't';
    return ERR_NONE;
}

static enum err clinic_make(const struct import_clinic *made, struct target *target, const char *id)
{
    const char *values[] = {id, made->body, made->admin_username, made->admin_password_hash};
    return target_run(target, import_run_clinic_new, values, NULL);
}

static enum err import_make(const struct import_options *options, const struct examined *file,
                            struct target *target, const char *source, const char *choices,
                            const char **id, bool *has_made)
{
    static const struct import_statement begin[] = {{"BEGIN", 0}, {NULL, 0}};
    static const struct import_statement commit[] = {{"COMMIT", 0}, {NULL, 0}};
    char generation[NUMBER_TEXT];
    bool is_there = true;
    snprintf(generation, sizeof generation, "%d", file->generation.number);
    enum err err = options->made ? clinic_ask(options->made, target, source, &is_there) : ERR_NONE;
    if (!err)
        err = choices_check(target, choices);
    const char *clinic = !options->made ? options->clinic : is_there ? options->made->slug : NULL;
    const char *values[] = {source,
                            file->source.sha256,
                            generation,
                            clinic,
                            options->resets_passwords ? "false" : "true",
                            "clinicd " CLINICD_VERSION,
                            choices};
    if (!err)
        err = target_run(target, begin, NULL, NULL);
    if (!err)
        err = ask(target, import_run_make, values, 0, id);
    if (!err && !*id)
        return fail(target->fault, ERR_CONFLICT, "import-needs-clinic", "there is no clinic `%s`",
                    options->clinic);
    const char *close[] = {*id, clinic};
    if (!err && clinic)
        err = target_run(target, import_run_close_clinic, close, NULL);
    if (!err)
        err = choices_close(target, *id, choices);
    if (!err && !is_there)
        err = clinic_make(options->made, target, *id);
    if (!err)
        err = target_run(target, commit, NULL, NULL);
    if (!err)
        *has_made = !is_there;
    return err;
}

/* Whose all is that says nothing else. */
static const char *home_of(const struct import_options *options)
{
    return options->made ? options->made->slug : options->clinic;
}

/* A run that stopped is taken up again: of the same copy, and as it was begun. */
static enum err import_resume(const struct import_options *options, const struct examined *file,
                              const PGresult *found, struct fault *fault)
{
    const char *id = PQgetvalue(found, 0, 0), *slug = PQgetvalue(found, 0, 3);
    bool has_kept = *PQgetvalue(found, 0, 2) == 't';
    if (strcmp(PQgetvalue(found, 0, 1), file->source.sha256) != 0)
        return fail(fault, ERR_CONFLICT, "import-other-copy",
                    "import %s of another copy of this database stopped on its way: run it again "
                    "with that copy, or take it back with `clinicd import --undo %s`",
                    id, id);
    if (*PQgetvalue(found, 0, 4) == 't' && !options->files)
        return fail(fault, ERR_CONFLICT, "import-needs-files",
                    "import %s stopped on its way with files: say with --files where they are", id);
    if (has_kept == options->resets_passwords ||
        (home_of(options) && strcmp(home_of(options), slug) != 0))
        return fail(fault, ERR_CONFLICT, "import-other-choice",
                    "import %s stopped on its way with --passwords %s%s%s: run it again with that, "
                    "or take it back with `clinicd import --undo %s`",
                    id, has_kept ? "keep" : "reset", *slug ? " and --clinic " : "", slug, id);
    if (*PQgetvalue(found, 0, 5) != 't')
        return fail(fault, ERR_CONFLICT, "import-other-choice",
                    "import %s of this database stopped on its way, and was told something else: "
                    "run it again with the same options, or take it back with `clinicd import "
                    "--undo %s`",
                    id, id);
    return ERR_NONE;
}

/* What is known of this database in one clinic would silently be left out of another. */
static enum err home_check(const struct import_options *options, struct target *target,
                           const char *source)
{
    const char *values[] = {source, home_of(options)}, *slug = NULL;
    enum err err = values[1] ? ask(target, import_run_home, values, 0, &slug) : ERR_NONE;
    if (!err && slug)
        return fail(target->fault, ERR_CONFLICT, "import-other-choice",
                    "this database, or one that was begun as a copy of it, was imported into `%s` "
                    "before: its rows are known there and would be left out here",
                    slug);
    return err;
}

static enum err import_find(const struct import_options *options, const struct examined *file,
                            struct target *target, const char **id, bool *has_made)
{
    PGresult *found TARGET_CLEAR = NULL;
    const char *source = NULL;
    enum err err = ask(target, import_run_source, &file->source.identity, 0, &source);
    const char *values[] = {source, file->choices};
    if (!err)
        err = target_run(target, import_run_find, values, &found);
    if (!err && PQntuples(found) > 0) {
        *id = arena_copy(target->fault->arena, PQgetvalue(found, 0, 0));
        return import_resume(options, file, found, target->fault);
    }
    if (!err && file->generation.number == GENERATION_SINGLE && !home_of(options))
        return fail(
            target->fault, ERR_CONFLICT, "import-needs-clinic",
            "the legacy database is of the time before clinics: say with --clinic whose it is, or "
            "with --create-clinic");
    if (!err)
        err = home_check(options, target, source);
    if (!err)
        err = twin_check(&file->source, target, source);
    return err ? err : import_make(options, file, target, source, file->choices, id, has_made);
}

/* What may be rejected, as a number of rows. */
static int64_t most_rejects(const struct import_options *options, const struct profile *profile)
{
    int64_t rows = 0;
    for (size_t i = 0; i < profile->tables_n; i++)
        rows += profile->rows[i];
    return options->most_rejects_part ? rows * options->most_rejects_part / 10000
                                      : options->most_rejects;
}

/* Also of an import that does not add up, or has too many rejects: which rows they are. */
static enum err tell(struct target *target, enum err err, const char *id,
                     const struct profile *profile, struct buf *text, struct buf *json,
                     struct import_result *out)
{
    struct fault *story = target->fault, aside = {.arena = story->arena};
    if (!err)
        return report_import(target, id, profile, text, json, &out->slug, &out->left);
    if (!story->code || strcmp(story->code, "verification-failed") != 0)
        return err;
    target->fault = &aside;
    if (report_import(target, id, profile, text, json, &out->slug, &out->left))
        buf_format(text, "the rest of the report cannot be made: %s\n", aside.detail);
    target->fault = story;
    return err;
}

static enum err import_work(const struct import_options *options, struct examined *file,
                            struct target *target, struct buf *text, struct buf *json,
                            struct import_result *out)
{
    struct load load = {.options = options,
                        .source = &file->source,
                        .target = target,
                        .fault = target->fault,
                        .files = &file->files,
                        .most_rejects = most_rejects(options, &file->profile)};
    enum err err = import_find(options, file, target, &load.id, &out->has_made);
    if (!err && options->files)
        err = target_run(target, import_run_files_begin, &load.id, NULL);
    if (!err)
        err = load_rows(&load);
    if (!err)
        err = load_verify(&load);
    if (!err)
        err = target_run(target, import_run_whole, &load.id, NULL);
    if (!err && options->activates)
        err = target_run(target, import_run_activate, &load.id, NULL);
    err = tell(target, err, load.id, options->files ? NULL : &file->profile, text, json, out);
    if (load.id)
        out->id = strtoll(load.id, NULL, 10);
    out->rejected = load.rejected;
    out->is_activated = !err && options->activates;
    return err;
}

enum err import_run(const struct import_options *options, struct fault *fault, struct buf *text,
                    struct buf *json, struct import_result *out)
{
    struct examined file = {.generation = {.number = 0}, .files = {.media = -1}};
    struct target target;
    struct import_result result = {.id = 0};
    enum err err = examine(options, fault, &file);
    if (err)
        return err;
    report_source(&file.source, &file.generation, &file.profile, text, json);
    if (options->is_dry)
        profile_write_text(&file.profile, text);
    else
        err = target_open(options->url, fault, &target);
    if (!err && !options->is_dry) {
        err = import_work(options, &file, &target, text, json, &result);
        target_close(&target);
    }
    buf_char(json, '}');
    files_close(&file.files);
    source_close(&file.source);
    *out = result;
    return err;
}

static enum err touched_check(struct target *target, const char *id)
{
    for (int i = 0; import_steps[i].name; i++) {
        const char *rows = "0";
        enum err err = import_steps[i].touched ? ask(target, import_steps[i].touched, &id, 0, &rows)
                                               : ERR_NONE;
        if (err)
            return err;
        if (strcmp(rows, "0") != 0)
            return fail(target->fault, ERR_CONFLICT, "import-touched",
                        "%s of the rows of step %s were changed since: nothing is taken back", rows,
                        import_steps[i].name);
    }
    return ERR_NONE;
}

/* In one snapshot: a row that somebody changes after touched_check() looked ends all of it. */
static enum err rows_undo(struct target *target, const char *id)
{
    static const struct import_statement begin[] = {{"BEGIN ISOLATION LEVEL REPEATABLE READ", 0},
                                                    {NULL, 0}};
    static const struct import_statement commit[] = {{"COMMIT", 0}, {NULL, 0}};
    enum err err = target_run(target, begin, NULL, NULL);
    const char *made = "0";
    if (!err)
        err = ask(target, import_run_undo_touched, &id, 0, &made);
    if (!err && strcmp(made, "0") != 0)
        err = fail(target->fault, ERR_CONFLICT, "import-touched",
                   "%s people or things were made or changed in a clinic that would go: nothing is "
                   "taken back",
                   made);
    if (!err)
        err = touched_check(target, id);
    int steps = 0;
    while (import_steps[steps].name)
        steps++;
    while (!err && steps-- > 0) {
        if (import_steps[steps].undo)
            err = target_run(target, import_steps[steps].undo, &id, NULL);
    }
    if (!err)
        err = target_run(target, import_run_undo_end, &id, NULL);
    return err ? err : target_run(target, commit, NULL, NULL);
}

/* Is there such an import, the newest of its source, and has it objects in the store? */
static enum err undo_check(struct target *target, const struct store_options *store, const char *id,
                           bool *is_undone, bool *is_left)
{
    PGresult *found TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_undo_find, &id, &found);
    if (err)
        return err;
    bool is_there = PQntuples(found) > 0;
    bool is_over = is_there && strcmp(PQgetvalue(found, 0, 0), "undone") == 0;
    bool has_objects = is_there && *PQgetvalue(found, 0, 2) == 't';
    if (!is_there || (is_over && !has_objects))
        return fail(target->fault, ERR_CONFLICT, "import-unknown", "there is no import %s to undo",
                    id);
    if (!is_over && !PQgetisnull(found, 0, 1))
        return fail(target->fault, ERR_CONFLICT, "import-touched",
                    "import %s of the same database is newer: the newest is taken back first",
                    PQgetvalue(found, 0, 1));
    if (has_objects && !store)
        return fail(target->fault, ERR_CONFLICT, "import-needs-files",
                    "import %s has files in the store, which was not named", id);
    *is_undone = is_over;
    *is_left = has_objects;
    return ERR_NONE;
}

/* The rows, and then the files that nothing names any more: the other way round a failure would
 * leave rows without their bytes. */
static enum err undo_work(struct target *target, const struct store_options *store, const char *id)
{
    bool is_undone = false, is_left = false;
    enum err err = undo_check(target, store, id, &is_undone, &is_left);
    if (!err && !is_undone)
        err = rows_undo(target, id);
    return err || !is_left ? err : files_remove(target, store, id);
}

enum err import_undo(const char *url, const struct store_options *store, int64_t id,
                     struct fault *fault, struct buf *text, struct buf *json)
{
    struct target target;
    const char *number = arena_format(fault->arena, "%" PRId64, id);
    enum err err = target_open(url, fault, &target);
    if (err)
        return err;
    err = undo_work(&target, store, number);
    target_close(&target);
    if (!err) {
        buf_format(text, "import %s is taken back\n", number);
        buf_format(json, "{\"undone\": %s}", number);
    }
    return err;
}

enum err import_activate(const char *url, int64_t id, struct fault *fault)
{
    struct target target;
    const char *number = arena_format(fault->arena, "%" PRId64, id);
    const char *state = NULL;
    enum err err = target_open(url, fault, &target);
    if (err)
        return err;
    err = ask(&target, import_run_undo_find, &number, 0, &state);
    if (!err && !state)
        err = fail(fault, ERR_CONFLICT, "import-unknown", "there is no import %s", number);
    if (!err && strcmp(state, "whole") != 0)
        err = fail(fault, ERR_CONFLICT, "import-unknown",
                   "import %s is %s: only one that is whole can be opened", number, state);
    if (!err)
        err = target_run(&target, import_run_activate, &number, NULL);
    target_close(&target);
    return err;
}
