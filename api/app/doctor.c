/* clinicd doctor: is everything as it must be? */
#include "db/doctor.h"

#include "api/app/commands.h"
#include "api/app/site.h"

#include <string.h>

static const char *const level_names[] = {"green", "amber", "red"};

static bool purpose_is_known(const char *purpose)
{
    static const char *const purposes[] = {"migrate", "serve", "import", "restore"};
    for (size_t i = 0; i < sizeof purposes / sizeof purposes[0]; i++) {
        if (strcmp(purpose, purposes[i]) == 0)
            return true;
    }
    return false;
}

static void check_write(struct call *call, const struct check *check, bool is_first)
{
    buf_format(&call->text, "%-5s  %-26s %s", level_names[check->level], check->id,
               check->measured);
    if (check->level != LEVEL_GREEN)
        buf_format(&call->text, " (wanted: %s)\n       -> %s", check->wanted, check->fix);
    buf_char(&call->text, '\n');
    const char *const members[][2] = {{"id", check->id},
                                      {"level", level_names[check->level]},
                                      {"measured", check->measured},
                                      {"limit", check->wanted},
                                      {"fix", check->fix}};
    buf_text(&call->result, is_first ? "{" : ", {");
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        buf_format(&call->result, "%s\"%s\": ", i ? ", " : "", members[i][0]);
        buf_json_string(&call->result, members[i][1]);
    }
    buf_char(&call->result, '}');
}

static enum level checkup_write(struct call *call, const struct checkup *checkup)
{
    enum level worst = LEVEL_GREEN;
    buf_text(&call->result, "{\"checks\": [");
    for (size_t i = 0; i < checkup->n; i++) {
        check_write(call, &checkup->checks[i], i == 0);
        if (checkup->checks[i].level > worst)
            worst = checkup->checks[i].level;
    }
    buf_format(&call->result, "], \"verdict\": \"%s\"}", level_names[worst]);
    buf_format(&call->text, "verdict: %s\n", level_names[worst]);
    return worst;
}

/* 0 green, 3 amber, 8 red. */
static enum exit_code verdict(struct call *call, enum level worst)
{
    const char *purpose = call_option(call, "--for");
    if (worst == LEVEL_AMBER && call_option(call, "--strict"))
        worst = LEVEL_RED;
    if (worst != LEVEL_RED && purpose && strcmp(purpose, "migrate") == 0)
        call_next(call, "migrate plan");
    if (worst == LEVEL_RED)
        call_next(call, "doctor");
    return worst == LEVEL_RED ? EXIT_PRECONDITION : worst == LEVEL_AMBER ? EXIT_PENDING : EXIT_DONE;
}

enum exit_code run_doctor(struct call *call)
{
    struct site site = {.settings = &call->settings, .home = {.lock = -1}};
    struct checkup checkup = {.n = 0};
    const struct settings *settings = &call->settings;
    struct doctor_options options = {.purpose = call_option(call, "--for"),
                                     .data_dir = settings->data_dir,
                                     .connections = settings->read_connections +
                                                    settings->write_connections +
                                                    settings->transaction_connections};
    if (options.purpose && !purpose_is_known(options.purpose))
        return call_usage(call, "--for is migrate, serve, import or restore");
    enum err err = ERR_NONE;
    if (settings->database_url[0] == '\0')
        err = site_open(settings, SITE_VISIT, &call->fault, &site);
    if (!err && (site.embedded || settings->migrate_url[0] != '\0'))
        err = site_migrator_url(&site, &call->fault, &options.migrate_url);
    options.app_url = site_app_url(&site);
    if (!err)
        err = doctor_run(&options, &call->fault, &checkup);
    site_close(&site);
    return err ? call_failed(call) : verdict(call, checkup_write(call, &checkup));
}
