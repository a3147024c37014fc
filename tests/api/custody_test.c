/* Files are looked after: scanned before anybody gets them, compared with their rows, and what a
 * crash left behind goes. */
#include "api/http/custodian.h"
#include "db/clock.h"
#include "db/store/scan.h"
#include "models/file/custody.h"
#include "tests/harness/answer.h"
#include "tests/harness/clamd.h"
#include "tests/harness/reports.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { POLL_US = 20 * 1000, POLLS_MOST = 1500, PATIENCE_S = 2 };

static struct clamd clamd; /* before the world, whose options name it */

static void with_scanner(struct service_options *options)
{
    options->scanner = clamd.address;
    options->scanner_timeout_s = PATIENCE_S;
}

static int setup(void **state)
{
    static struct world world;
    clamd_start(&clamd);
    world_begin(&world, &(struct world_options){.name = "custody", .adjust = with_scanner});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    clamd_stop(&clamd);
    return 0;
}

static int anew(void **state)
{
    struct world *world = *state;
    reports_restore(world);
    atomic_store(&clamd.mood, CLAMD_WELL);
    return 0;
}

static struct custody custody_of(struct world *world)
{
    return (struct custody){.database = world->service->database,
                            .store = world->service->store,
                            .scanner = world->service->scanner};
}

static const char *state_of(struct world *world, const char *id)
{
    return sql_text(world->boss, &world->arena, "SELECT state FROM clinicd.file WHERE id = '%s'",
                    id);
}

/* Sends a PDF that waits for the scanner; its file's id. */
static const char *send(struct world *world, const char *words)
{
    struct paper paper = {.name = "a.pdf", .type = "application/pdf"};
    paper.bytes = specimen_pdf(&world->arena, words, NULL);
    struct answer answer =
        report_send(world, "receptionist", of_patient(world, 101, "reports"), paper,
                    (const char *const[]){"report_type=X-Ray", NULL}, NULL);
    assert_int_equal(answer.status, 201);
    const char *id = report_file(&answer, "id");
    assert_string_equal(state_of(world, id), "pending");
    return id;
}

static int fetch(struct world *world, const char *id)
{
    return ask(world, "GET", path_a(world, "/files/%s/content", id), token_a(world, "admin"), NULL)
        .status;
}

static struct custody_count scan(struct world *world, enum err expected)
{
    struct custody custody = custody_of(world);
    struct custody_count count = {0};
    struct fault fault = {.arena = &world->arena};
    enum err err = custody_scan(&custody, seed_a.clinic_id, &fault, &count);
    if (err != expected)
        fail_msg("%d: %s", (int)err, fault.reason ? fault.reason : "-");
    return count;
}

/* --- the scanner --- */

static void nobody_gets_a_file_before_the_scanner_says_clean(void **state)
{
    struct world *world = *state;
    const char *good = send(world, "(harmless)"), *bad = send(world, "(EICAR)");
    assert_int_equal(fetch(world, good), 409);
    assert_int_equal(fetch(world, bad), 409);
    struct custody_count count = scan(world, ERR_NONE);
    assert_int_equal(count.scanned, 2);
    assert_int_equal(count.infected, 1);
    assert_string_equal(state_of(world, good), "clean");
    assert_string_equal(state_of(world, bad), "infected");
    assert_int_equal(fetch(world, good), 200);
    assert_int_equal(fetch(world, bad), 409);
    assert_int_equal(scan(world, ERR_NONE).scanned, 0); /* judged once */
    assert_string_equal(
        sql_text(world->boss, &world->arena,
                 "SELECT count(*) FROM clinicd.audit WHERE operation = 'files_mark' "
                 "AND entity_id = '%s' AND patient_id IS NOT NULL",
                 bad),
        "1");
}

static void a_scanner_that_is_out_of_sorts_leaves_files_waiting(void **state)
{
    struct world *world = *state;
    static const enum clamd_mood moods[] = {CLAMD_SILENT, CLAMD_GARBAGE, CLAMD_REFUSES};
    const char *id = send(world, "(harmless)");
    for (size_t i = 0; i < sizeof moods / sizeof *moods; i++) {
        atomic_store(&clamd.mood, moods[i]);
        assert_int_equal(scan(world, ERR_UNAVAILABLE).waiting, 1);
        assert_string_equal(state_of(world, id), "pending");
        assert_int_equal(fetch(world, id), 409);
    }
    atomic_store(&clamd.mood, CLAMD_WELL);
    assert_int_equal(scan(world, ERR_NONE).scanned, 1);
    assert_string_equal(state_of(world, id), "clean");
}

static void a_scanner_that_is_away_is_asked_a_few_times_only(void **state)
{
    struct world *world = *state;
    for (int i = 0; i < 6; i++)
        send(world, "(harmless)");
    atomic_store(&clamd.mood, CLAMD_REFUSES);
    atomic_store(&clamd.asked, 0);
    scan(world, ERR_UNAVAILABLE);
    assert_int_equal(atomic_load(&clamd.asked), 3);
}

static void the_custodian_asks_soon_after_a_file_came(void **state)
{
    struct world *world = *state;
    struct custody custody = custody_of(world);
    struct custodian *custodian = custodian_start(&custody);
    world->service->custodian = custodian; /* for the handler to wake */
    const char *id = send(world, "(harmless)");
    int polls = 0;
    while (strcmp(state_of(world, id), "clean") != 0 && polls++ < POLLS_MOST)
        usleep(POLL_US);
    struct custodian_stats stats;
    custodian_stats_read(custodian, &stats);
    world->service->custodian = NULL;
    custodian_stop(custodian);
    assert_in_range(polls, 0, POLLS_MOST - 1);
    assert_true(stats.scanned >= 1 || stats.failures == 0);
}

/* --- a program as the scanner --- */

static enum err command_judges(struct world *world, const char *script, enum scan *out)
{
    char path[] = "/tmp/clinicd-scan-XXXXXX";
    char id[UUID_TEXT];
    struct fault fault = {.arena = &world->arena};
    struct scanner *scanner = NULL;
    struct spool *spool = NULL;
    struct store_reader *file = NULL;
    int fd = mkstemp(path);
    dprintf(fd, "#!/bin/sh\n%s\n", script);
    fchmod(fd, 0700);
    close(fd);
    const char *address = arena_format(&world->arena, "command:%s", path);
    assert_int_equal(scanner_make(address, PATIENCE_S, &fault, &scanner), ERR_NONE);
    uuid_make(clock_now_us(), id);
    struct store *store = world->service->store;
    assert_int_equal(spool_open(store, seed_a.clinic_id, 1 << 20, &fault, &spool), ERR_NONE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(spool_write(spool, arena_take(&world->arena, 100000), 100000, &fault),
                         ERR_NONE);
    assert_int_equal(spool_finish(spool, &fault), ERR_NONE);
    assert_int_equal(store_keep(store, spool, id, &fault), ERR_NONE);
    spool_drop(spool);
    assert_int_equal(store_read(store, seed_a.clinic_id, id, 1000000, 0, 1000000, &fault, &file),
                     ERR_NONE);
    enum err err = scanner_ask(scanner, file, &fault, out);
    store_reader_close(file);
    assert_int_equal(store_remove(store, seed_a.clinic_id, id, &fault), ERR_NONE);
    scanner_free(scanner);
    unlink(path);
    return err;
}

static void a_program_may_be_the_scanner(void **state)
{
    struct world *world = *state;
    enum scan scan = SCAN_INFECTED;
    assert_int_equal(command_judges(world, "test $(wc -c) -eq 1000000", &scan), ERR_NONE);
    assert_int_equal(scan, SCAN_CLEAN);
    assert_int_equal(command_judges(world, "exit 1", &scan), ERR_NONE); /* without reading it */
    assert_int_equal(scan, SCAN_INFECTED);
    assert_int_equal(command_judges(world, "exit 2", &scan), ERR_UNAVAILABLE);
    assert_int_equal(command_judges(world, "kill -9 $$", &scan), ERR_UNAVAILABLE);
    assert_int_equal(command_judges(world, "sleep 1000", &scan), ERR_UNAVAILABLE);
    assert_int_equal(
        command_judges(world, "cat >/dev/null; env | grep -q CLINICD && exit 3; true", &scan),
        ERR_NONE); /* it gets none of our settings */
}

static void what_is_no_scanner_is_said_at_the_start(void **state)
{
    struct world *world = *state;
    static const char *const addresses[] = {"clamd",
                                            "unix:relative",
                                            "tcp:localhost:3310",
                                            "tcp:127.0.0.1",
                                            "tcp:127.0.0.1:0",
                                            "tcp:127.0.0.1:x",
                                            "command:scan",
                                            "command:/nowhere",
                                            "command:/etc/passwd",
                                            "unix:",
                                            "tcp::1"};
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        struct fault fault = {.arena = &world->arena};
        struct scanner *none = NULL;
        assert_int_equal(scanner_make(addresses[i], 1, &fault, &none), ERR_INPUT);
        assert_null(none);
    }
}

/* --- rows and store --- */

struct notes {
    struct arena *arena;
    char last[UUID_TEXT];
};

static void note(void *user, int64_t clinic, enum custody_problem problem, const char *id)
{
    struct notes *notes = user;
    (void)clinic, (void)problem;
    strcpy(notes->last, id);
}

/* Everything is old enough for it at once. */
static struct custody_count check(struct world *world, struct custody_options options,
                                  struct notes *notes)
{
    struct custody custody = custody_of(world);
    struct custody_count count = {0};
    struct fault fault = {.arena = &world->arena};
    *notes = (struct notes){.arena = &world->arena};
    options.told = note;
    options.user = notes;
    if (custody_check(&custody, seed_a.clinic_id, &options, &fault, &count))
        fail_msg("%s", fault.reason ? fault.reason : fault.detail);
    return count;
}

static const struct custody_options fsck = {.reads = true};
static const struct custody_options repair = {.reads = true, .marks = true, .removes = true};
static const struct custody_options sweep = {.marks = true, .removes = true};

static uint64_t wrong(const struct custody_count *count)
{
    uint64_t sum = 0;
    for (int i = 0; i < CUSTODY_FOUND; i++)
        sum += count->problems[i];
    return sum;
}

static char *path_of(struct world *world, const char *id)
{
    return arena_format(&world->arena, "%s/%d/%s/%s", world->files, (int)seed_a.clinic_id,
                        id + UUID_TEXT - 3, id);
}

static void flip_a_byte(const char *path)
{
    unsigned char byte;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, &byte, 1, 20), 1);
    byte ^= 1;
    assert_int_equal(pwrite(fd, &byte, 1, 20), 1);
    close(fd);
}

/* As if it had been there for two hours. */
static void grow_old(const char *path)
{
    const struct timespec times[2] = {{.tv_sec = time(NULL) - 7200}, {.tv_sec = time(NULL) - 7200}};
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static const char *scanned(struct world *world)
{
    const char *id = send(world, "(harmless)");
    scan(world, ERR_NONE);
    return id;
}

static void a_store_as_it_should_be_is_found_so(void **state)
{
    struct world *world = *state;
    struct notes notes;
    scanned(world);
    struct custody_count count = check(world, fsck, &notes);
    assert_int_equal(wrong(&count), 0);
    assert_int_equal(count.files, 8); /* the seed's seven and this one */
    assert_true(count.bytes > 0);
}

static void one_byte_that_changed_is_found_and_the_file_given_to_nobody(void **state)
{
    struct world *world = *state;
    struct notes notes;
    const char *id = scanned(world);
    flip_a_byte(path_of(world, id));
    struct custody_count count = check(world, sweep, &notes); /* which only measures */
    assert_int_equal(wrong(&count), 0);
    count = check(world, fsck, &notes);
    assert_int_equal(count.problems[CUSTODY_WRONG_SUM], 1);
    assert_string_equal(notes.last, id);
    assert_string_equal(state_of(world, id), "clean"); /* only looked at */
    count = check(world, repair, &notes);
    assert_int_equal(count.marked, 1);
    assert_string_equal(state_of(world, id), "missing");
    assert_int_equal(fetch(world, id), 500);
    count = check(world, sweep, &notes);
    assert_string_equal(state_of(world, id), "missing"); /* its length alone is no proof */
    flip_a_byte(path_of(world, id));
    count = check(world, sweep, &notes);
    assert_int_equal(count.problems[CUSTODY_FOUND], 1);
    assert_string_equal(state_of(world, id), "clean");
    assert_int_equal(fetch(world, id), 200);
}

static void what_is_gone_or_cut_is_missing_until_it_is_back(void **state)
{
    struct world *world = *state;
    struct notes notes;
    const char *id = scanned(world), *path = path_of(world, id);
    const char *aside = arena_format(&world->arena, "%s.aside", path);
    struct stat about;
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(rename(path, aside), 0);
    struct custody_count count = check(world, sweep, &notes);
    assert_int_equal(count.problems[CUSTODY_MISSING], 1);
    assert_string_equal(state_of(world, id), "missing");
    assert_int_equal(rename(aside, path), 0);
    check(world, sweep, &notes);
    assert_string_equal(state_of(world, id), "clean");
    assert_int_equal(truncate(path, about.st_size - 1), 0);
    count = check(world, sweep, &notes);
    assert_int_equal(count.problems[CUSTODY_WRONG_LENGTH], 1);
    assert_string_equal(state_of(world, id), "missing");
}

static const char *orphan_make(struct world *world, bool is_old)
{
    struct fault fault = {.arena = &world->arena};
    struct spool *spool = NULL;
    char *id = arena_take(&world->arena, UUID_TEXT);
    uuid_make(clock_now_us(), id);
    assert_int_equal(spool_open(world->service->store, seed_a.clinic_id, 100, &fault, &spool),
                     ERR_NONE);
    assert_int_equal(spool_write(spool, "abc", 3, &fault), ERR_NONE);
    assert_int_equal(spool_finish(spool, &fault), ERR_NONE);
    assert_int_equal(store_keep(world->service->store, spool, id, &fault), ERR_NONE);
    spool_drop(spool);
    if (is_old)
        grow_old(path_of(world, id));
    return id;
}

static void an_object_without_a_row_goes_after_an_hour(void **state)
{
    struct world *world = *state;
    struct notes notes;
    const char *old = orphan_make(world, true), *fresh = orphan_make(world, false);
    struct custody_count count = check(world, fsck, &notes);
    assert_int_equal(count.problems[CUSTODY_ORPHAN], 1);
    assert_string_equal(notes.last, old);
    assert_int_equal(access(path_of(world, old), F_OK), 0);
    count = check(world, sweep, &notes);
    assert_int_equal(count.removed, 1);
    assert_int_equal(access(path_of(world, old), F_OK), -1);
    assert_int_equal(access(path_of(world, fresh), F_OK), 0); /* its row may be on the way */
    grow_old(path_of(world, fresh));
    assert_int_equal(check(world, sweep, &notes).removed, 1);
}

static void a_spool_that_a_crash_left_goes_after_an_hour(void **state)
{
    struct world *world = *state;
    struct notes notes;
    const char *path =
        arena_format(&world->arena, "%s/%d/tmp/%032x", world->files, (int)seed_a.clinic_id, 7);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(check(world, sweep, &notes).removed, 0);
    grow_old(path);
    struct custody_count count = check(world, sweep, &notes);
    assert_int_equal(count.spools, 1);
    assert_int_equal(count.removed, 1);
    assert_int_equal(access(path, F_OK), -1);
}

static void a_deleted_file_keeps_its_bytes(void **state)
{
    struct world *world = *state;
    struct notes notes;
    const char *id = scanned(world);
    sql_run(world->boss, "UPDATE clinicd.file SET deleted_at = now() WHERE id = '%s'", id);
    grow_old(path_of(world, id));
    struct custody_count count = check(world, repair, &notes);
    assert_int_equal(count.removed, 0);
    assert_int_equal(access(path_of(world, id), F_OK), 0);
}

/* A database that was put back to an older day must not cost the files of the days since. */
static void many_files_without_rows_are_spared_until_somebody_says_so(void **state)
{
    enum { MANY = 120 };
    struct world *world = *state;
    struct notes notes;
    struct custody_options all = sweep;
    for (int i = 0; i < MANY; i++)
        orphan_make(world, true);
    struct custody_count count = check(world, sweep, &notes);
    assert_int_equal(count.spared, MANY);
    assert_int_equal(count.removed, 0);
    assert_int_equal(check(world, repair, &notes).removed, 0);
    all.removes_many = true;
    assert_int_equal(check(world, all, &notes).removed, MANY);
    count = check(world, fsck, &notes);
    assert_int_equal(wrong(&count), 0);
}

#define TEST(name) cmocka_unit_test_setup(name, anew)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nobody_gets_a_file_before_the_scanner_says_clean),
        TEST(a_scanner_that_is_out_of_sorts_leaves_files_waiting),
        TEST(a_scanner_that_is_away_is_asked_a_few_times_only),
        TEST(the_custodian_asks_soon_after_a_file_came),
        TEST(a_program_may_be_the_scanner),
        TEST(what_is_no_scanner_is_said_at_the_start),
        TEST(a_store_as_it_should_be_is_found_so),
        TEST(one_byte_that_changed_is_found_and_the_file_given_to_nobody),
        TEST(what_is_gone_or_cut_is_missing_until_it_is_back),
        TEST(an_object_without_a_row_goes_after_an_hour),
        TEST(a_spool_that_a_crash_left_goes_after_an_hour),
        TEST(a_deleted_file_keeps_its_bytes),
        TEST(many_files_without_rows_are_spared_until_somebody_says_so),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
