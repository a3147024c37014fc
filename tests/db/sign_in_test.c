/* Sessions, and who may try to sign in, over a real database; time is what the test says. */
#include "models/account/account.h"
#include "models/platform/platform.h"
#include "models/session/session.h"

#include "db/clock.h"
#include "db/database.h"
#include "tests/harness/die.h"
#include "tests/harness/postgres.h"
#include "tests/harness/seed.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const int64_t SECOND = 1000000, MINUTE = 60000000;

struct fixture {
    struct postgres_database database;
    struct database *service;
    PGconn *boss;
    struct keys *keys;
    int64_t now_us; /* where the next test begins: later than all before it */
};

/* One transaction on behalf of somebody, at a time and from an address. */
struct work {
    struct arena arena;
    struct fault fault;
    struct scope scope;
    struct tx tx;
};

static void begin(struct work *work, const struct fixture *fixture, int64_t clinic_id,
                  int64_t now_us, const char *address)
{
    memset(work, 0, sizeof *work);
    work->fault.arena = &work->arena;
    work->scope = (struct scope){
        .clinic_id = clinic_id,
        .actor_kind = "anonymous",
        .operation = "auth_login",
        .client_address = address,
        .now_us = now_us,
        .deadline_us = clock_monotonic_us() + 60 * SECOND,
    };
    tx_begin(&work->tx, fixture->service, &work->scope, TX_MANUAL, &work->fault);
}

static void done(struct work *work)
{
    tx_end(&work->tx);
    arena_end(&work->arena);
}

static int setup(void **state)
{
    static struct fixture it;
    char file[] = "/tmp/clinicd-keys-XXXXXX";
    int fd = mkstemp(file);
    close(fd);
    unlink(file);
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    if (keys_load(file, &fault, &it.keys))
        die("keys: %s", fault.reason);
    unlink(file);
    keys_use(it.keys);
    postgres_database("sign_in", &it.database);
    it.boss = sql_connect(it.database.superuser_url);
    seed_clinic(it.boss, &seed_a);
    seed_clinic(it.boss, &seed_b);
    seed_platform(it.boss);
    struct database_options options = {.url = it.database.app_url,
                                       .read_connections = 1,
                                       .write_connections = 2,
                                       .transaction_connections = 8,
                                       .acquire_timeout_ms = 5000,
                                       .statement_timeout_ms = 5000,
                                       .lock_timeout_ms = 5000};
    if (database_open(&options, &fault, &it.service))
        die("database: %s", fault.reason ? fault.reason : fault.code);
    arena_end(&arena);
    it.now_us = clock_now_us();
    *state = &it;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *it = *state;
    database_close(it->service);
    sql_close(&it->boss);
    postgres_drop(&it->database);
    keys_free(it->keys);
    return 0;
}

static int next_hour(void **state)
{
    struct fixture *it = *state;
    it->now_us += 100 * MINUTE;
    sql_run(it->boss, "UPDATE clinicd.login_failure SET failures = 0, locked_until = NULL");
    return 0;
}

enum { USERNAME_TEXT = 32 };

/* What the seed calls somebody of clinic A. */
static const char *username(const char *who, char out[USERNAME_TEXT])
{
    snprintf(out, USERNAME_TEXT, "%s-%s", who, seed_a.hex);
    return out;
}

/* --- trying ---------------------------------------------------------------------------------- */

/* Seconds to wait; 0: admitted. */
static long try_name(const struct fixture *it, const char *name, int64_t now_us,
                     const char *address)
{
    struct work work;
    struct admission admission;
    begin(&work, it, seed_a.clinic_id, now_us, address);
    enum err err = account_admit(&work.tx, &realm_clinic, name, &admission);
    long wait_s = err ? work.fault.retry_after_s : 0;
    if (err)
        assert_string_equal(work.fault.code, "throttled");
    done(&work);
    return wait_s;
}

static void waits_double_from_the_fifth_failure_on(const struct fixture *it, const char *name,
                                                   const char *address)
{
    int64_t now_us = it->now_us;
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_name(it, name, now_us, address), 0);
    for (long wait_s = 1; wait_s < 900; wait_s *= 2) {
        assert_int_equal(try_name(it, name, now_us, address), wait_s);
        assert_int_equal(try_name(it, name, now_us + wait_s * SECOND - SECOND / 2, address), 1);
        now_us += wait_s * SECOND;
        assert_int_equal(try_name(it, name, now_us, address), 0);
    }
    assert_int_equal(try_name(it, name, now_us, address), 900);
    assert_int_equal(try_name(it, name, now_us + 900 * SECOND, address), 0);
    assert_int_equal(try_name(it, name, now_us + 900 * SECOND, address), 900); /* never more */
}

static void a_name_waits_twice_as_long_after_each_failure(void **state)
{
    waits_double_from_the_fifth_failure_on(*state, "doctor", "10.0.0.1");
}

static void a_name_that_does_not_exist_waits_alike(void **state)
{
    waits_double_from_the_fifth_failure_on(*state, "nobody.at.all", "10.0.0.2");
}

static void case_does_not_make_another_name(void **state)
{
    const struct fixture *it = *state;
    static const char *const spelled[] = {"admin", "Admin", "aDMIN", "ADMIN", "admIN"};
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_name(it, spelled[i], it->now_us, "10.0.0.3"), 0);
    assert_int_equal(try_name(it, "AdMiN", it->now_us, "10.0.0.4"), 1);
}

static void an_address_has_twenty_failures_a_minute(void **state)
{
    const struct fixture *it = *state;
    char name[32];
    for (int i = 0; i < 20; i++) {
        snprintf(name, sizeof name, "guess.%d", i);
        assert_int_equal(try_name(it, name, it->now_us + i * SECOND, "10.0.0.5"), 0);
    }
    assert_int_equal(try_name(it, "guess.20", it->now_us + 20 * SECOND, "10.0.0.5"), 40);
    assert_int_equal(try_name(it, "guess.20", it->now_us + 20 * SECOND, "10.0.0.6"), 0);
    assert_int_equal(try_name(it, "guess.21", it->now_us + MINUTE, "10.0.0.5"), 0);
}

struct crowd {
    const struct fixture *it;
    atomic_int admitted;
};

static void *try_in_a_crowd(void *user)
{
    struct crowd *crowd = user;
    if (try_name(crowd->it, "receptionist", crowd->it->now_us, "10.0.0.7") == 0)
        atomic_fetch_add(&crowd->admitted, 1);
    return NULL;
}

static void many_at_once_do_not_slip_past_the_count(void **state)
{
    enum { MANY = 16 };
    struct crowd crowd = {.it = *state};
    pthread_t threads[MANY];
    for (int i = 0; i < MANY; i++)
        pthread_create(&threads[i], NULL, try_in_a_crowd, &crowd);
    for (int i = 0; i < MANY; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(crowd.admitted, 5);
}

static void a_try_that_was_never_looked_at_is_taken_back(void **state)
{
    const struct fixture *it = *state;
    for (int i = 0; i < 30; i++) {
        struct work work;
        struct admission admission;
        begin(&work, it, seed_a.clinic_id, it->now_us, "10.0.0.8");
        assert_int_equal(account_admit(&work.tx, &realm_clinic, "lab_tech", &admission), ERR_NONE);
        assert_int_equal(account_forgive(&work.tx, &realm_clinic, &admission), ERR_NONE);
        done(&work);
    }
}

static void a_one_time_password_runs_out(void **state)
{
    const struct fixture *it = *state;
    char id[UUID_TEXT], name[USERNAME_TEXT];
    sql_run(it->boss,
            "UPDATE clinicd.account SET password_expires_at = to_timestamp(%f) WHERE id = '%s'",
            (double)it->now_us / 1e6, seed_id(&seed_a, SEED_NEWCOMER, id));
    for (int late = 0; late < 2; late++) {
        struct work work;
        struct admission admission;
        begin(&work, it, seed_a.clinic_id, it->now_us + (late ? 1 : -1) * SECOND, "10.0.0.9");
        assert_int_equal(
            account_admit(&work.tx, &realm_clinic, username("newcomer", name), &admission),
            ERR_NONE);
        assert_int_equal(admission.may_sign_in, !late);
        done(&work);
    }
}

/* --- sessions -------------------------------------------------------------------------------- */

static const struct session_ttl hours = {
    .access = 3600, .idle = 900, .refresh = 604800, .absolute = 43200};

static enum err open_as(const struct fixture *it, const struct realm *realm, int64_t clinic_id,
                        const char *name, int64_t now_us, struct tokens *tokens)
{
    struct work work;
    struct admission who;
    struct rows account;
    begin(&work, it, clinic_id, now_us, "10.0.1.1");
    assert_int_equal(account_admit(&work.tx, realm, name, &who), ERR_NONE);
    struct sign_in signing = {.account_id = who.account_id,
                              .seen_hash = who.password_hash,
                              .name_key = who.name_key,
                              .address_key = who.address_key};
    enum err err = session_open(&work.tx, realm, &signing, &hours, tokens, &account);
    if (!err)
        err = tx_commit(&work.tx, NULL);
    done(&work);
    return err;
}

static void sign_in_as(const struct fixture *it, const char *name, int64_t now_us,
                       struct tokens *tokens)
{
    char text[USERNAME_TEXT];
    assert_int_equal(
        open_as(it, &realm_clinic, seed_a.clinic_id, username(name, text), now_us, tokens),
        ERR_NONE);
}

enum whose { ALIVE, NOBODYS, ANOTHER_CLINICS };

static enum whose look_up(const struct fixture *it, int64_t clinic_id, const char *access,
                          int64_t now_us)
{
    struct work work;
    struct rows rows;
    char hash[DIGEST_TEXT];
    begin(&work, it, clinic_id, now_us, NULL);
    assert_int_equal(session_find(&work.tx, &realm_clinic, token_hash(access, hash), &rows),
                     ERR_NONE);
    enum whose whose = rows_text(&rows, 0, "session_id")            ? ALIVE
                       : rows_bool(&rows, 0, "is_elsewhere", false) ? ANOTHER_CLINICS
                                                                    : NOBODYS;
    done(&work);
    return whose;
}

static enum whose in_a(const struct fixture *it, const char *access, int64_t now_us)
{
    return look_up(it, seed_a.clinic_id, access, now_us);
}

/* NULL when it went well, else the code. */
static const char *refresh(const struct fixture *it, const char *presented, int64_t now_us,
                           struct tokens *tokens)
{
    struct work work;
    struct rows account;
    const char *code = NULL;
    begin(&work, it, seed_a.clinic_id, now_us, "10.0.1.1");
    enum err err = session_refresh(&work.tx, &realm_clinic, presented, &hours, tokens, &account);
    if (!err)
        err = tx_commit(&work.tx, NULL);
    if (err) /* literals, all that there are */
        code =
            strcmp(work.fault.code, "refresh-reused") == 0 ? "refresh-reused" : "unauthenticated";
    done(&work);
    return code;
}

static void a_session_is_its_clinics_alone(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens;
    sign_in_as(it, "doctor", it->now_us, &tokens);
    assert_int_equal(in_a(it, tokens.access, it->now_us), ALIVE);
    assert_int_equal(look_up(it, seed_b.clinic_id, tokens.access, it->now_us), ANOTHER_CLINICS);
    tokens.access[10] = tokens.access[10] == 'A' ? 'B' : 'A';
    assert_int_equal(in_a(it, tokens.access, it->now_us), NOBODYS);
}

static void only_hashes_of_tokens_are_kept(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens;
    sign_in_as(it, "doctor", it->now_us, &tokens);
    assert_int_equal(sql_int(it->boss,
                             "SELECT count(*) FROM clinicd.session s WHERE s::text LIKE '%%%s%%' "
                             "OR s::text LIKE '%%%s%%'",
                             tokens.access + 3, tokens.refresh + 3),
                     0);
}

static void an_idle_session_ends_to_the_second(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens;
    sign_in_as(it, "doctor", it->now_us, &tokens);
    assert_int_equal(in_a(it, tokens.access, it->now_us + 901 * SECOND), NOBODYS);
    assert_int_equal(in_a(it, tokens.access, it->now_us + 899 * SECOND), ALIVE); /* and is seen */
    assert_int_equal(in_a(it, tokens.access, it->now_us + (899 + 899) * SECOND), ALIVE);
    assert_int_equal(in_a(it, tokens.access, it->now_us + (899 + 899 + 901) * SECOND), NOBODYS);
    assert_string_equal(
        refresh(it, tokens.refresh, it->now_us + (899 + 899 + 901) * SECOND, &tokens),
        "unauthenticated");
}

static void the_idle_clock_moves_once_a_minute(void **state)
{
    struct fixture *it = *state;
    struct tokens tokens;
    sign_in_as(it, "doctor", it->now_us, &tokens);
    const char *seen = "SELECT round(extract(epoch FROM max(last_seen_at)) * 1000000)::bigint FROM "
                       "clinicd.session WHERE idle_seconds = 900";
    in_a(it, tokens.access, it->now_us + 59 * SECOND);
    assert_int_equal(sql_int(it->boss, "%s", seen), it->now_us);
    in_a(it, tokens.access, it->now_us + 60 * SECOND);
    assert_int_equal(sql_int(it->boss, "%s", seen), it->now_us + 60 * SECOND);
}

static void a_twin_gets_the_same_tokens_and_a_late_one_is_a_thief(void **state)
{
    const struct fixture *it = *state;
    struct tokens first, second, twin, third;
    sign_in_as(it, "doctor", it->now_us, &first);
    assert_null(refresh(it, first.refresh, it->now_us + MINUTE, &second));
    assert_string_not_equal(first.access, second.access);
    assert_int_equal(in_a(it, first.access, it->now_us + MINUTE), NOBODYS);
    assert_null(refresh(it, first.refresh, it->now_us + MINUTE + 9 * SECOND, &twin));
    assert_string_equal(twin.access, second.access);
    assert_string_equal(twin.refresh, second.refresh);
    assert_string_equal(refresh(it, first.refresh, it->now_us + MINUTE + 11 * SECOND, &twin),
                        "refresh-reused");
    assert_null(refresh(it, second.refresh, it->now_us + MINUTE + 12 * SECOND, &third));
    /* Two generations old, and within ten seconds of the last refresh: still a thief. */
    assert_string_equal(refresh(it, first.refresh, it->now_us + MINUTE + 13 * SECOND, &twin),
                        "refresh-reused");

    struct work work;
    struct rows ended;
    begin(&work, it, seed_a.clinic_id, it->now_us + MINUTE + 14 * SECOND, NULL);
    assert_int_equal(session_end_family(&work.tx, &realm_clinic, first.refresh, &ended), ERR_NONE);
    assert_int_equal(
        sql_int(it->boss, "SELECT count(*) FROM clinicd.news WHERE kind = 'session' AND key = '%s'",
                rows_text(&ended, 0, "session_id")),
        1);
    done(&work);
    assert_int_equal(in_a(it, third.access, it->now_us + MINUTE + 15 * SECOND), NOBODYS);
    assert_string_equal(refresh(it, third.refresh, it->now_us + MINUTE + 15 * SECOND, &twin),
                        "unauthenticated");
}

struct racer {
    pthread_t thread;
    const struct fixture *it;
    const char *presented;
    const char *code;
    struct tokens tokens;
};

static void *race(void *user)
{
    struct racer *racer = user;
    racer->code = refresh(racer->it, racer->presented, racer->it->now_us + SECOND, &racer->tokens);
    return NULL;
}

static void fifty_refreshes_at_once_make_one_successor(void **state)
{
    enum { MANY = 50 };
    const struct fixture *it = *state;
    static struct racer racers[MANY];
    struct tokens first;
    sign_in_as(it, "doctor", it->now_us, &first);
    for (int i = 0; i < MANY; i++) {
        racers[i] = (struct racer){.it = it, .presented = first.refresh};
        pthread_create(&racers[i].thread, NULL, race, &racers[i]);
    }
    for (int i = 0; i < MANY; i++)
        pthread_join(racers[i].thread, NULL);
    for (int i = 0; i < MANY; i++) {
        assert_null(racers[i].code);
        assert_string_equal(racers[i].tokens.refresh, racers[0].tokens.refresh);
        assert_string_equal(racers[i].tokens.access, racers[0].tokens.access);
    }
    assert_int_equal(in_a(it, racers[0].tokens.access, it->now_us + SECOND), ALIVE);
}

static void refreshing_never_moves_the_absolute_end(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens;
    sign_in_as(it, "doctor", it->now_us, &tokens);
    int64_t end_us = it->now_us + hours.absolute * SECOND;
    int64_t at_us = it->now_us;
    while (at_us + 10 * MINUTE < end_us) {
        at_us += 10 * MINUTE;
        assert_null(refresh(it, tokens.refresh, at_us, &tokens));
    }
    assert_int_equal(in_a(it, tokens.access, end_us - SECOND), ALIVE);
    assert_int_equal(in_a(it, tokens.access, end_us + SECOND), NOBODYS);
    assert_string_equal(refresh(it, tokens.refresh, end_us + SECOND, &tokens), "unauthenticated");
}

static void what_is_no_refresh_token_is_unauthenticated(void **state)
{
    const struct fixture *it = *state;
    static const char *const presented[] = {"", "x", "cr_", "cr_AAAA", "ca_0123"};
    struct tokens tokens, signed_in;
    sign_in_as(it, "doctor", it->now_us, &signed_in);
    for (size_t i = 0; i < sizeof presented / sizeof *presented; i++)
        assert_string_equal(refresh(it, presented[i], it->now_us, &tokens), "unauthenticated");
    assert_string_equal(refresh(it, signed_in.access, it->now_us, &tokens), "unauthenticated");
    signed_in.refresh[5] = signed_in.refresh[5] == 'A' ? 'B' : 'A'; /* another family */
    assert_string_equal(refresh(it, signed_in.refresh, it->now_us, &tokens), "unauthenticated");
}

static void a_disabled_account_neither_opens_nor_keeps_a_session(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens, other;
    char id[UUID_TEXT], name[USERNAME_TEXT];
    seed_id(&seed_a, SEED_DOCTOR, id);
    sign_in_as(it, "doctor", it->now_us, &tokens);
    sql_run(it->boss, "UPDATE clinicd.account SET is_active = false WHERE id = '%s'", id);
    assert_int_equal(in_a(it, tokens.access, it->now_us), NOBODYS);
    assert_string_equal(refresh(it, tokens.refresh, it->now_us, &other), "unauthenticated");
    assert_int_equal(
        open_as(it, &realm_clinic, seed_a.clinic_id, username("doctor", name), it->now_us, &other),
        ERR_NOT_FOUND);
    sql_run(it->boss, "UPDATE clinicd.account SET is_active = true WHERE id = '%s'", id);
}

static void changing_the_password_ends_the_other_sessions_only(void **state)
{
    const struct fixture *it = *state;
    struct tokens mine, other;
    sign_in_as(it, "lab_tech", it->now_us, &mine);
    sign_in_as(it, "lab_tech", it->now_us, &other);
    struct work work;
    struct admission me;
    char name[USERNAME_TEXT];
    begin(&work, it, seed_a.clinic_id, it->now_us, "10.0.1.1");
    char hash[DIGEST_TEXT];
    char *session =
        sql_text(it->boss, &work.arena, "SELECT id FROM clinicd.session WHERE access_hash = '%s'",
                 token_hash(mine.access, hash));
    assert_int_equal(account_admit(&work.tx, &realm_clinic, username("lab_tech", name), &me),
                     ERR_NONE);
    assert_int_equal(account_change_password(&work.tx, &realm_clinic, &me, "new", session),
                     ERR_NONE);
    assert_int_equal(tx_commit(&work.tx, NULL), ERR_NONE);
    done(&work);
    assert_int_equal(in_a(it, mine.access, it->now_us), ALIVE);
    assert_int_equal(in_a(it, other.access, it->now_us), NOBODYS);
}

static void the_platform_signs_in_by_the_same_rules(void **state)
{
    const struct fixture *it = *state;
    struct tokens tokens;
    struct rows rows;
    struct work work;
    char hash[DIGEST_TEXT];
    assert_int_equal(open_as(it, &realm_platform, 0, "boss", it->now_us, &tokens), ERR_NONE);
    assert_true(token_is_access(tokens.access, &realm_platform));
    assert_false(token_is_access(tokens.access, &realm_clinic));
    begin(&work, it, seed_a.clinic_id, it->now_us, NULL);
    assert_int_equal(
        session_find(&work.tx, &realm_platform, token_hash(tokens.access, hash), &rows), ERR_NONE);
    assert_string_equal(rows_text(&rows, 0, "role"), "super_admin");
    char *account = arena_copy(&work.arena, rows_text(&rows, 0, "account_id"));
    assert_int_equal(session_end(&work.tx, &realm_platform, account, NULL, "signed-out"), ERR_NONE);
    assert_int_equal(tx_commit(&work.tx, NULL), ERR_NONE);
    struct work after;
    begin(&after, it, 0, it->now_us, NULL);
    assert_int_equal(
        session_find(&after.tx, &realm_platform, token_hash(tokens.access, hash), &rows), ERR_NONE);
    assert_null(rows_text(&rows, 0, "session_id"));
    done(&after);
    done(&work);
}

static enum err create(const struct fixture *it, const char *name, const char *password,
                       bool *created)
{
    struct work work;
    begin(&work, it, 0, it->now_us, NULL);
    work.scope.actor_kind = work.tx.scope.actor_kind = "system";
    enum err err = superadmin_create(&work.tx, name, password, created);
    if (!err)
        err = tx_commit(&work.tx, NULL);
    done(&work);
    return err;
}

static void a_super_admin_is_made_once(void **state)
{
    const struct fixture *it = *state;
    bool created = false;
    struct tokens tokens;
    assert_int_equal(create(it, "chief", SEED_PASSWORD, &created), ERR_NONE);
    assert_true(created);
    assert_int_equal(create(it, "CHIEF", "another long sentence", &created), ERR_NONE);
    assert_false(created);
    assert_int_equal(create(it, "weak", "password1234", &created), ERR_INPUT);
    assert_int_equal(create(it, "no name", SEED_PASSWORD, &created), ERR_INPUT);
    assert_int_equal(open_as(it, &realm_platform, 0, "Chief", it->now_us, &tokens), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_name_waits_twice_as_long_after_each_failure, next_hour),
        cmocka_unit_test_setup(a_name_that_does_not_exist_waits_alike, next_hour),
        cmocka_unit_test_setup(case_does_not_make_another_name, next_hour),
        cmocka_unit_test_setup(an_address_has_twenty_failures_a_minute, next_hour),
        cmocka_unit_test_setup(many_at_once_do_not_slip_past_the_count, next_hour),
        cmocka_unit_test_setup(a_try_that_was_never_looked_at_is_taken_back, next_hour),
        cmocka_unit_test_setup(a_one_time_password_runs_out, next_hour),
        cmocka_unit_test_setup(a_session_is_its_clinics_alone, next_hour),
        cmocka_unit_test_setup(only_hashes_of_tokens_are_kept, next_hour),
        cmocka_unit_test_setup(an_idle_session_ends_to_the_second, next_hour),
        cmocka_unit_test_setup(the_idle_clock_moves_once_a_minute, next_hour),
        cmocka_unit_test_setup(a_twin_gets_the_same_tokens_and_a_late_one_is_a_thief, next_hour),
        cmocka_unit_test_setup(fifty_refreshes_at_once_make_one_successor, next_hour),
        cmocka_unit_test_setup(refreshing_never_moves_the_absolute_end, next_hour),
        cmocka_unit_test_setup(what_is_no_refresh_token_is_unauthenticated, next_hour),
        cmocka_unit_test_setup(a_disabled_account_neither_opens_nor_keeps_a_session, next_hour),
        cmocka_unit_test_setup(changing_the_password_ends_the_other_sessions_only, next_hour),
        cmocka_unit_test_setup(the_platform_signs_in_by_the_same_rules, next_hour),
        cmocka_unit_test_setup(a_super_admin_is_made_once, next_hour),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
