/* What holds whoever writes and however many at once: the database's rules about share links, how
 * often one opens, and that what opens it is nowhere but in the link. */
#include "api/http/log.h"
#include "tests/harness/race.h"
#include "tests/harness/share.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int begin(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    if (!world)
        return -1;
    world_begin(world, &(struct world_options){.name = "share_guards"});
    *state = world;
    return 0;
}

static int end(void **state)
{
    world_end(*state);
    free(*state);
    return 0;
}

/* ---- by SQL, as the service's own role ---- */

static PGconn *as_service(struct world *world)
{
    PGconn *app = sql_connect(world->database.app_url);
    PQsetErrorVerbosity(app, PQERRORS_VERBOSE); /* names the constraint */
    sql_run(app, "SELECT set_config('app.clinic_id', '7001', false)");
    return app;
}

static void expect_refused(PGconn *app, const char *sqlstate, const char *constraint,
                           const char *sql)
{
    char state[SQLSTATE_TEXT];
    int rows = sql_try(app, state, "%s", sql);
    if (rows >= 0 || strcmp(state, sqlstate) != 0 ||
        (constraint && !strstr(PQerrorMessage(app), constraint)))
        fail_msg("%d rows, %s, %s for %s", rows, state, PQerrorMessage(app), sql);
}

static void by_sql_a_link_is_of_what_is_completed_and_lives_thirty_days_at_most(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = as_service(world);
    struct answer rx = rx_in(world, RX_IS_COMPLETED), draft = rx_in(world, RX_IS_PENDING);
    const struct {
        const struct answer *rx;
        int patient;
        const char *ends, *views, *sqlstate, *constraint;
    } tries[] = {
        {&draft, SEED_PATIENT_OWN, "1 hour", "0", "23514", "share_link__not-completed"},
        {&rx, SEED_PATIENT_OTHER, "1 hour", "0", "23503", "share_link__prescription"},
        {&rx, SEED_PATIENT_OWN, "721 hours", "0", "23514", "share_link__lives-too-long"},
        {&rx, SEED_PATIENT_OWN, "0 hours", "0", "23514", "share_link__lives-too-long"},
        {&rx, SEED_PATIENT_OWN, "1 hour", "1", "23514", "share_link__fixed"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        expect_refused(
            app, tries[i].sqlstate, tries[i].constraint,
            arena_format(&world->arena,
                         "INSERT INTO clinicd.share_link (clinic_id, id, prescription_id, "
                         "patient_id, token_hash, expires_at, views, last_viewed_at, "
                         "created_by_id, created_by_name, created_at) SELECT 7001, "
                         "gen_random_uuid(), '%s', '%s', encode(sha256('t'), 'hex'), t + interval "
                         "'%s', %s, CASE %s WHEN 1 THEN t END, gen_random_uuid(), 'x', t FROM "
                         "(SELECT now()) AS n (t)",
                         answer_text(tries[i].rx, "id"), id_a(world, tries[i].patient),
                         tries[i].ends, tries[i].views, tries[i].views));
}

static void by_sql_a_link_is_viewed_and_revoked_and_nothing_else(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = as_service(world);
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer made = share_made(world, &rx, "{\"most_views\": 2}");
    struct answer shown = share_open(world, share_link(&made));
    expect(&shown, 200, NULL);
    static const struct {
        const char *change, *sqlstate;
    } tries[] = {
        {"SET views = 0", "23514"},
        {"SET views = 0, last_viewed_at = NULL", "23514"},
        {"SET views = views + 2", "23514"},
        {"SET last_viewed_at = last_viewed_at - interval '1 s'", "23514"},
        {"SET views = views + 1, last_viewed_at = expires_at", "23514"},
        {"SET token_hash = encode(sha256('mine'), 'hex')", "42501"},
        {"SET expires_at = expires_at + interval '1 h'", "42501"},
        {"SET most_views = NULL", "42501"},
        {"SET patient_id = patient_id", "42501"},
    };
    const char *where = arena_format(&world->arena, "WHERE id = '%s'", answer_text(&made, "id"));
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++)
        expect_refused(
            app, tries[i].sqlstate, NULL,
            arena_format(&world->arena, "UPDATE clinicd.share_link %s %s", tries[i].change, where));
    expect_refused(app, "42501", NULL,
                   arena_format(&world->arena, "DELETE FROM clinicd.share_link %s", where));
    sql_run(app, "UPDATE clinicd.share_link SET revoked_at = now() %s", where);
    expect_refused(
        app, "23514", "share_link__fixed",
        arena_format(&world->arena, "UPDATE clinicd.share_link SET revoked_at = NULL %s", where));
    expect_refused(app, "23514", "share_link__share-link-expired",
                   arena_format(&world->arena,
                                "UPDATE clinicd.share_link SET views = 2, last_viewed_at = "
                                "last_viewed_at + interval '1 s' %s",
                                where));
}

static void the_look_up_tells_the_place_and_nothing_else(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    PGresult *found = sql_rows(app, &world->arena,
                               "SELECT * FROM clinicd.share_link_place(encode(sha256(rpad("
                               "'share-clinic-b-101', 43, 'A')::bytea), 'hex'))");
    assert_int_equal(PQntuples(found), 1);
    assert_int_equal(PQnfields(found), 2);
    assert_string_equal(PQgetvalue(found, 0, 0), "7002");
    char id[UUID_TEXT];
    assert_string_equal(PQgetvalue(found, 0, 1), seed_id(&seed_b, 551, id));
}

static void links_are_kept_ninety_days_and_their_trail_longer(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer made = share_made(world, &rx, "{\"expires_in_hours\": 24}");
    static const struct {
        const char *after;
        int left;
    } ages[] = {{"89 days", 1}, {"91 days", 0}};
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        sql_run(app, "SELECT clinicd.share_link_purge('%s'::timestamptz + interval '%s')",
                answer_text(&made, "expires_at"), ages[i].after);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.share_link WHERE id = '%s'",
                                 answer_text(&made, "id")),
                         ages[i].left);
    }
    assert_int_equal(sql_int(world->boss,
                             "SELECT count(*) FROM clinicd.audit WHERE entity_id = '%s'",
                             answer_text(&made, "id")),
                     1);
    struct answer shown = share_open(world, share_link(&made));
    expect(&shown, 404, NULL);
}

/* ---- in the same moment ---- */

static struct call opening(struct world *world, const char *link)
{
    return (struct call){.path = arena_format(&world->arena, "%s?format=json", link)};
}

static void of_a_hundred_who_look_at_once_ten_see_it(void **state)
{
    enum { N = 100, VIEWS = 10 };
    struct world *world = *state;
    static struct racer racers[N];
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer made = share_made(world, &rx, "{\"most_views\": 10}");
    for (int i = 0; i < N; i++)
        racers[i] = (struct racer){.call = opening(world, share_link(&made))};
    race(world, racers, N);
    assert_int_equal(race_count(racers, N, 200), VIEWS);
    assert_int_equal(race_count(racers, N, 410), N - VIEWS);
    race_forget(racers, N);
    assert_string_equal(share_state(world, &rx, &made), "used_up");
}

/* Whatever its moment: what was shown was counted, and after the answer nothing is shown. */
static void ending_a_link_while_it_is_looked_at_is_clean(void **state)
{
    enum { N = 12, ROUNDS = 6 };
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        struct racer racers[N] = {0};
        struct answer rx = rx_in(world, RX_IS_COMPLETED), made = share_made(world, &rx, "{}");
        for (int i = 0; i < N; i++)
            racers[i].call = opening(world, share_link(&made));
        const char *one = arena_format(&world->arena, "/%s", answer_text(&made, "id"));
        racers[N / 2].call = round % 2 ? (struct call){.method = "DELETE",
                                                       .path = share_path(world, &rx, one),
                                                       .token = token_a(world, "doctor")}
                                       : (struct call){.method = "POST",
                                                       .path = rx_path(world, &rx, "/reopen"),
                                                       .token = token_a(world, "doctor"),
                                                       .if_match = rx_etag(world, &rx)};
        race(world, racers, N);
        int shown = race_count(racers, N, 200) - (round % 2 ? 0 : 1);
        assert_int_equal(shown + race_count(racers, N, 410), N - 1);
        race_forget(racers, N);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT views FROM clinicd.share_link WHERE id = '%s' AND "
                                 "revoked_at IS NOT NULL",
                                 answer_text(&made, "id")),
                         shown);
        struct answer late = share_open(world, share_link(&made));
        expect(&late, 410, "share-link-expired");
    }
}

struct sharer {
    struct world *world;
    const struct answer *rx;
    pthread_t thread;
    struct answer answer;
};

static void *share_run(void *user)
{
    struct sharer *sharer = user;
    struct arena arena CLEANUP(arena_end) = {0};
    struct client *client =
        client_make(service_port(sharer->world->service), sharer->world->document);
    char token[TOKEN_TEXT];
    http_ask(client, &arena,
             &(struct call){.method = "POST",
                            .path = arena_format(&arena,
                                                 "/clinics/clinic-a/prescriptions/%s/share-links",
                                                 answer_text(sharer->rx, "id")),
                            .token = seed_token(&seed_a, "doctor", token),
                            .body = "{}"},
             &sharer->answer);
    client_free(client);
    return NULL;
}

/* SQL stands in for a doctor who has opened it again and is not done yet. */
static void who_shares_waits_for_whoever_opens_it_again(void **state)
{
    struct world *world = *state;
    for (int is_taken_back = 0; is_taken_back < 2; is_taken_back++) {
        struct answer rx = rx_in(world, RX_IS_COMPLETED);
        struct sharer sharer = {.world = world, .rx = &rx};
        sql_run(world->boss,
                "BEGIN; UPDATE clinicd.prescription SET status = 'pending', completed_at = NULL, "
                "updated_at = updated_at WHERE id = '%s'",
                answer_text(&rx, "id"));
        assert_int_equal(pthread_create(&sharer.thread, NULL, share_run, &sharer), 0);
        sql_wait_for_blocked(world->boss, 1);
        sql_run(world->boss, is_taken_back ? "ROLLBACK" : "COMMIT");
        pthread_join(sharer.thread, NULL);
        assert_int_equal(sharer.answer.status, is_taken_back ? 201 : 409);
    }
}

static void no_link_is_made_to_what_is_opened_again_meanwhile(void **state)
{
    enum { N = 6, ROUNDS = 6 };
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        struct racer racers[N] = {0};
        struct answer rx = rx_in(world, RX_IS_COMPLETED);
        for (int i = 0; i < N; i++)
            racers[i].call = (struct call){.method = "POST",
                                           .path = share_path(world, &rx, ""),
                                           .token = token_a(world, "doctor"),
                                           .body = "{}"};
        racers[round].call = (struct call){.method = "POST",
                                           .path = rx_path(world, &rx, "/reopen"),
                                           .token = token_a(world, "doctor"),
                                           .if_match = rx_etag(world, &rx)};
        race(world, racers, N);
        assert_int_equal(racers[round].answer.status, 200);
        assert_int_equal(race_count(racers, N, 201) + race_count(racers, N, 409), N - 1);
        race_forget(racers, N);
        assert_int_equal(sql_int(world->boss,
                                 "SELECT count(*) FROM clinicd.share_link WHERE prescription_id = "
                                 "'%s' AND revoked_at IS NULL",
                                 answer_text(&rx, "id")),
                         0);
    }
}

/* ---- from one address ---- */

static void enforce_limits(struct service_options *options)
{
    options->ignores_operation_limits = false;
}

static void one_address_asks_so_often_in_a_minute_and_no_more(void **state)
{
    enum { MOST = 120 };
    struct world world;
    (void)state;
    world_begin(&world, &(struct world_options){.name = "share_limits", .adjust = enforce_limits});
    static const char *const paths[] = {
        "/shared/4Zp0cXnqT1mVb8sYkHd2rJw6uGf9eLxA3QoNi5tCyKM",
        "/check/AZNF8nwafTCKXi9rHJ0ORwAAAAAABwAAAAMxq3Q9xYVd2mZp0aL7cN5t"};
    for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
        for (int i = 0; i <= MOST; i++) {
            struct answer answer = ask(&world, "GET", paths[p], NULL, NULL);
            expect(&answer, i < MOST ? 404 : 429, i < MOST ? "not-found" : "rate-limited");
        }
    world_end(&world);
}

/* ---- nowhere but in the link ---- */

/* Rows of any table, of any schema, that hold the text. */
static void expect_nowhere(struct world *world, const char *text)
{
    PGresult *tables =
        sql_rows(world->boss, &world->arena,
                 "SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = "
                 "c.relnamespace WHERE c.relkind = 'r' AND n.nspname IN ('clinicd', 'ops')");
    assert_true(PQntuples(tables) > 30);
    for (int i = 0; i < PQntuples(tables); i++)
        if (sql_int(world->boss, "SELECT count(*) FROM %s t WHERE strpos(t::text, '%s') > 0",
                    PQgetvalue(tables, i, 0), text))
            fail_msg("%s has a token", PQgetvalue(tables, i, 0));
}

static void the_token_is_in_no_table_and_no_log(void **state)
{
    struct world *world = *state;
    FILE *file = tmpfile();
    log_stop();
    log_start(LOG_DEBUG_, fileno(file));
    struct answer rx = rx_in(world, RX_IS_COMPLETED);
    struct answer made = ask_keyed(world, "POST", share_path(world, &rx, ""),
                                   token_a(world, "doctor"), "{}", "kept");
    expect(&made, 201, NULL);
    const char *link = share_link(&made), *token = link + strlen("/shared/");
    struct answer shown = share_open(world, link);
    expect(&shown, 200, NULL);
    ask(world, "DELETE",
        share_path(world, &rx, arena_format(&world->arena, "/%s", answer_text(&made, "id"))),
        token_a(world, "doctor"), NULL);
    shown = share_open(world, link);
    expect(&shown, 410, NULL);
    ask(world, "GET", arena_format(&world->arena, "%s?format=odd", link), NULL, NULL);
    ask(world, "POST", link, NULL, NULL);
    ask(world, "GET", arena_format(&world->arena, "%s/more", link), NULL, NULL);
    expect_nowhere(world, token);
    log_stop();
    log_start(LOG_ERROR_, -1);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    size_t length = (size_t)ftell(file);
    char *lines = arena_take(&world->arena, length + 1);
    rewind(file);
    assert_int_equal(fread(lines, 1, length, file), length);
    assert_non_null(strstr(lines, "shared_get"));
    assert_null(strstr(lines, token));
    fclose(file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_sql_a_link_is_of_what_is_completed_and_lives_thirty_days_at_most),
        cmocka_unit_test(by_sql_a_link_is_viewed_and_revoked_and_nothing_else),
        cmocka_unit_test(the_look_up_tells_the_place_and_nothing_else),
        cmocka_unit_test(links_are_kept_ninety_days_and_their_trail_longer),
        cmocka_unit_test(of_a_hundred_who_look_at_once_ten_see_it),
        cmocka_unit_test(ending_a_link_while_it_is_looked_at_is_clean),
        cmocka_unit_test(who_shares_waits_for_whoever_opens_it_again),
        cmocka_unit_test(no_link_is_made_to_what_is_opened_again_meanwhile),
        cmocka_unit_test(the_token_is_in_no_table_and_no_log),
        /* Last: it has a world of its own, and the keys are the process's. */
        cmocka_unit_test(one_address_asks_so_often_in_a_minute_and_no_more),
    };
    return cmocka_run_group_tests_name("share guards", tests, begin, end);
}
