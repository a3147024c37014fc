/* clinicd migrate status: what became of each file, and who works on them just now. */
#include "api/app/migration.h"

#include "db/clock.h"

#include <inttypes.h>

enum { WAIT_POLL_MS = 1000 };

static const char *const state_names[] = {
    [MIGRATION_APPLIED] = "applied", [MIGRATION_PENDING] = "pending", [MIGRATION_EDITED] = "edited",
    [MIGRATION_UNKNOWN] = "unknown", [MIGRATION_STOPPED] = "stopped",
};

/* All that was read in one go. */
struct status {
    struct migration_status *rows;
    size_t n;
    struct migrate_holder holder;
    bool is_pending, is_drifted, is_stopped;
};

static enum err status_read(struct migration_work *work, struct status *out)
{
    struct call *call = work->call;
    struct status status = {.n = 0};
    enum err err =
        migrate_status(&work->options, &call->arena, &call->fault, &status.rows, &status.n);
    if (!err)
        err = migrate_holder(&work->options, &call->fault, &status.holder);
    for (size_t i = 0; !err && i < status.n; i++) {
        enum migration_state state = status.rows[i].state;
        status.is_pending |= state == MIGRATION_PENDING || state == MIGRATION_STOPPED;
        status.is_drifted |= state == MIGRATION_EDITED || state == MIGRATION_UNKNOWN;
        status.is_stopped |= state == MIGRATION_STOPPED;
    }
    if (!err)
        *out = status;
    return err;
}

/* Until nothing is pending, or the time is up, or somebody asks to stop. */
static enum err status_wait(struct migration_work *work, struct status *out)
{
    int64_t deadline = clock_monotonic_us() + work->options.lock_wait_ms * 1000;
    enum err err = status_read(work, out);
    while (!err && out->is_pending && clock_monotonic_us() < deadline &&
           stop_asked(work->options.stop) == 0) {
        stop_sleep(work->options.stop, WAIT_POLL_MS);
        err = status_read(work, out);
    }
    return err;
}

static void row_write(struct call *call, const struct migration_status *row, bool is_first)
{
    struct buf *out = &call->result;
    buf_format(&call->text, "%04d  %-24s %-8s %s", row->version, row->name, state_names[row->state],
               row->applied_at ? row->applied_at : "");
    if (row->state == MIGRATION_STOPPED)
        buf_format(&call->text, "after statement %d of %d%s%s", row->step, row->steps,
                   row->error ? ": " : "", row->error ? row->error : "");
    buf_char(&call->text, '\n');
    buf_format(out, "%s{\"version\": %d, \"name\": ", is_first ? "" : ", ", row->version);
    buf_json_string(out, row->name);
    buf_format(out, ", \"state\": \"%s\", \"applied_at\": ", state_names[row->state]);
    buf_json_string(out, row->applied_at);
    buf_format(out, ", \"duration_ms\": %" PRId64, row->duration_ms);
    if (row->state == MIGRATION_STOPPED) {
        buf_format(out, ", \"step\": %d, \"steps\": %d, \"error\": ", row->step, row->steps);
        buf_json_string(out, row->error);
    }
    buf_char(out, '}');
}

static void holder_write(struct call *call, const struct migrate_holder *holder)
{
    struct buf *out = &call->result;
    buf_text(out, ", \"lock\": ");
    if (holder->pid == 0) {
        buf_text(out, "null");
        return;
    }
    buf_format(&call->text, "locked by process %d (%s) on %s since %s\n", holder->pid,
               holder->application, holder->host, holder->since);
    buf_format(out, "{\"pid\": %d, \"application\": ", holder->pid);
    buf_json_string(out, holder->application);
    buf_text(out, ", \"host\": ");
    buf_json_string(out, holder->host);
    buf_text(out, ", \"since\": ");
    buf_json_string(out, holder->since);
    buf_char(out, '}');
}

static enum err drift_write(struct migration_work *work, struct status *status)
{
    struct call *call = work->call;
    struct drift *drift = NULL;
    size_t n = 0;
    enum err err = migrate_drift(&work->options, &call->arena, &call->fault, &drift, &n);
    if (err)
        return err;
    buf_text(&call->result, ", ");
    migration_drift_write(call, drift, n);
    buf_format(&call->text, "%zu objects differ from what the last migration left\n", n);
    status->is_drifted |= n > 0;
    return ERR_NONE;
}

enum exit_code run_migrate_status(struct call *call)
{
    struct migration_work work;
    struct status status = {.n = 0};
    bool is_waiting = call_option(call, "--wait") != NULL;
    enum err err = migration_begin(call, &work);
    if (!err)
        err = is_waiting ? status_wait(&work, &status) : status_read(&work, &status);
    if (err)
        return migration_end(&work, err);

    buf_text(&call->result, "{\"migrations\": [");
    for (size_t i = 0; i < status.n; i++)
        row_write(call, &status.rows[i], i == 0);
    buf_char(&call->result, ']');
    holder_write(call, &status.holder);
    if (call_option(call, "--drift"))
        err = drift_write(&work, &status);
    buf_char(&call->result, '}');
    if (err)
        return migration_end(&work, err);
    if (status.is_pending)
        call_next(call, status.is_stopped ? "migrate repair" : "migrate up");
    enum exit_code code = migration_end(&work, ERR_NONE);
    if (!is_waiting && !call_option(call, "--check") && !call_option(call, "--drift"))
        return code;
    return status.is_drifted ? EXIT_DRIFT : status.is_pending ? EXIT_PENDING : code;
}
