/* clinicd migrate progress, pause, resume, throttle: a backfill that another terminal runs. */
#include "api/app/migration.h"
#include "api/app/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FOLLOW_MS = 1000, BAR = 24 };

static int percent_of(const struct migrate_job *job)
{
    if (strcmp(job->state, "done") == 0)
        return 100;
    int64_t percent = job->total > 0 ? job->done * 100 / job->total : 0;
    return percent > 99 ? 99 : (int)percent;
}

/* At the pace of all pieces so far and the throttle of now; -1: nobody knows. */
static int64_t seconds_left(const struct migrate_job *job)
{
    int64_t left = job->total > job->done ? job->total - job->done : 0;
    if (job->done == 0 || strcmp(job->state, "done") == 0)
        return job->done == 0 ? -1 : 0;
    return left * job->worked_ms / job->done * 100 / job->throttle / 1000;
}

static void line_write(struct buf *out, const struct migrate_job *job)
{
    int percent = percent_of(job), full = percent * BAR / 100;
    int64_t left = seconds_left(job);
    buf_format(out, "%04d %s [%.*s%.*s] %3d %%  %" PRId64 "/%" PRId64, job->version, job->name,
               full, "########################", BAR - full, "------------------------", percent,
               job->done, job->total);
    if (job->worked_ms > 0)
        buf_format(out, "  %" PRId64 "/s", job->done * 1000 / job->worked_ms);
    if (left >= 0)
        buf_format(out, "  ETA %02" PRId64 ":%02" PRId64, left / 60, left % 60);
    buf_format(out, "  chunk %d  throttle %d %%  %s", job->chunk, job->throttle, job->state);
    if (strcmp(job->state, "done") != 0 && job->pid == 0)
        buf_text(out, ", nobody works on it");
    if (job->error)
        buf_format(out, ": %s", job->error);
}

static void job_json(struct buf *out, const struct migrate_job *job)
{
    if (job->version == 0) {
        buf_text(out, "null");
        return;
    }
    buf_format(out, "{\"version\": %d, \"name\": ", job->version);
    buf_json_string(out, job->name);
    buf_format(out,
               ", \"state\": \"%s\", \"percent\": %d, \"done\": %" PRId64 ", \"total\": %" PRId64
               ", \"chunk\": %d, \"throttle\": %d, \"worked_ms\": %" PRId64
               ", \"silent_ms\": %" PRId64 ", \"pid\": %d, \"error\": ",
               job->state, percent_of(job), job->done, job->total, job->chunk, job->throttle,
               job->worked_ms, job->silent_ms, job->pid);
    buf_json_string(out, job->error);
    buf_char(out, '}');
}

/* On a terminal one line that is written over, elsewhere a line each time. */
static void line_say(const struct call *call, const struct migrate_job *job)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct buf line;
    enum progress_how how = progress_how(call);
    if (how == PROGRESS_NONE)
        return;
    buf_begin(&line, &arena, 160);
    if (how == PROGRESS_JSON)
        job_json(&line, job);
    else
        line_write(&line, job);
    fprintf(stderr, how == PROGRESS_BAR ? "\r\033[K%s" : "%s\n", line.text);
    if (how == PROGRESS_BAR && strcmp(job->state, "done") == 0)
        fputc('\n', stderr);
}

static enum err follow(struct migration_work *work, struct migrate_job *job)
{
    enum err err = ERR_NONE;
    while (!err && job->version > 0 && strcmp(job->state, "done") != 0 &&
           stop_asked(work->options.stop) == 0) {
        line_say(work->call, job);
        stop_sleep(work->options.stop, FOLLOW_MS);
        err = migrate_progress(&work->options, &work->call->fault, job);
    }
    return err;
}

enum exit_code run_migrate_progress(struct call *call)
{
    struct migration_work work;
    struct migrate_job job = {.version = 0};
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_progress(&work.options, &call->fault, &job);
    if (!err && call_option(call, "--follow"))
        err = follow(&work, &job);
    if (!err) {
        job_json(&call->result, &job);
        if (job.version > 0)
            line_write(&call->text, &job);
        buf_text(&call->text, job.version > 0 ? "\n" : "there is no backfill\n");
    }
    if (!err && job.version > 0 && job.pid == 0 && strcmp(job.state, "done") != 0)
        call_next(call, "migrate up");
    return migration_end(&work, err);
}

static enum exit_code steer(struct call *call, const char *state, int throttle, const char *said)
{
    struct migration_work work;
    enum err err = migration_begin(call, &work);
    if (!err)
        err = migrate_steer(&work.options, state, throttle, &call->fault);
    if (!err) {
        buf_format(&call->text, "%s\n", said);
        buf_text(&call->result, "{\"state\": ");
        buf_json_string(&call->result, state);
        buf_format(&call->result, ", \"throttle\": %d}", throttle);
    }
    call_next(call, "migrate progress");
    return migration_end(&work, err);
}

enum exit_code run_migrate_pause(struct call *call)
{
    return steer(call, "paused", 0, "it waits after the piece that it does");
}

enum exit_code run_migrate_resume(struct call *call)
{
    return steer(call, "running", 0, "it goes on");
}

enum exit_code run_migrate_throttle(struct call *call)
{
    const char *text = call->operands_n == 1 ? call->operands[0] : "";
    size_t length = strlen(text);
    if (length > 0 && text[length - 1] == '%')
        text = arena_copy_n(&call->arena, text, length - 1);
    int percent = call_number(text, -2);
    if (percent < 1 || percent > 100)
        return call_usage(call, "say how much of the time, 1%% to 100%%");
    return steer(call, NULL, percent,
                 arena_format(&call->arena, "it works %d %% of the time", percent));
}
