/* What changed reaches whoever may have cached it: db/listen.h. */
#include "db/listen.h"

#include "db/arena.h"
#include "tests/harness/postgres.h"
#include "tests/harness/sql.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { HEARD_TEXT = 80, HANG_MS = 60000 };

struct fixture {
    struct postgres_database database;
    PGconn *boss;
    struct listener *listener;
    pthread_mutex_t lock;
    char last[HEARD_TEXT];
    int count, everything, slow, marks; /* marks are not in the count */
};

static void hear(const char *kind, const char *key, void *user)
{
    struct fixture *it = user;
    if (strcmp(kind, "tick") == 0)
        return;
    pthread_mutex_lock(&it->lock);
    bool is_mark = strcmp(key, "mark") == 0;
    if (!is_mark)
        snprintf(it->last, sizeof it->last, "%s %s", kind, key);
    it->marks += is_mark;
    it->count += !is_mark;
    it->everything += strcmp(kind, "*") == 0;
    it->slow += strcmp(key, "slow") == 0;
    pthread_mutex_unlock(&it->lock);
}

static int heard(struct fixture *it, int *counter)
{
    pthread_mutex_lock(&it->lock);
    int n = *counter;
    pthread_mutex_unlock(&it->lock);
    return n;
}

static bool comes_to(struct fixture *it, int *counter, int least)
{
    struct timespec a_ms = {.tv_nsec = 1000000};
    for (int i = 0; i < HANG_MS && heard(it, counter) < least; i++)
        nanosleep(&a_ms, NULL);
    return heard(it, counter) >= least;
}

/* News that somebody else commits now, by the notification or by asking. */
static void hear_a_mark(struct fixture *it, const char *statement)
{
    PGconn *other SQL_CLOSE = sql_connect(it->database.superuser_url);
    int before = heard(it, &it->marks);
    sql_run(other, "%s", statement);
    assert_true(comes_to(it, &it->marks, before + 1));
}

static const char notify_mark[] = "SELECT pg_notify('clinicd', 'clinic mark')";
static const char write_mark[] =
    "INSERT INTO clinicd.news (at, kind, key) VALUES (clock_timestamp(), 'clinic', 'mark')";

static int setup(void **state)
{
    struct fixture *it = test_calloc(1, sizeof *it);
    pthread_mutex_init(&it->lock, NULL);
    postgres_database("listen", &it->database);
    it->boss = sql_connect(it->database.superuser_url);
    sql_run(it->boss, "SELECT clinicd.announce('clinic', 'before', clock_timestamp())");
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    assert_int_equal(listener_start(it->database.app_url, hear, it, &fault, &it->listener),
                     ERR_NONE);
    arena_end(&arena);
    *state = it;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *it = *state;
    listener_stop(it->listener);
    sql_close(&it->boss);
    postgres_drop(&it->database);
    pthread_mutex_destroy(&it->lock);
    test_free(it);
    return 0;
}

static void news_is_heard_when_it_is_committed_and_not_before(void **state)
{
    struct fixture *it = *state;
    sql_run(it->boss, "BEGIN; SELECT clinicd.announce('session', 'abc', clock_timestamp())");
    hear_a_mark(it, notify_mark);
    hear_a_mark(it, write_mark);
    assert_int_equal(heard(it, &it->count), 0);
    sql_run(it->boss, "COMMIT");
    assert_true(comes_to(it, &it->count, 1));
    assert_string_equal(it->last, "session abc");
    assert_int_equal(it->everything, 0); /* and what was before the start is not told */
}

/* Asking tells a row twice, in this round and the next; the third time it was the notification. */
static void news_is_notified_and_written(void **state)
{
    struct fixture *it = *state;
    sql_run(it->boss, "SELECT clinicd.announce('session', 'abc', clock_timestamp())");
    assert_true(comes_to(it, &it->count, 3));
}

static void what_was_rolled_back_is_never_heard(void **state)
{
    struct fixture *it = *state;
    sql_run(it->boss,
            "BEGIN; SELECT clinicd.announce('session', 'x', clock_timestamp()); ROLLBACK");
    hear_a_mark(it, notify_mark);
    hear_a_mark(it, write_mark);
    assert_int_equal(heard(it, &it->count), 0);
}

static void a_missed_notification_is_made_up_for_by_asking(void **state)
{
    struct fixture *it = *state;
    sql_run(it->boss, "INSERT INTO clinicd.news (at, kind, key) VALUES (clock_timestamp(), "
                      "'account', 'quiet')");
    assert_true(comes_to(it, &it->count, 1));
    assert_string_equal(it->last, "account quiet");
}

static void a_row_that_commits_after_a_later_one_is_not_missed(void **state)
{
    struct fixture *it = *state;
    PGconn *slow SQL_CLOSE = sql_connect(it->database.superuser_url);
    sql_run(slow, "BEGIN; INSERT INTO clinicd.news (at, kind, key) VALUES (clock_timestamp(), "
                  "'account', 'slow')");
    sql_run(it->boss, "INSERT INTO clinicd.news (at, kind, key) VALUES (clock_timestamp(), "
                      "'account', 'fast')");
    assert_true(comes_to(it, &it->count, 1));
    assert_int_equal(it->slow, 0);
    sql_run(slow, "COMMIT");
    assert_true(comes_to(it, &it->slow, 1));
}

static void a_lost_connection_comes_back_and_says_to_forget_everything(void **state)
{
    struct fixture *it = *state;
    assert_int_equal(sql_int(it->boss, "SELECT count(pg_terminate_backend(pid)) FROM "
                                       "pg_stat_activity WHERE application_name = 'clinicd-listen' "
                                       "AND datname = current_database()"),
                     1);
    assert_true(comes_to(it, &it->everything, 1));
    int before = heard(it, &it->count);
    sql_run(it->boss, "SELECT clinicd.announce('clinic', '7', clock_timestamp())");
    assert_true(comes_to(it, &it->count, before + 1));
    assert_string_equal(it->last, "clinic 7");
}

static void nobody_there_is_unavailable(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct fault fault = {.arena = &arena};
    struct listener *listener = NULL;
    assert_int_equal(listener_start("host=/nowhere dbname=none", hear, NULL, &fault, &listener),
                     ERR_UNAVAILABLE);
    assert_null(listener);
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(news_is_heard_when_it_is_committed_and_not_before, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(news_is_notified_and_written, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_rolled_back_is_never_heard, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missed_notification_is_made_up_for_by_asking, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_row_that_commits_after_a_later_one_is_not_missed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_lost_connection_comes_back_and_says_to_forget_everything,
                                        setup, teardown),
        cmocka_unit_test(nobody_there_is_unavailable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
