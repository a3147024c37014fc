/* clinicd doctor: is everything as it must be? */
#include "db/doctor.h"

#include "api/app/commands.h"
#include "api/app/contract.h"
#include "api/app/site.h"

#include <string.h>

static const char *const level_names[] = {"green", "amber", "red"};

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

/* What is worst and can be mended by a command of ours, or what comes next when all is well. */
static const char *next_step(const struct checkup *checkup, enum level worst, const char *purpose)
{
    static const char *const steps[][2] = {{"migrate", "migrate plan"},
                                           {"serve", "serve"},
                                           {"import", "import FILE --dry-run"},
                                           {"restore", "restore FOLDER --verify"},
                                           {"scale", "doctor"}};
    for (size_t i = 0; worst != LEVEL_GREEN && i < checkup->n; i++) {
        if (checkup->checks[i].level == worst && checkup->checks[i].next)
            return checkup->checks[i].next;
    }
    for (size_t i = 0; worst != LEVEL_RED && purpose && i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(purpose, steps[i][0]) == 0)
            return steps[i][1];
    }
    return worst == LEVEL_RED ? "doctor" : "verify isolation";
}

/* 0 green, 3 amber, 8 red. */
static enum exit_code verdict(struct call *call, const struct checkup *checkup, enum level worst)
{
    call_next(call, next_step(checkup, worst, call_option(call, "--for")));
    if (worst == LEVEL_AMBER && call_option(call, "--strict"))
        worst = LEVEL_RED;
    return worst == LEVEL_RED ? EXIT_PRECONDITION : worst == LEVEL_AMBER ? EXIT_PENDING : EXIT_DONE;
}

/* As the service finds them: from its data directory, unless absolute. */
static const char *from_home(struct call *call, const struct site *site, const char *path)
{
    const char *home = site->home.data_dir ? site->home.data_dir : call->settings.data_dir;
    return *path == '/' ? path : arena_format(&call->arena, "%s/%s", home, path);
}

static enum err checkup_run(struct call *call, const struct site *site,
                            struct doctor_options *options, struct checkup *checkup)
{
    struct store_options store;
    const struct settings *settings = &call->settings;
    settings_store(settings, &store);
    store.folder = from_home(call, site, store.folder);
    options->store = &store;
    options->keys = from_home(call, site, settings->secrets_file);
    options->data_dir = from_home(call, site, "");
    options->is_embedded = site->embedded != NULL;
    options->app_url = site_app_url(site);
    options->document = contract_trouble(&call->arena);
    return doctor_run(options, &call->fault, checkup);
}

enum exit_code run_doctor(struct call *call)
{
    struct site site = {.settings = &call->settings, .home = {.lock = -1}};
    struct checkup checkup = {.n = 0};
    const struct settings *settings = &call->settings;
    struct doctor_options options = {.purpose = call_option(call, "--for"),
                                     .connections = settings->read_connections +
                                                    settings->write_connections +
                                                    settings->transaction_connections};
    if (options.purpose && !doctor_knows(options.purpose))
        return call_usage(call, "--for is migrate, serve, import, restore or scale");
    enum err err = ERR_NONE;
    if (settings->database_url[0] == '\0')
        err = site_open(settings, SITE_VISIT, &call->fault, &site);
    if (!err && (site.embedded || settings->migrate_url[0] != '\0'))
        err = site_migrator_url(&site, &call->fault, &options.migrate_url);
    if (!err)
        err = checkup_run(call, &site, &options, &checkup);
    site_close(&site);
    return err ? call_failed(call) : verdict(call, &checkup, checkup_write(call, &checkup));
}
