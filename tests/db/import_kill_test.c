/* An import that is killed again and again, at random, comes to the same end as one that is not. */
#include "tests/harness/legacy_move.h"

#include <dirent.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

enum { PATIENTS = 200, CHUNK = 20, KILLS = 100, LIFE_MS_MOST = 300 };
enum { FILES_PATIENTS = 60, FILES_CHUNK_ROWS = 10, FILES_KILLS = 20, FILES_LIFE_US_MOST = 60000 };

/* In the child: from its first file on it has not long to live. */
static void die_among_files(void *user, const struct import_progress *progress)
{
    unsigned *life_us = user;
    struct sigevent end = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec when = {.it_value.tv_nsec = *life_us * 1000L + 1};
    timer_t timer;
    if (*life_us == 0 || !strstr(progress->name, "_report"))
        return;
    *life_us = 0;
    if (timer_create(CLOCK_MONOTONIC, &end, &timer) != 0 ||
        timer_settime(timer, 0, &when, NULL) != 0)
        _exit(2);
}

static int import_in_a_child(struct move *move)
{
    pid_t child = fork();
    if (child == 0) {
        struct arena arena = {0};
        struct fault fault = {.arena = &arena};
        struct buf text, json;
        struct import_result result;
        buf_begin(&text, &arena, 0);
        buf_begin(&json, &arena, 0);
        enum err err = import_run(&move->options, &fault, &text, &json, &result);
        if (err)
            fprintf(stderr, "%s\n", fault.detail);
        _exit(err ? 1 : 0);
    }
    return child;
}

/* True: it was killed before its end. */
static bool import_killed_after(struct move *move, unsigned ms)
{
    const struct timespec life = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    int status;
    pid_t child = import_in_a_child(move);
    assert_true(child > 0);
    nanosleep(&life, NULL);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static bool is_whole(struct move *move)
{
    return sql_int(move->boss, "SELECT count(*) FROM ops.import WHERE state = 'whole'") > 0;
}

/* The whole way, killed on it; says how often. */
static int import_through_kills(struct move *move, int most)
{
    int kills = 0;
    for (int round = 0; round < most && !is_whole(move); round++)
        kills += import_killed_after(move, randombytes_uniform(LIFE_MS_MOST));
    bool was_whole = is_whole(move);
    move_well(move); /* goes on, or finds nothing to do */
    if (!was_whole)
        move_adds_up(move);
    return kills;
}

static void an_import_killed_a_hundred_times_is_as_one_that_was_not(void **state)
{
    struct move *move = *state;
    struct move other;
    int kills = 0;
    move_begin(&other, "import_other");
    other.options.chunk_rows = move->options.chunk_rows = CHUNK;
    move_pack(move, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move_pack(&other, LEGACY_SUGAR, LEGACY_WRECKED, PATIENTS);
    move_well(&other);
    char *undisturbed = move_digest(&other);
    for (int ways = 0; kills < KILLS && ways < KILLS; ways++) {
        kills += import_through_kills(move, KILLS - kills);
        assert_string_equal(move_digest(move), undisturbed);
        assert_int_equal(sql_int(move->boss, "SELECT count(*) FROM ops.import_map"),
                         sql_int(other.boss, "SELECT count(*) FROM ops.import_map"));
        int64_t first = sql_int(move->boss, "SELECT min(import_id) FROM ops.import_map");
        while (sql_int(move->boss,
                       "SELECT count(*) FROM ops.import WHERE id > %lld AND state <> 'undone'",
                       (long long)first) > 0)
            assert_int_equal(
                import_undo(
                    move->database.migrator_url, NULL,
                    sql_int(move->boss, "SELECT max(id) FROM ops.import WHERE state <> 'undone'"),
                    &move->fault, &move->text, &move->json),
                ERR_NONE);
        assert_int_equal(import_undo(move->database.migrator_url, NULL, first, &move->fault,
                                     &move->text, &move->json),
                         ERR_NONE);
    }
    print_message("killed %d times\n", kills);
    assert_true(kills >= KILLS);
    move_end(&other);
}

/* True: it died before its end. */
static bool import_died_among_files(struct move *move)
{
    int status;
    unsigned life_us = 1 + randombytes_uniform(FILES_LIFE_US_MOST);
    move->options.progress = die_among_files;
    move->options.user = &life_us;
    pid_t child = import_in_a_child(move);
    move->options.progress = NULL;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (WIFEXITED(status))
        assert_int_equal(WEXITSTATUS(status), 0);
    return WIFSIGNALED(status);
}

static void killed_among_files_it_leaves_nothing_that_nobody_knows(void **state)
{
    struct move *move = *state;
    struct move other;
    int kills = 0;
    move_begin(&other, "import_other");
    other.options.chunk_rows = move->options.chunk_rows = FILES_CHUNK_ROWS;
    move_pack_files(move, LEGACY_SUGAR, LEGACY_SOUND, FILES_PATIENTS);
    move_pack_files(&other, LEGACY_SUGAR, LEGACY_SOUND, FILES_PATIENTS);
    move_well(&other);
    char *undisturbed = move_digest(&other);
    for (int ways = 0; kills < FILES_KILLS && ways < FILES_KILLS; ways++) {
        while (kills < FILES_KILLS && !is_whole(move))
            kills += import_died_among_files(move);
        if (!is_whole(move)) {
            move_well(move);
            move_adds_up(move);
            assert_int_equal(move_step(move, "medical_report", "loaded"), FILES_PATIENTS / 2);
        }
        assert_string_equal(move_digest(move), undisturbed);
        move_store_agrees(move);
        move_undo(move, sql_int(move->boss, "SELECT max(id) FROM ops.import"));
        assert_int_equal(move_store_agrees(move), 0);
    }
    print_message("killed %d times among files\n", kills);
    assert_true(kills >= FILES_KILLS);
    move_end(&other);
}

/* The private copies hold passwords in plain text: not a byte of one may outlive its process. */
static void no_killed_import_has_left_a_byte_of_its_copy(void **state)
{
    DIR *list = opendir(*state);
    assert_non_null(list);
    for (const struct dirent *entry; (entry = readdir(list));) {
        struct stat about;
        assert_int_equal(fstatat(dirfd(list), entry->d_name, &about, 0), 0);
        if (!S_ISREG(about.st_mode))
            continue;
        assert_int_equal(about.st_size, 0);
        unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
    assert_int_equal(rmdir(*state), 0);
}

int main(void)
{
    static char copies[] = P_tmpdir "/clinicd-kill-test-XXXXXX";
    if (!mkdtemp(copies) || setenv("TMPDIR", copies, 1) != 0)
        return 1;
    const struct CMUnitTest tests[] = {
        MOVE_TEST(killed_among_files_it_leaves_nothing_that_nobody_knows),
        MOVE_TEST(an_import_killed_a_hundred_times_is_as_one_that_was_not),
        cmocka_unit_test_prestate(no_killed_import_has_left_a_byte_of_its_copy, copies),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
