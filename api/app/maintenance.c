/* clinicd maintenance on, off, status: the service taken away and given back. */
#include "api/app/smoke.h"

#include <string.h>

enum { DRAIN_MS = 30000, REASON_MOST = 200 };

/* NULL when the server is the operator's own and no superuser of it is known. */
static const char *fence_url_of(struct migration_work *work)
{
    const char *url = NULL;
    struct fault ignored = {.arena = &work->call->arena};
    if (site_restore_url(&work->site, &ignored, &url))
        fault_reset(&ignored);
    return url;
}

/* "2026-11-22T18:00:00Z"; the server looks at it once more. */
static bool is_instant(const char *text)
{
    return strlen(text) >= 20 && text[4] == '-' && text[7] == '-' && text[10] == 'T' &&
           text[13] == ':' && text[strspn(text, "0123456789-:.+TZ")] == '\0';
}

static bool until_read(const char *text, struct maintain_order *order)
{
    if (!text)
        return true;
    order->ends_in_ms = duration_ms(text);
    if (order->ends_in_ms > 0)
        return true;
    order->ends_in_ms = 0;
    order->ends_at = text;
    return is_instant(text);
}

static size_t letters_of(const char *text)
{
    size_t n = 0;
    for (; *text; text++)
        n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

static void on_write(struct call *call, const struct maintain_order *order, int ended)
{
    const char *mode = order->is_read_only ? "read-only" : "full";
    buf_format(&call->result, "{\"maintenance\": \"%s\", \"sessions_ended\": %d}", mode, ended);
    buf_format(&call->text, "maintenance is on%s\n",
               order->is_read_only ? ": only reads are answered" : "");
    if (order->is_fence)
        buf_format(&call->text, "the service is fenced off, %d of its connections were ended\n",
                   ended);
}

enum exit_code run_maintenance_on(struct call *call)
{
    struct migration_work work;
    int ended = 0;
    int64_t drain = DRAIN_MS;
    const char *drain_text = call_option(call, "--drain");
    struct maintain_order order = {.is_read_only = call_option(call, "--read-only") != NULL,
                                   .is_fence = call_option(call, "--fence") != NULL,
                                   .reason = call_option(call, "--reason")};
    if (!until_read(call_option(call, "--until"), &order))
        return call_usage(call, "--until needs a time, as 2026-11-22T18:00:00Z, or 30m");
    if (order.reason && (order.reason[0] == '\0' || letters_of(order.reason) > REASON_MOST))
        return call_usage(call, "--reason is a text of at most %d characters", REASON_MOST);
    if (drain_text && (drain = duration_ms(drain_text)) < 0)
        return call_usage(call, "--drain needs a time, as 500ms, 10s or 2m");
    if (order.is_read_only && order.is_fence)
        return call_usage(call, "behind a fence nothing can be read: --read-only or --fence");
    order.drain_ms = drain;
    enum err err = migration_begin(call, &work);
    if (!err && order.is_fence)
        order.fence_url = fence_url_of(&work);
    if (!err)
        err = maintain_on(&work.options, &order, &call->fault, &ended);
    if (!err)
        on_write(call, &order, ended);
    call_next(call, err ? "maintenance status" : "maintenance off");
    return migration_end(&work, err);
}

/* Behind a fence nobody could be asked. */
static enum err prove(struct migration_work *work, const struct smoke_order *order,
                      struct buf *steps)
{
    struct fault *fault = &work->call->fault;
    struct maintain_state state;
    enum err err = maintain_status(&work->options, fault, &state);
    if (err || !state.is_on)
        return err;
    err = maintain_lower(&work->options, fence_url_of(work), fault);
    return err ? err : smoke_prove(work, order, steps);
}

/* Where to go from a refusal. */
static void off_next(struct call *call)
{
    const char *code = call->fault.code ? call->fault.code : "";
    if (strcmp(code, "not-ready") == 0)
        call_next(call, "migrate status");
    else if (strcmp(code, "smoke-missing") == 0)
        call_next(call, "maintenance off --http URL --username NAME --password-stdin");
}

static enum exit_code off(struct call *call, const struct smoke_order *order)
{
    struct migration_work work;
    struct buf steps;
    bool was_on = false;
    bool is_forced = call_option(call, "--force") != NULL;
    buf_begin(&steps, &call->arena, 1024);
    enum err err = migration_begin(call, &work);
    if (!err && order)
        err = prove(&work, order, &steps);
    if (!err)
        err = maintain_off(&work.options, fence_url_of(&work), is_forced, &call->fault, &was_on);
    if (!err)
        buf_format(&call->text, "maintenance is off%s\n", was_on ? "" : ", and was before");
    else
        off_next(call);
    buf_format(&call->result, "{\"maintenance\": %s, \"was_on\": %s, \"steps\": %s}",
               err ? "null" : "\"off\"",
               err      ? "null"
               : was_on ? "true"
                        : "false",
               steps.length > 0 ? steps.text : "[]");
    return migration_end(&work, err);
}

enum exit_code run_maintenance_off(struct call *call)
{
    struct smoke_order order;
    if (!call_option(call, "--http"))
        return off(call, NULL);
    enum exit_code exit = smoke_order_read(call, &order);
    if (exit != EXIT_DONE)
        return exit;
    exit = off(call, &order);
    smoke_order_forget(&order);
    return exit;
}

static void state_json(struct buf *out, const struct maintain_state *state)
{
    buf_format(out, "{\"maintenance\": \"%s\", \"is_fenced\": %s, \"reason\": ",
               !state->is_on         ? "off"
               : state->is_read_only ? "read-only"
                                     : "full",
               state->is_fenced ? "true" : "false");
    buf_json_string(out, state->reason);
    buf_text(out, ", \"since\": ");
    buf_json_string(out, state->since);
    buf_text(out, ", \"until\": ");
    buf_json_string(out, state->ends_at);
    buf_text(out, ", \"ordered_by\": ");
    buf_json_string(out, state->ordered_by);
    buf_format(out, ", \"sessions\": %d, \"busy\": %d}", state->sessions, state->busy);
}

static void state_text(struct buf *out, const struct maintain_state *state)
{
    if (!state->is_on)
        buf_text(out, "maintenance is off\n");
    else
        buf_format(out, "maintenance is on%s%s since %s, by %s\n",
                   state->is_read_only ? ", reads are answered," : "",
                   state->is_fenced ? ", behind a fence," : "", state->since, state->ordered_by);
    if (state->ends_at)
        buf_format(out, "announced until %s\n", state->ends_at);
    if (state->reason)
        buf_format(out, "reason: %s\n", state->reason);
    buf_format(out, "the service has %d connections, %d at work\n", state->sessions, state->busy);
}

enum exit_code run_maintenance_status(struct call *call)
{
    struct migration_work work;
    struct maintain_state state;
    enum err err = migration_begin(call, &work);
    if (!err)
        err = maintain_status(&work.options, &call->fault, &state);
    if (!err) {
        state_json(&call->result, &state);
        state_text(&call->text, &state);
    }
    return migration_end(&work, err);
}
