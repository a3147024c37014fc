/* What is taken away bites (security A15): a thousand times something is taken from somebody who
 * asks all the while. A request that began after the taking was answered must feel it; when it was
 * taken behind the service's back, one that began after the news were heard, and how late that was
 * is printed. Sessions are remembered for an hour here: what makes the service forget are the news.
 */
#include "tests/harness/ask.h"

#include "db/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { WATCHERS = 2, SEEN_AFTER = 2, HANG_S = 60 };

static const int64_t SECOND = 1000000;

struct watcher {
    struct client *client;
    struct round *round;
    pthread_t thread;
    int64_t late_us; /* how long after the taking a request that did not feel it began */
    int exceptions;
};

struct round {
    const char *path, *token;
    int before, after;          /* statuses */
    bool is_elsewhere;          /* the news are still on their way when it is answered */
    atomic_int_fast64_t cut_us; /* when the taking was answered; 0: not yet */
    atomic_int asked;
};

struct bench {
    struct world world;
    struct watcher watchers[WATCHERS];
    unsigned rounds, exceptions;
    int64_t worst_us;
};

/* --- watching -------------------------------------------------------------------------------- */

static void *watch(void *user)
{
    struct watcher *watcher = user;
    struct round *round = watcher->round;
    int64_t until_us = clock_monotonic_us() + HANG_S * SECOND;
    for (int felt = 0; felt < SEEN_AFTER;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer;
        int64_t cut_us = atomic_load(&round->cut_us), start_us = clock_monotonic_us();
        const struct call call = {.path = round->path, .token = round->token};
        http_ask(watcher->client, &arena, &call, &answer);
        atomic_fetch_add(&round->asked, 1);
        bool is_after = answer.status == round->after;
        felt += cut_us && is_after;
        watcher->exceptions += answer.flaw || (!is_after && answer.status != round->before);
        if (cut_us && !is_after) {
            watcher->late_us = start_us - cut_us;
            watcher->exceptions += !round->is_elsewhere;
        }
        if (start_us > until_us) {
            watcher->exceptions++;
            break;
        }
    }
    return NULL;
}

static void round_begin(struct bench *bench, struct round *round)
{
    for (int i = 0; i < WATCHERS; i++) {
        struct watcher *watcher = &bench->watchers[i];
        watcher->round = round;
        watcher->late_us = watcher->exceptions = 0;
        assert_int_equal(pthread_create(&watcher->thread, NULL, watch, watcher), 0);
    }
    while (atomic_load(&round->asked) < WATCHERS) /* they are known, and cached */
        usleep(50);
    usleep(bench->rounds % 7 * 130);
}

static void round_end(struct bench *bench, struct round *round)
{
    atomic_store(&round->cut_us, clock_monotonic_us());
    for (int i = 0; i < WATCHERS; i++) {
        struct watcher *watcher = &bench->watchers[i];
        pthread_join(watcher->thread, NULL);
        bench->exceptions += (unsigned)watcher->exceptions;
        if (watcher->late_us > bench->worst_us)
            bench->worst_us = watcher->late_us;
    }
    bench->rounds++;
}

static void expect_done(const struct answer *answer)
{
    if (answer->status >= 300)
        fail_msg("the taking failed: %d %s", answer->status, answer->body);
}

static int64_t version_of(struct world *world, const char *table, const char *where)
{
    return sql_int(world->boss, "SELECT version FROM clinicd.%s WHERE %s", table, where);
}

/* --- the rounds ------------------------------------------------------------------------------ */

static char me[] = "/clinics/clinic-a/auth/me";

static void reopen(struct world *world, const char *who_id)
{
    sql_run(world->boss,
            "UPDATE clinicd.account a SET is_active = true, password_hash = s.password_hash FROM "
            "saved.account s WHERE s.id = a.id AND a.id = '%s'; UPDATE clinicd.session SET "
            "revoked_at = NULL WHERE account_id = '%s'",
            who_id, who_id);
}

static void sign_out(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT];
    reopen(world, id_a(world, SEED_LAB_TECH));
    struct round round = {
        .path = me, .token = seed_token(&seed_a, "lab_tech", token), .before = 200, .after = 401};
    round_begin(bench, &round);
    const char *body = bench->rounds % 2 ? "{\"all\":true}" : NULL;
    struct answer done = ask(world, "POST", path_a(world, "/auth/logout"), token, body);
    expect_done(&done);
    round_end(bench, &round);
}

static void close_account(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT];
    const char *id = id_a(world, SEED_LAB_TECH);
    reopen(world, id);
    struct round round = {
        .path = me, .token = seed_token(&seed_a, "lab_tech", token), .before = 200, .after = 401};
    round_begin(bench, &round);
    int64_t version = version_of(world, "account", arena_format(&world->arena, "id = '%s'", id));
    struct answer done =
        ask_if(world, "DELETE", path_a(world, "/staff/%s", id), token_a(world, "admin"), NULL,
               arena_format(&world->arena, "\"%lld\"", (long long)version));
    expect_done(&done);
    round_end(bench, &round);
    reopen(world, id_a(world, SEED_LAB_TECH));
}

/* Up and down in turns: the trail is for administrators. */
static void change_role(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT];
    const char *id = id_a(world, SEED_LAB_TECH);
    bool rises = sql_int(world->boss,
                         "SELECT count(*) FROM clinicd.account WHERE id = '%s' AND role = "
                         "'lab_tech'",
                         id) == 1;
    struct round round = {.path = "/clinics/clinic-a/audit?limit=1",
                          .token = seed_token(&seed_a, "lab_tech", token),
                          .before = rises ? 403 : 200,
                          .after = rises ? 200 : 403};
    round_begin(bench, &round);
    int64_t version = version_of(world, "account", arena_format(&world->arena, "id = '%s'", id));
    struct answer done =
        ask_if(world, "PATCH", path_a(world, "/staff/%s", id), token_a(world, "admin"),
               rises ? "{\"role\":\"admin\"}" : "{\"role\":\"lab_tech\"}",
               arena_format(&world->arena, "\"%lld\"", (long long)version));
    expect_done(&done);
    round_end(bench, &round);
}

/* Closed and opened in turns. */
static void suspend(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT], boss[TOKEN_TEXT];
    bool closes = sql_int(world->boss, "SELECT count(*) FROM clinicd.clinic WHERE clinic_id = 7001 "
                                       "AND status = 'active'") == 1;
    struct round round = {.path = me,
                          .token = seed_token(&seed_a, "lab_tech", token),
                          .before = closes ? 200 : 401,
                          .after = closes ? 401 : 200};
    round_begin(bench, &round);
    int64_t version = version_of(world, "clinic", "clinic_id = 7001");
    struct answer done = ask_if(
        world, "PATCH", path_a(world, "/subscription"), seed_token(NULL, "boss", boss),
        closes ? "{\"subscription_status\":\"suspended\"}" : "{\"subscription_status\":\"active\"}",
        arena_format(&world->arena, "\"%lld\"", (long long)version));
    expect_done(&done);
    round_end(bench, &round);
}

/* From a session of the same person that goes on. */
static void change_password(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT], other[TOKEN_TEXT];
    const char *id = id_a(world, SEED_DOCTOR);
    reopen(world, id);
    struct round round = {
        .path = me, .token = seed_token(&seed_a, "doctor", token), .before = 200, .after = 401};
    round_begin(bench, &round);
    struct answer done = ask(world, "POST", path_a(world, "/auth/password"),
                             seed_token(&seed_a, "doctor-two", other),
                             "{\"current_password\":\"" SEED_PASSWORD "\",\"new_password\":\"seven "
                             "herons over a wet field\"}");
    expect_done(&done);
    round_end(bench, &round);
}

/* Another process did it: the news come by NOTIFY, and at the latest by polling. */
static void take_elsewhere(struct bench *bench)
{
    struct world *world = &bench->world;
    char token[TOKEN_TEXT];
    const char *id = id_a(world, SEED_RECEPTIONIST);
    reopen(world, id);
    struct round round = {.path = me,
                          .token = seed_token(&seed_a, "receptionist", token),
                          .before = 200,
                          .after = 401,
                          .is_elsewhere = true};
    round_begin(bench, &round);
    sql_run(world->boss,
            "BEGIN; UPDATE clinicd.account SET is_active = false WHERE id = '%s'; SELECT "
            "clinicd.announce('account', '%s', clock_timestamp()); COMMIT",
            id, id);
    round_end(bench, &round);
}

/* --- all of them ----------------------------------------------------------------------------- */

static void sessions_are_remembered(struct service_options *options)
{
    options->session_cache_ms = 3600 * 1000;
}

static int setup(void **state)
{
    static struct bench bench;
    world_begin(&bench.world, &(struct world_options){.name = "revocation",
                                                      .is_wide = true,
                                                      .adjust = sessions_are_remembered});
    for (int i = 0; i < WATCHERS; i++)
        bench.watchers[i].client =
            client_make(service_port(bench.world.service), bench.world.document);
    char token[TOKEN_TEXT];
    sql_run(bench.world.boss,
            "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, "
            "access_expires_at, family_hash, refresh_hash, refresh_expires_at, ends_at, "
            "idle_seconds, last_seen_at, created_at) SELECT clinic_id, gen_random_uuid(), "
            "account_id, encode(sha256('%s'), 'hex'), access_expires_at, encode(sha256('two'), "
            "'hex'), refresh_hash, refresh_expires_at, ends_at, idle_seconds, last_seen_at, "
            "created_at FROM clinicd.session WHERE account_id = '0190a000-0000-7000-8000-"
            "aa0000000202'",
            seed_token(&seed_a, "doctor-two", token));
    *state = &bench;
    return 0;
}

static int teardown(void **state)
{
    struct bench *bench = *state;
    for (int i = 0; i < WATCHERS; i++)
        client_free(bench->watchers[i].client);
    world_end(&bench->world);
    return 0;
}

static void a_thousand_times_it_bites_at_once(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *name;
        void (*run)(struct bench *bench);
        int times;
    } kinds[] = {{"sign out", sign_out, 200},
                 {"close account", close_account, 200},
                 {"change role", change_role, 200},
                 {"suspend", suspend, 200},
                 {"change password", change_password, 30},
                 {"elsewhere", take_elsewhere, 170}};
    unsigned all = 0;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int64_t start_us = clock_monotonic_us();
        bench->rounds = bench->exceptions = 0;
        bench->worst_us = 0;
        for (int n = 0; n < kinds[i].times; n++)
            kinds[i].run(bench);
        printf("revocation: %-15s %3u rounds, %u exceptions, felt after at most %lld us, %lld ms\n",
               kinds[i].name, bench->rounds, bench->exceptions, (long long)bench->worst_us,
               (long long)(clock_monotonic_us() - start_us) / 1000);
        assert_int_equal(bench->exceptions, 0);
        all += bench->rounds;
    }
    assert_true(all >= 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_thousand_times_it_bites_at_once)};
    return cmocka_run_group_tests_name("revocation", tests, setup, teardown);
}
