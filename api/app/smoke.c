#include "api/app/smoke.h"

#include "api/app/client.h"
#include "api/app/crossing.h"
#include "db/clock.h"
#include "db/keys.h"
#include "db/uuid.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* So long a service may take to hear of an order or a pass, where it looks every second at the
 * latest, and to come back to its database from behind a fence. */
enum { PASSWORD_ROOM = 1026, HEAR_MS = 10000, RETURN_MS = 30000, POLL_US = 100 * 1000 };

/* A clinic that is there for the length of the run. */
struct smoke_clinic {
    const char *slug, *token;
};

struct smoke {
    struct call *call;
    const char *url, *pass, *token; /* the platform's */
    struct buf *steps;
    int done;
};

static const char *member(const struct client_answer *answer, const char *name)
{
    const char *text = json_string_value(json_object_get(answer->json, name));
    return text ? text : "";
}

/* How long an answer may still change: of a service that has not heard what it must know, or is not
 * back yet. 0: it is what it is. */
static int64_t patience_ms(const struct smoke *smoke, int status,
                           const struct client_answer *answer)
{
    const char *code = member(answer, "code");
    if (!smoke->pass || status == answer->status)
        return 0;
    if (status == 503 || strcmp(code, "maintenance") == 0)
        return HEAR_MS;
    return !smoke->token && strcmp(code, "database-unavailable") == 0 ? RETURN_MS : 0;
}

static enum err ask(const struct smoke *smoke, const struct client_call *request, int status,
                    struct client_answer *answer)
{
    int64_t began = clock_monotonic_us();
    enum err err = client_ask(request, &smoke->call->fault, answer);
    while (!err && clock_monotonic_us() - began < patience_ms(smoke, status, answer) * 1000) {
        usleep(POLL_US);
        err = client_ask(request, &smoke->call->fault, answer);
    }
    return err;
}

/* One request that must be answered by `status`. */
static enum err step(struct smoke *smoke, const char *what, int status, struct client_call request,
                     struct client_answer *answer)
{
    struct call *call = smoke->call;
    request.url = smoke->url;
    if (status != 503)
        request.pass = smoke->pass;
    enum err err = ask(smoke, &request, status, answer);
    if (err)
        return err;
    bool is_good = answer->status == status;
    buf_format(&call->text, "%-6s %s: %d\n", is_good ? "ok" : "FAILED", what, answer->status);
    buf_format(smoke->steps, "%s{\"step\": ", smoke->done++ ? ", " : "");
    buf_json_string(smoke->steps, what);
    buf_format(smoke->steps, ", \"status\": %d, \"wanted\": %d}", answer->status, status);
    if (is_good)
        return ERR_NONE;
    const char *first = json_string_value(
        json_object_get(json_array_get(json_object_get(answer->json, "errors"), 0), "pointer"));
    return fail(&call->fault, ERR_INTERNAL, "verification-failed", "%s: %d, not %d%s%s%s%s", what,
                answer->status, status, answer->json ? ": " : "", member(answer, "code"),
                first ? " " : "", first ? first : "");
}

static enum err sign_in(struct smoke *smoke, const char *what, const char *path, const char *name,
                        const char *password, const char **token)
{
    struct client_answer answer;
    json_t *body = arena_json(&smoke->call->arena,
                              json_pack("{s:s, s:s}", "username", name, "password", password));
    char *text = json_dumps(body, JSON_COMPACT);
    enum err err =
        step(smoke, what, 200, (struct client_call){.method = "POST", .path = path, .body = text},
             &answer);
    free(text);
    if (!err)
        *token = member(&answer, "access_token");
    return err;
}

/* The first administrator has a password for one time. */
static enum err admin_enter(struct smoke *smoke, struct smoke_clinic *clinic, const char *password)
{
    struct arena *arena = &smoke->call->arena;
    struct client_answer answer;
    const char *base = arena_format(arena, "/clinics/%s/auth", clinic->slug);
    const char *name = arena_format(arena, "%s_admin", clinic->slug);
    const char *body =
        arena_format(arena, "{\"current_password\": \"%s\", \"new_password\": \"%s-again\"}",
                     password, password);
    enum err err = sign_in(smoke, "its administrator signs in",
                           arena_format(arena, "%s/login", base), name, password, &clinic->token);
    if (!err)
        err = step(smoke, "and chooses a password", 204,
                   (struct client_call){.method = "POST",
                                        .path = arena_format(arena, "%s/password", base),
                                        .token = clinic->token,
                                        .body = body},
                   &answer);
    return err;
}

static enum err clinic_make(struct smoke *smoke, struct smoke_clinic *clinic)
{
    struct arena *arena = &smoke->call->arena;
    char id[UUID_TEXT];
    struct client_answer answer;
    uuid_make(clock_now_us(), id);
    const char *slug = arena_format(arena, "smoke-%.8s%.4s%s", id, id + 9, id + 30);
    const char *body = arena_format(
        arena,
        "{\"name\": \"Smoke test\", \"slug\": \"%s\", \"address\": \"-\", \"city\": \"-\", "
        "\"state\": \"-\", \"zip_code\": \"-\", \"phone_number\": \"0000000\", \"email\": "
        "\"smoke@example.com\", \"registration_number\": \"%s\"}",
        slug, slug);
    enum err err =
        step(smoke, "a clinic is opened", 201,
             (struct client_call){
                 .method = "POST", .path = "/clinics", .token = smoke->token, .body = body},
             &answer);
    if (err)
        return err;
    clinic->slug = slug;
    const char *once = json_string_value(
        json_object_get(json_object_get(answer.json, "admin"), "one_time_password"));
    return admin_enter(smoke, clinic, once ? once : "");
}

static enum err read_as(struct smoke *smoke, const char *what, int status, const char *path,
                        const char *token)
{
    struct client_answer answer;
    return step(smoke, what, status,
                (struct client_call){.method = "GET", .path = path, .token = token}, &answer);
}

static enum err patient_check(struct smoke *smoke, const struct smoke_clinic *own,
                              const struct smoke_clinic *other)
{
    struct arena *arena = &smoke->call->arena;
    struct client_answer made;
    const char *patients = arena_format(arena, "/clinics/%s/patients", own->slug);
    enum err err = step(smoke, "a patient is registered", 201,
                        (struct client_call){
                            .method = "POST",
                            .path = patients,
                            .token = own->token,
                            .body = "{\"name\": \"Smoke Test\", \"phone_number\": "
                                    "\"+91 80 5550 0171\", \"age_years\": 30, \"address\": \"-\"}"},
                        &made);
    if (err)
        return err;
    const char *id = member(&made, "id");
    const char *record = arena_format(arena, "%s/%s", patients, id);
    const char *elsewhere = arena_format(arena, "/clinics/%s/patients/%s", other->slug, id);
    err = read_as(smoke, "the clinic reads it", 200, record, own->token);
    if (!err)
        err = read_as(smoke, "another clinic does not find it", 404, record, other->token);
    if (!err)
        err = read_as(smoke, "nor in its own records", 404, elsewhere, other->token);
    if (!err)
        err = read_as(smoke, "nobody gets in without a token", 401, record, NULL);
    if (!err)
        err = read_as(smoke, "an unknown clinic is not found", 404,
                      "/clinics/no-such-clinic-here/patients", own->token);
    if (!err)
        err = step(
            smoke, "the patient is removed", 204,
            (struct client_call){
                .method = "DELETE", .path = record, .token = own->token, .if_match = made.etag},
            &made);
    return err;
}

/* Whatever failed before: the story stays that of the first failure. */
static enum err clinic_close(struct smoke *smoke, const struct smoke_clinic *clinic)
{
    struct client_answer answer;
    if (!clinic->slug)
        return ERR_NONE;
    const char *path = arena_format(&smoke->call->arena, "/clinics/%s", clinic->slug);
    enum err err =
        step(smoke, "a clinic is read", 200,
             (struct client_call){.method = "GET", .path = path, .token = smoke->token}, &answer);
    if (!err)
        err = step(
            smoke, "and closed", 204,
            (struct client_call){
                .method = "DELETE", .path = path, .token = smoke->token, .if_match = answer.etag},
            &answer);
    return err;
}

/* For `verify isolation --http`: all routes, one clinic's token, the other's name. */
static enum err routes_check(struct smoke *smoke, const struct smoke_clinic *own,
                             const struct smoke_clinic *other)
{
    struct call *call = smoke->call;
    struct client_answer answer;
    struct crossing crossing = {
        .url = smoke->url, .token = own->token, .slug = other->slug, .other_token = other->token};
    if (strcmp(call->command->name, "verify isolation") != 0)
        return ERR_NONE;
    enum err err = crossing_check(&crossing, &call->fault, &call->text);
    if (err)
        return err;
    return step(
        smoke,
        arena_format(&call->arena, "%d routes of another clinic are not found, %d of its own are",
                     crossing.tried, crossing.answered),
        404,
        (struct client_call){.method = "GET",
                             .path =
                                 arena_format(&call->arena, "/clinics/%s/patients", other->slug),
                             .token = own->token},
        &answer);
}

static const struct client_call knock = {.method = "POST", .path = "/auth/login", .body = "{}"};

/* With a pass: that it is this order which keeps everybody out there. A service of another database
 * knows neither the order nor the pass. */
static enum err door_check(struct smoke *smoke)
{
    struct client_answer answer;
    return smoke->pass ? step(smoke, "without the pass nobody gets in", 503, knock, &answer)
                       : ERR_NONE;
}

static enum err service_use(struct smoke *smoke, const char *username, const char *password)
{
    struct smoke_clinic own = {.slug = NULL}, other = {.slug = NULL};
    enum err err = door_check(smoke);
    if (!err)
        err = sign_in(smoke, "the platform signs in", "/auth/login", username, password,
                      &smoke->token);
    if (err)
        return err;
    err = clinic_make(smoke, &own);
    if (!err)
        err = clinic_make(smoke, &other);
    if (!err)
        err = patient_check(smoke, &own, &other);
    if (!err)
        err = routes_check(smoke, &own, &other);
    enum err closing = clinic_close(smoke, &own);
    enum err other_closing = clinic_close(smoke, &other);
    return err ? err : closing ? closing : other_closing;
}

enum err smoke_run(struct call *call, const struct smoke_order *order, const char *pass,
                   struct buf *steps)
{
    struct smoke smoke = {.call = call, .url = order->url, .pass = pass, .steps = steps};
    buf_text(steps, "[");
    enum err err = service_use(&smoke, order->username, order->password);
    buf_text(steps, "]");
    return err;
}

enum err smoke_prove(struct migration_work *work, const struct smoke_order *order,
                     struct buf *steps)
{
    struct call *call = work->call;
    struct maintain_pass pass;
    enum err err = maintain_pass_give(&work->options, &call->fault, &pass);
    if (err)
        return err;
    err = smoke_run(call, order, pass.token, steps);
    return maintain_pass_end(&work->options, &pass, err,
                             arena_format(&call->arena, "{\"steps\": %s}", steps->text),
                             &call->fault);
}

enum exit_code smoke_order_read(struct call *call, struct smoke_order *out)
{
    struct smoke_order order = {.url = call_option(call, "--http"),
                                .username = call_option(call, "--username")};
    if (!order.url || !order.username || !call_option(call, "--password-stdin"))
        return call_usage(call, "--http URL, --username NAME and --password-stdin are required");
    char *room = arena_take(&call->arena, PASSWORD_ROOM);
    if (!fgets(room, PASSWORD_ROOM, stdin))
        return call_usage(call, "no password came on standard input");
    room[strcspn(room, "\r\n")] = '\0';
    order.password = room;
    *out = order;
    return EXIT_DONE;
}

void smoke_order_forget(struct smoke_order *order)
{
    sodium_memzero(order->password, PASSWORD_ROOM);
}

static enum err is_away(struct call *call, const char *url, bool *out)
{
    struct client_call request = knock;
    struct client_answer answer;
    request.url = url;
    enum err err = client_ask(&request, &call->fault, &answer);
    if (!err)
        *out = answer.status == 503 && strcmp(member(&answer, "code"), "maintenance") == 0;
    return err;
}

/* A service that is away is asked with a pass, which only its own database can give. */
static enum exit_code prove(struct call *call, const struct smoke_order *order, struct buf *steps)
{
    struct migration_work work;
    enum err err = migration_begin(call, &work);
    if (!err)
        err = smoke_prove(&work, order, steps);
    return migration_end(&work, err);
}

enum exit_code run_verify_smoke(struct call *call)
{
    struct smoke_order order;
    struct buf steps;
    bool has_gone = false;
    enum exit_code exit = smoke_order_read(call, &order);
    if (exit != EXIT_DONE)
        return exit;
    buf_begin(&steps, &call->arena, 1024);
    if (is_away(call, order.url, &has_gone))
        exit = call_failed(call);
    else if (has_gone)
        exit = prove(call, &order, &steps);
    else if (smoke_run(call, &order, NULL, &steps))
        exit = call_failed(call);
    smoke_order_forget(&order);
    buf_format(&call->result, "{\"was_away\": %s, \"steps\": %s}", has_gone ? "true" : "false",
               steps.length > 0 ? steps.text : "[]");
    if (exit == EXIT_DONE && has_gone)
        call_next(call, "maintenance off");
    return exit;
}
