/* clinicd files …: do the rows and the store still agree? Beside a running service or without one.
 */
#include "api/app/commands.h"
#include "api/app/progress.h"
#include "api/app/site.h"
#include "db/clock.h"
#include "db/database.h"
#include "models/file/custody.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { QUIET_US = 2 * 1000 * 1000, PROGRESS_US = 500 * 1000, MIB = 1024 * 1024 };

/* A command's look at the files, clinic by clinic. */
struct look {
    struct call *call;
    struct custody custody;
    struct custody_options options;
    struct custody_count count;
    const char *slug; /* of the clinic that is looked at */
    size_t clinics;
    uint64_t told;
    int64_t began_us, shown_us;
    bool has_terminal;
};

static void look_tell(void *user, int64_t clinic, enum custody_problem problem, const char *id)
{
    struct look *look = user;
    (void)clinic;
    buf_format(&look->call->text, "%-20s %s  %s\n", look->slug, id, custody_problem_name(problem));
    buf_text(&look->call->result, look->told++ ? ", {\"clinic\": " : "{\"clinic\": ");
    buf_json_string(&look->call->result, look->slug);
    buf_format(&look->call->result, ", \"id\": \"%s\", \"problem\": \"%s\"}", id,
               custody_problem_name(problem));
}

/* Only for somebody who looks, and who has waited already. */
static void look_move(void *user, const struct custody_count *count)
{
    struct look *look = user;
    int64_t now = clock_monotonic_us();
    if (!look->has_terminal || now - look->began_us < QUIET_US ||
        now - look->shown_us < PROGRESS_US)
        return;
    look->shown_us = now;
    fprintf(stderr, "\r%-20.20s %" PRIu64 " files, %" PRIu64 " MiB\x1b[K", look->slug, count->files,
            count->bytes / MIB);
}

static void look_quiet(struct look *look)
{
    if (look->shown_us)
        fputs("\r\x1b[K", stderr);
}

static enum err look_around(struct look *look, struct fault *fault)
{
    const char *only = look->options.reads ? call_option(look->call, "--clinic") : NULL;
    struct custody_clinic *clinics;
    size_t n = 0;
    enum err err = custody_clinics(look->custody.database, fault, &clinics, &n);
    for (size_t i = 0; i < n && !err; i++) {
        if (only && strcmp(only, clinics[i].slug) != 0)
            continue;
        look->slug = clinics[i].slug;
        look->clinics++;
        err = custody_check(&look->custody, clinics[i].id, &look->options, fault, &look->count);
    }
    if (!err && only && look->clinics == 0)
        err = fail(fault, ERR_INPUT, NULL, "there is no clinic %s", only);
    look_quiet(look);
    return err;
}

static enum err look_with(struct look *look, const struct site *site, struct fault *fault)
{
    struct database_options database = {.url = site_app_url(site),
                                        .read_connections = 1,
                                        .write_connections = 1,
                                        .transaction_connections = 1,
                                        .acquire_timeout_ms = 10000,
                                        .statement_timeout_ms = 10000,
                                        .lock_timeout_ms = 5000};
    struct store_options store;
    settings_store(&look->call->settings, &store);
    enum err err = store_open(&store, fault, &look->custody.store);
    if (!err)
        err = database_open(&database, fault, &look->custody.database);
    if (!err)
        err = look_around(look, fault);
    database_close(look->custody.database);
    store_close(look->custody.store);
    return err;
}

/* Orphans that are gone are nothing wrong any more. */
static uint64_t look_wrongs(const struct look *look)
{
    const uint64_t *problems = look->count.problems;
    bool orphans_stay = !look->options.removes || look->count.spared > 0;
    return problems[CUSTODY_MISSING] + problems[CUSTODY_WRONG_LENGTH] +
           problems[CUSTODY_WRONG_SUM] + problems[CUSTODY_UNREADABLE] +
           (orphans_stay ? problems[CUSTODY_ORPHAN] : 0);
}

static void answer(struct look *look)
{
    const struct custody_count *count = &look->count;
    struct call *call = look->call;
    uint64_t wrong = look_wrongs(look);
    buf_format(&call->text,
               "%zu clinics, %" PRIu64 " files, %" PRIu64 " MiB read: %" PRIu64 " wrong, %" PRIu64
               " removed, %" PRIu64 " marked\n",
               look->clinics, count->files, count->bytes / MIB, wrong, count->removed,
               count->marked);
    buf_format(&call->result,
               "], \"clinics\": %zu, \"files\": %" PRIu64 ", \"bytes_read\": %" PRIu64
               ", \"wrong\": %" PRIu64 ", \"left_by_crashes\": %" PRIu64 ", \"removed\": %" PRIu64
               ", \"spared\": %" PRIu64 ", \"marked\": %" PRIu64 "}",
               look->clinics, count->files, count->bytes, wrong, count->spools, count->removed,
               count->spared, count->marked);
    if (count->spared)
        call_warn(call,
                  "files without a row are more than a clinic's rows and were not removed: is "
                  "this the database that belongs to the store? `files sweep --all` removes "
                  "them");
}

static enum exit_code look_run(struct call *call, struct custody_options options)
{
    struct site site;
    struct look look = {.call = call,
                        .options = options,
                        .began_us = clock_monotonic_us(),
                        .has_terminal = progress_how(call) == PROGRESS_BAR && !call->is_json};
    look.options.told = look_tell;
    look.options.moved = look_move;
    look.options.user = &look;
    buf_text(&call->result, "{\"problems\": [");
    enum err err = site_open(&call->settings, SITE_VISIT, &call->fault, &site);
    if (!err) {
        err = look_with(&look, &site, &call->fault);
        site_close(&site);
    }
    if (err) {
        buf_begin(&call->result, &call->arena, 0);
        return call_failed(call);
    }
    answer(&look);
    return look_wrongs(&look) ? EXIT_UNVERIFIED : EXIT_DONE;
}

enum exit_code run_files_fsck(struct call *call)
{
    bool repairs = call_option(call, "--repair") != NULL;
    return look_run(call,
                    (struct custody_options){.reads = true, .marks = repairs, .removes = repairs});
}

enum exit_code run_files_sweep(struct call *call)
{
    return look_run(call,
                    (struct custody_options){.marks = true,
                                             .removes = true,
                                             .removes_many = call_option(call, "--all") != NULL});
}
