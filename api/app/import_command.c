#include "api/app/import_command.h"

#include "api/app/clinic_file.h"
#include "db/json.h"
#include "models/clinic/clinic.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *path_of(struct call *call, const char *path)
{
    char here[PATH_MAX];
    if (!path || path[0] == '/' || import_is_address(path) || !getcwd(here, sizeof here))
        return path;
    return arena_format(&call->arena, "%s/%s", here, path);
}

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

static enum exit_code clinic_read(struct call *call, struct import_command *command)
{
    json_t *body = NULL;
    const char *path = call_option(call, "--create-clinic");
    enum err err = clinic_file_read(call, path, &body);
    if (!err)
        err = clinic_file_check(call, &body);
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
    if (call->operands_n != 1)
        return call_usage(call, "say which file or database to import");
    *out = (struct import_command){
        .options = {.file = path_of(call, call->operands[0]),
                    .clinic = call_option(call, "--clinic"),
                    .files = path_of(call, call_option(call, "--files")),
                    .is_dry = call_option(call, "--dry-run") != NULL,
                    .activates = call_option(call, "--activate") != NULL,
                    .resets_passwords = passwords && passwords[0] == 'r'},
        .report = path_of(call, call_option(call, "--report")),
    };
    if (!rejects_read(call_option(call, "--max-rejects"), &out->options))
        return call_usage(call, "--max-rejects needs a number of rows, or as 0.5%% a part of all");
    if (passwords && strcmp(passwords, "keep") != 0 && strcmp(passwords, "reset") != 0)
        return call_usage(call, "--passwords is keep or reset");
    if (!call_option(call, "--create-clinic"))
        return EXIT_DONE;
    return out->options.clinic
               ? call_usage(call, "--clinic is one that is there, --create-clinic one that is "
                                  "not: say which")
               : clinic_read(call, out);
}
