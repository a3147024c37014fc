/* clinicd serve: everything up in order, until a signal, everything down in reverse. */
#include "api/app/commands.h"
#include "api/app/guard.h"
#include "api/app/site.h"
#include "api/endpoints.h"
#include "db/embedded.h"
#include "db/migrate.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { TEND_EVERY_S = 2, MIGRATE_WAIT_MS = 30000 };

/* The signals that stop us. One that our parent had ignored (nohup, a shell's background job) stays
 * ignored; SIGTERM always counts. Blocked before the first thread, so every thread inherits that.
 */
static sigset_t stop_signals_block(void)
{
    static const int candidates[] = {SIGINT, SIGHUP};
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    for (size_t i = 0; i < sizeof candidates / sizeof candidates[0]; i++) {
        struct sigaction now;
        if (sigaction(candidates[i], NULL, &now) == 0 && now.sa_handler != SIG_IGN)
            sigaddset(&stops, candidates[i]);
    }
    pthread_sigmask(SIG_BLOCK, &stops, NULL);
    return stops;
}

static void end_at_once(int number)
{
    _exit(128 + number);
}

/* From here on a second signal ends the process. A handler of our own, because process 1 of a
 * container ignores signals that have none. */
static void stop_signals_arm(const sigset_t *stops)
{
    struct sigaction action = {.sa_handler = end_at_once};
    sigemptyset(&action.sa_mask);
    for (int number = 1; number < NSIG; number++) {
        if (sigismember(stops, number) == 1)
            sigaction(number, &action, NULL);
    }
    pthread_sigmask(SIG_UNBLOCK, stops, NULL);
}

static void database_tend(struct site *site)
{
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    if (embedded_tend(site->embedded, &fault))
        log_format(LOG_ERROR_, "the embedded database is down: %s", fault.detail);
    arena_end(&arena);
}

static void wait_for_stop(const sigset_t *stops, struct site *site)
{
    struct timespec pause = {.tv_sec = TEND_EVERY_S};
    while (sigtimedwait(stops, NULL, &pause) < 0) {
        if (errno == EAGAIN && site->embedded)
            database_tend(site);
    }
}

static void migration_said(void *user, const char *line)
{
    (void)user;
    log_format(LOG_INFO_, "%s", line);
}

/* Only the embedded server is migrated by us: it has no other operator. With clinics in it a proven
 * backup is made first. */
static enum err schema_prepare(const struct site *site, struct fault *fault)
{
    struct migrate_options options = {
        .lock_wait_ms = MIGRATE_WAIT_MS, .to = -1, .data_loss_ok = -1, .say = migration_said};
    struct guard guard;
    int applied;
    if (!site->embedded)
        return ERR_NONE;
    guard_embedded(site, fault->arena, &guard);
    options.guard = &guard.rules;
    enum err err = site_migrator_url(site, fault, &options.url);
    return err ? err : migrate_up(&options, fault, &applied);
}

static enum err service_bring_up(const struct call *call, const struct site *site,
                                 struct fault *fault, struct service **out)
{
    struct service_options options;
    service_defaults(&options);
    settings_apply(&call->settings, &options);
    options.database_url = site_app_url(site);
    options.database.url = options.database_url;
    options.keys_file = call->settings.secrets_file;
    options.handlers = endpoints;
    options.handlers_n = endpoints_n;
    enum err err = schema_prepare(site, fault);
    return err ? err : service_start(&options, fault, out);
}

/* "127.0.0.1" of "127.0.0.1:8080"; the port may have been 0 and is known only now. */
static int host_length(const char *address)
{
    return (int)(strrchr(address, ':') - address);
}

static void greet(const struct call *call, const struct site *site, const struct service *service)
{
    const char *listen = call->settings.listen;
    const char *operators = call->settings.operator_listen;
    int host = host_length(listen), port = service_port(service);
    printf("clinicd %s\n", CLINICD_VERSION);
    printf("  API            http://%.*s:%d\n", host, listen, port);
    printf("  documentation  http://%.*s:%d/docs\n", host, listen, port);
    if (operators[0])
        printf("  operators      http://%.*s:%d/metrics\n", host_length(operators), operators,
               service_operator_port(service));
    printf("  data           %s (%s)\n", site->home.data_dir,
           site->embedded ? "with the embedded database" : "the database is a server of your own");
    printf("The first super admin is made by:\n  %s user create-superadmin --username NAME\n",
           call->program);
    fflush(stdout);
}

/* Serves until a signal. */
static enum err serve(const struct call *call, struct site *site, const sigset_t *stops,
                      struct fault *fault)
{
    struct service *service;
    enum err err = service_bring_up(call, site, fault, &service);
    if (err)
        return err;
    greet(call, site, service);
    wait_for_stop(stops, site);
    stop_signals_arm(stops);
    log_format(LOG_INFO_, "stopping");
    if (!service_stop(service))
        log_format(LOG_WARNING_, "requests in flight were cut off");
    return ERR_NONE;
}

enum exit_code run_serve(struct call *call)
{
    struct site site;
    sigset_t stops = stop_signals_block();
    log_start(call->settings.log_level, STDERR_FILENO);
    enum err err = site_open(&call->settings, SITE_SERVE, &call->fault, &site);
    if (!err) {
        err = serve(call, &site, &stops, &call->fault);
        site_close(&site);
    }
    log_stop();
    if (err && call->fault.code && strcmp(call->fault.code, "schema-mismatch") == 0)
        call_next(call, "migrate up");
    return err ? call_failed(call) : EXIT_DONE;
}
