/* clinicd import …: a legacy database, from the command line. */
#include "db/import.h"

#include "api/app/commands.h"
#include "api/app/progress.h"
#include "api/app/site.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void progress_show(void *user, const struct import_progress *progress)
{
    const struct progress_moment moment = {.verb = progress->verb,
                                           .what = progress->name,
                                           .done = progress->done,
                                           .total = progress->total,
                                           .rejected = progress->rejected,
                                           .bytes = progress->bytes,
                                           .chunk = progress->chunk};
    progress_tell(user, &moment);
}

/* An operator's own server needs no home, only the migrator's url; a store may lie in it. */
static enum err url_find(struct call *call, struct site *site, bool has_store, const char **out)
{
    *site = (struct site){.settings = &call->settings, .home = {.lock = -1}};
    enum err err = ERR_NONE;
    if (has_store || call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, site);
    return err ? err : site_migrator_url(site, &call->fault, out);
}

static enum exit_code undo(struct call *call, int id)
{
    struct site site;
    struct store_options store;
    const char *url;
    if (id < 1)
        return call_usage(call, "--undo needs the number of an import");
    settings_store(&call->settings, &store);
    enum err err = url_find(call, &site, true, &url);
    if (!err)
        err = import_undo(url, &store, id, &call->fault, &call->text, &call->result);
    site_close(&site);
    return err ? call_failed(call) : EXIT_DONE;
}

static enum exit_code answer(struct call *call, const struct import_result *result)
{
    if (result->rejected > 0)
        call_warn(call,
                  "%" PRId64
                  " rows were rejected: mend them in the legacy database and import it again",
                  result->rejected);
    if (result->left > 0)
        call_warn(call,
                  "%" PRId64 " reports were left in the file: import it again with --files DIR, "
                  "the folder where theirs lie (MEDIA_ROOT)",
                  result->left);
    if (result->slug)
        call_next(call, arena_format(&call->arena, "import --open %" PRId64, result->id));
    return EXIT_DONE;
}

static enum exit_code activate(struct call *call, int id)
{
    struct site site;
    const char *url;
    if (id < 1)
        return call_usage(call, "--open needs the number of an import");
    enum err err = url_find(call, &site, false, &url);
    if (!err)
        err = import_activate(url, id, &call->fault);
    site_close(&site);
    if (err)
        return call_failed(call);
    buf_format(&call->text, "the clinics of import %d are open\n", id);
    buf_format(&call->result, "{\"activated\": %d}", id);
    return EXIT_DONE;
}

enum exit_code run_import(struct call *call)
{
    struct site site = {.home = {.lock = -1}};
    struct progress progress;
    struct import_result result = {.id = 0};
    const char *passwords = call_option(call, "--passwords");
    int most = call_number(call_option(call, "--max-rejects"), -1);
    if (call_option(call, "--undo"))
        return undo(call, call_number(call_option(call, "--undo"), -1));
    if (call_option(call, "--activate") && call->operands_n == 0)
        return call_usage(call, "--activate goes with FILE; an import that is there: --open ID");
    if (call_option(call, "--open"))
        return activate(call, call_number(call_option(call, "--open"), -1));
    if (call->operands_n != 1 || most == -2)
        return call_usage(call,
                          "say which file or database to import; --max-rejects needs a number");
    if (passwords && strcmp(passwords, "keep") != 0 && strcmp(passwords, "reset") != 0)
        return call_usage(call, "--passwords is keep or reset");
    struct store_options store;
    settings_store(&call->settings, &store);
    progress_begin(call, &progress);
    struct import_options options = {.file = import_is_address(call->operands[0])
                                                 ? call->operands[0]
                                                 : call_path(call, call->operands[0]),
                                     .clinic = call_option(call, "--clinic"),
                                     .files = call_path(call, call_option(call, "--files")),
                                     .store = &store,
                                     .file_most = (uint64_t)call->settings.upload_max,
                                     .scans = call->settings.scanner[0] != '\0',
                                     .is_dry = call_option(call, "--dry-run") != NULL,
                                     .activates = call_option(call, "--activate") != NULL,
                                     .resets_passwords = passwords && passwords[0] == 'r',
                                     .most_rejects = most,
                                     .progress = progress_show,
                                     .user = &progress};
    struct stop stop = {.fd = -1};
    if (!options.is_dry && stop_open(&stop))
        options.stop = &stop;
    enum err err = options.is_dry ? ERR_NONE : url_find(call, &site, options.files, &options.url);
    if (!err)
        err = import_run(&options, &call->fault, &call->text, &call->result, &result);
    progress_end(&progress);
    if (!options.is_dry)
        site_close(&site);
    if (options.stop)
        stop_close(&stop);
    return err ? call_failed(call) : answer(call, &result);
}
