#include "api/app/import_command.h"

#include "api/app/clinic_file.h"
#include "db/json.h"
#include "models/clinic/clinic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* "250", or of all rows "0.5%". */
static bool rejects_read(const char *text, struct import_options *options)
{
    char *end;
    if (!text || !strchr(text, '%')) {
        int number = call_number(text, -1);
        options->most_rejects = number;
        return number != -2;
    }
    double part = strtod(text, &end);
    bool is_part = strspn(text, "0123456789.") == strlen(text) - 1 && end > text &&
                   strcmp(end, "%") == 0 && part <= 100;
    options->most_rejects = 0;
    options->most_rejects_part = is_part ? (int)lround(part * 100) : 0;
    return is_part;
}

/* {"legacy id or slug": "slug here"} */
static enum exit_code map_read(struct call *call, const char *path, const char **out)
{
    json_t *map = NULL;
    const char *name;
    json_t *slug;
    enum err err = clinic_file_read(call, path, &map);
    arena_json(&call->arena, map);
    if (err)
        return call_failed(call);
    if (!json_is_object(map) || json_object_size(map) == 0)
        return call_usage(call, "%s must be an object of legacy ids or slugs, and slugs here",
                          path);
    json_object_foreach(map, name, slug)
    {
        if (!json_is_string(slug))
            fault_add(&call->fault, arena_format(&call->arena, "--clinic-map#/%s", name), "type",
                      "must be the slug of a clinic here");
    }
    if (call->fault.flaws_n > 0) {
        fail(&call->fault, ERR_INPUT, "validation-failed", "%s has faults", path);
        return EXIT_USAGE;
    }
    *out = json_text(&call->arena, map);
    return EXIT_DONE;
}

/* One of the words that an option knows; without it the first. */
static bool is_word(const char *text, const char *const words[])
{
    for (int i = 0; text && words[i]; i++) {
        if (strcmp(text, words[i]) == 0)
            return true;
    }
    return !text;
}

static enum exit_code words_check(struct call *call)
{
    static const struct {
        const char *option;
        const char *const words[4];
        const char *says;
    } rules[] = {
        {"--passwords", {"keep", "reset"}, "keep or reset"},
        {"--duplicates", {"merge", "suffix", "reject"}, "merge, suffix or reject"},
        {"--overlong", {"reject", "cut"}, "reject or cut"},
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        if (!is_word(call_option(call, rules[i].option), rules[i].words))
            return call_usage(call, "%s is %s", rules[i].option, rules[i].says);
    }
    return EXIT_DONE;
}

static enum exit_code clinic_read(struct call *call, struct import_command *command)
{
    json_t *body = NULL;
    const char *path = call_option(call, "--create-clinic");
    enum err err = clinic_file_read(call, path, &body);
    if (!err)
        err = clinic_file_check(call, "clinics_create", &body);
    arena_json(&call->arena, body);
    command->password = password_one_time(&call->arena);
    if (!err)
        err = password_hash(command->password, &password_target, &call->fault,
                            command->password_hash);
    if (err)
        return call_failed(call);
    command->made = (struct import_clinic){
        .slug = json_member(body, "slug"),
        .body = json_text(&call->arena, body),
        .admin_username = clinic_admin_username(&call->arena, body),
        .admin_password_hash = command->password_hash,
    };
    command->options.made = &command->made;
    return EXIT_DONE;
}

enum exit_code import_command_read(struct call *call, struct import_command *out)
{
    const char *passwords = call_option(call, "--passwords");
    const char *overlong = call_option(call, "--overlong");
    const char *map = call_option(call, "--clinic-map");
    if (call->operands_n != 1)
        return call_usage(call, "say which file or database to import");
    *out = (struct import_command){
        .options = {.file = import_is_address(call->operands[0])
                                ? call->operands[0]
                                : call_path(call, call->operands[0]),
                    .clinic = call_option(call, "--clinic"),
                    .files = call_path(call, call_option(call, "--files")),
                    .file_most = (uint64_t)call->settings.upload_max,
                    .scans = call->settings.scanner[0] != '\0',
                    .is_dry = call_option(call, "--dry-run") != NULL,
                    .activates = call_option(call, "--activate") != NULL,
                    .resets_passwords = passwords && passwords[0] == 'r',
                    .null_clinic = call_option(call, "--null-clinic"),
                    .duplicates = call_option(call, "--duplicates"),
                    .cuts = overlong && overlong[0] == 'c',
                    .timezone = call_option(call, "--tz")},
        .report = call_path(call, call_option(call, "--report")),
    };
    if (!rejects_read(call_option(call, "--max-rejects"), &out->options))
        return call_usage(call, "--max-rejects needs a number of rows, or as 0.5%% a part of all");
    enum exit_code code = words_check(call);
    if (code != EXIT_DONE)
        return code;
    bool makes = call_option(call, "--create-clinic") != NULL;
    if ((out->options.clinic != NULL) + makes + (map != NULL) > 1)
        return call_usage(call, "--clinic is one that is there, --create-clinic one that is not, "
                                "--clinic-map says it of each: one of them");
    if (map)
        code = map_read(call, map, &out->options.clinic_map);
    return makes ? clinic_read(call, out) : code;
}
