/* `clinicd backup` and `clinicd restore` as an operator's shell sees them: a backup that cannot be
 * trusted must be told from one that can. */
#include "tests/harness/legacy.h"
#include "tests/harness/objects.h"
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/s3_server.h"
#include "tests/harness/seed.h"
#include "tests/harness/sql.h"

#include "db/keys.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DONE = 0, USAGE = 2, UNVERIFIED = 5, PRECONDITION = 8, STOPPED = 9, CANNOT_CONNECT = 10 };
enum { APP, MIGRATOR, BACKUP, RESTORE, FILES, HOME, VARIABLES };
enum { BUCKET_VARIABLES = 4 };

/* Two clinics in a database under forced row security, and a folder for backups. */
struct desk {
    struct postgres_database database;
    struct arena arena;
    const char *environment[VARIABLES + BUCKET_VARIABLES + 1];
    char dir[64], store[80];
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("backup", &desk->database);
    snprintf(desk->dir, sizeof desk->dir, "%s/clinicd-backup-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(desk->dir));
    snprintf(desk->store, sizeof desk->store, "%s/store", desk->dir);
    const char *const pairs[VARIABLES][2] = {
        [APP] = {"CLINICD_DATABASE_URL", desk->database.app_url},
        [MIGRATOR] = {"CLINICD_MIGRATE_URL", desk->database.migrator_url},
        [BACKUP] = {"CLINICD_BACKUP_URL", desk->database.backup_url},
        [RESTORE] = {"CLINICD_RESTORE_URL", desk->database.superuser_url},
        [FILES] = {"CLINICD_FILES_DIR", desk->store},
        [HOME] = {"CLINICD_DATA_DIR", desk->dir},
    };
    for (size_t i = 0; i < VARIABLES; i++)
        desk->environment[i] = arena_format(&desk->arena, "%s=%s", pairs[i][0], pairs[i][1]);
    desk->boss = sql_connect(desk->database.superuser_url);
    seed_platform(desk->boss);
    seed_clinic(desk->boss, &seed_a);
    seed_clinic(desk->boss, &seed_b);
    objects_seed(desk->boss, &(struct store_options){.folder = desk->store});
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    const char *const none[] = {NULL};
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    program_run(&desk->arena, arena_format(&desk->arena, "/bin/rm -rf %s", desk->dir), none);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static struct program_end run(struct desk *desk, int expected, const char *format, ...)
    PRINTF(3, 4);

static struct program_end run(struct desk *desk, int expected, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *arguments = arena_vformat(&desk->arena, format, args);
    va_end(args);
    const char *line = arena_format(&desk->arena, CLINICD_PROGRAM " %s", arguments);
    struct program_end end = program_run(&desk->arena, line, desk->environment);
    if (end.exit != expected)
        fail_msg("`%s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
    return end;
}

static json_t *json_of(struct desk *desk, const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!json)
        fail_msg("no JSON (%s): %s", error.text, text);
    return arena_json(&desk->arena, json);
}

static char *file_read(struct desk *desk, const char *path, size_t *length)
{
    FILE *file = fopen(path, "rb");
    struct stat about;
    assert_non_null(file);
    assert_int_equal(fstat(fileno(file), &about), 0);
    char *bytes = arena_take(&desk->arena, (size_t)about.st_size + 1);
    assert_int_equal(fread(bytes, 1, (size_t)about.st_size, file), (size_t)about.st_size);
    fclose(file);
    *length = (size_t)about.st_size;
    return bytes;
}

static void file_write(const char *path, const char *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static const char *inside(struct desk *desk, const char *folder, const char *name)
{
    return arena_format(&desk->arena, "%s/%s", folder, name);
}

/* A backup's folder. */
static const char *backup(struct desk *desk, const char *more)
{
    struct program_end end = run(desk, DONE, "backup --to %s --json%s", desk->dir, more);
    const char *folder = NULL;
    assert_int_equal(json_unpack(json_of(desk, end.text), "{s:{s:s}}", "result", "folder", &folder),
                     0);
    return folder;
}

static json_t *manifest_of(struct desk *desk, const char *folder)
{
    size_t length;
    return json_of(desk, file_read(desk, inside(desk, folder, "manifest.json"), &length));
}

static int64_t rows_of(json_t *manifest, const char *table)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(manifest, "tables"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), table) == 0)
            return json_integer_value(json_object_get(one, "rows"));
    }
    return -1;
}

/* Whole ones, and drafts if `hidden`. */
static int folders_in(const char *path, bool hidden)
{
    int n = 0;
    DIR *dir = opendir(path);
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        n += strncmp(entry->d_name, hidden ? ".clinicd-" : "clinicd-", hidden ? 9 : 8) == 0;
    closedir(dir);
    return n;
}

static void assert_nothing_is_left(struct desk *desk)
{
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM pg_database"
                                         " WHERE datname LIKE 'clinicd-restore-%%'"),
                     0);
}

/* By a superuser, whom no wall stops. The run itself has gone on since. */
static void assert_every_table_is_counted(struct desk *desk, json_t *manifest)
{
    size_t i;
    json_t *one, *tables = json_object_get(manifest, "tables");
    json_array_foreach(tables, i, one)
    {
        const char *name = json_string_value(json_object_get(one, "name"));
        if (strcmp(name, "ops.backup") != 0)
            assert_int_equal(json_integer_value(json_object_get(one, "rows")),
                             sql_int(desk->boss, "SELECT count(*) FROM ONLY %s", name));
    }
    assert_int_equal(json_array_size(tables),
                     sql_int(desk->boss, "SELECT count(*) FROM pg_class WHERE relkind = 'r'"
                                         " AND relnamespace IN ('clinicd'::regnamespace,"
                                         "                      'ops'::regnamespace)"));
}

static void a_backup_under_forced_row_security_comes_back_whole(void **state)
{
    struct desk *desk = *state;
    assert_true(sql_int(desk->boss, "SELECT count(*) FROM pg_class WHERE relforcerowsecurity"
                                    " AND relname IN ('patient', 'visit', 'account')") == 3);
    const char *folder = backup(desk, "");
    json_t *manifest = manifest_of(desk, folder);
    int64_t patients = sql_int(desk->boss, "SELECT count(*) FROM clinicd.patient");
    assert_true(patients > 0);
    assert_int_equal(rows_of(manifest, "clinicd.patient"), patients);
    assert_every_table_is_counted(desk, manifest);
    /* as a restore that was killed leaves one */
    sql_run(desk->boss, "CREATE DATABASE \"clinicd-restore-01a20446-e39a-7f47-9eb6-c4694d4e61a8\"");
    struct program_end end = run(desk, DONE, "restore %s --verify", folder);
    assert_non_null(strstr(end.text, "equal in counts and checksums: restored in "));
    assert_nothing_is_left(desk);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.backup WHERE restore_ms > 0"
                                         " AND verified_at IS NOT NULL"
                                         " AND manifest->'tables' IS NOT NULL"),
                     1);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run WHERE outcome = 'done'"
                                         " AND command IN ('backup', 'restore')"),
                     2);
    run(desk, DONE, "migrate verify"); /* the chain of runs is whole */
}

static void a_role_that_the_walls_stop_makes_no_backup(void **state)
{
    struct desk *desk = *state;
    desk->environment[BACKUP] =
        arena_format(&desk->arena, "CLINICD_BACKUP_URL=%s", desk->database.app_url);
    struct program_end end = run(desk, PRECONDITION, "backup --to %s", desk->dir);
    assert_non_null(strstr(end.said, "does not bypass row level security"));
    assert_int_equal(folders_in(desk->dir, false) + folders_in(desk->dir, true), 0);
    desk->environment[BACKUP] = "CLINICD_BACKUP_URL=host=/nowhere";
    run(desk, CANNOT_CONNECT, "backup --to %s", desk->dir);
    desk->environment[BACKUP] = "CLINICD_BACKUP_URL=";
    run(desk, USAGE, "backup --to %s", desk->dir);
}

static void a_table_that_the_role_may_not_read_is_named(void **state)
{
    struct desk *desk = *state;
    desk->environment[BACKUP] =
        arena_format(&desk->arena, "CLINICD_BACKUP_URL=%s", desk->database.unsafe_url);
    struct program_end end = run(desk, PRECONDITION, "backup --to %s", desk->dir);
    assert_non_null(strstr(end.said, "may not read "));
}

static void what_was_truncated_or_altered_is_refused(void **state)
{
    struct desk *desk = *state;
    const char *folder = backup(desk, "");
    static const struct {
        const char *file, *said;
        bool cuts;
        long at; /* from the end */
    } harms[] = {
        {"database.dump", "database.dump is not as it was written", true, 1},
        {"database.dump", "database.dump is not as it was written", true, 5000},
        {"database.dump", "database.dump is not as it was written", false, 3000},
        {"manifest.json", "manifest.json", true, 10},
        {"manifest.json", "manifest.json", false, 40},
        {"SHA256SUMS", "SHA256SUMS was cut short", true, 20},
        {"SHA256SUMS", "SHA256SUMS was cut short", true, 80},
        {"SHA256SUMS", "is not as it was written", false, 60},
    };
    for (size_t i = 0; i < sizeof harms / sizeof harms[0]; i++) {
        const char *path = inside(desk, folder, harms[i].file);
        size_t length;
        char *bytes = file_read(desk, path, &length);
        size_t at = length - (size_t)harms[i].at;
        char kept = bytes[at];
        bytes[at] = bytes[at] == '1' ? '2' : '1';
        file_write(path, bytes, harms[i].cuts ? at : length);
        struct program_end end = run(desk, UNVERIFIED, "restore %s --verify", folder);
        if (!strstr(end.said, harms[i].said))
            fail_msg("harm %zu: %s", i, end.said);
        bytes[at] = kept;
        file_write(path, bytes, length);
    }
    assert_int_equal(unlink(inside(desk, folder, "database.dump")), 0);
    run(desk, UNVERIFIED, "restore %s --verify", folder);
    run(desk, UNVERIFIED, "restore %s --verify", desk->dir);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run WHERE command = 'restore'"),
                     0);
}

/* As somebody would who knows how: the manifest says otherwise, and all digests fit it. */
static void manifest_replace(struct desk *desk, const char *folder, json_t *manifest)
{
    char digest[DIGEST_TEXT];
    size_t length;
    const char *sums = inside(desk, folder, "SHA256SUMS");
    char *text = json_dumps(manifest, JSON_INDENT(2));
    file_write(inside(desk, folder, "manifest.json"), text, strlen(text));
    digest_hex(text, strlen(text), digest);
    free(text);
    char *lines = file_read(desk, sums, &length);
    char *line = strstr(lines, "  manifest.json");
    assert_non_null(line);
    memcpy(line - (DIGEST_TEXT - 1), digest, DIGEST_TEXT - 1);
    file_write(sums, lines, length);
}

static void a_row_less_than_the_manifest_says_is_found(void **state)
{
    struct desk *desk = *state;
    const char *folder = backup(desk, "");
    json_t *manifest = manifest_of(desk, folder), *one;
    size_t i;
    json_array_foreach(json_object_get(manifest, "tables"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), "clinicd.patient") == 0)
            json_object_set_new(one, "rows",
                                json_integer(json_integer_value(json_object_get(one, "rows")) - 1));
    }
    manifest_replace(desk, folder, manifest);
    struct program_end end = run(desk, UNVERIFIED, "restore %s --into other_name", folder);
    assert_non_null(strstr(end.text, "table clinicd.patient: "));
    assert_null(strstr(end.text, "table clinicd.visit: "));
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM pg_database WHERE datname = 'other_name'"), 0);
    assert_nothing_is_left(desk);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.backup"
                                         " WHERE verified_at IS NOT NULL"),
                     0);
}

/* What everybody on the machine can see of pg_dump; 0: it does not run. */
static size_t arguments_of_dump(struct desk *desk, char *out, size_t room)
{
    size_t length = 0;
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; length == 0 && (entry = readdir(processes));) {
        FILE *file = fopen(arena_format(&desk->arena, "/proc/%s/cmdline", entry->d_name), "rb");
        size_t n = file ? fread(out, 1, room, file) : 0;
        if (n > 0 && memmem(out, n, "pg_dump", 7) && memmem(out, n, desk->dir, strlen(desk->dir)))
            length = n;
        if (file)
            fclose(file);
    }
    closedir(processes);
    return length;
}

static void one_that_was_killed_leaves_nothing_that_looks_whole(void **state)
{
    struct desk *desk = *state;
    struct program program;
    struct program_end end;
    char line[256], arguments[4096];
    desk->environment[BACKUP] = arena_format(&desk->arena, "CLINICD_BACKUP_URL=%s password=canary",
                                             desk->database.backup_url);
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_run(desk->boss, "BEGIN");
    sql_run(desk->boss, "LOCK TABLE clinicd.patient IN ACCESS EXCLUSIVE MODE");
    snprintf(line, sizeof line, CLINICD_PROGRAM " backup --to %s", desk->dir);
    program_start(line, desk->environment, &program);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'"
                          " AND datname = current_database() AND wait_event_type = 'Lock'");
    size_t length = arguments_of_dump(desk, arguments, sizeof arguments);
    assert_true(length > 0);
    assert_null(memmem(arguments, length, "canary", 6));
    kill(program.pid, SIGKILL);
    program_wait(&program, &desk->arena, &end);
    assert_int_equal(end.exit, -1);
    assert_int_equal(folders_in(desk->dir, false), 0);
    assert_int_equal(folders_in(desk->dir, true), 1);
    sql_run(desk->boss, "ROLLBACK");
    sql_wait_until(other, "SELECT (count(*) = 0)::int FROM pg_stat_activity"
                          " WHERE application_name = 'pg_dump' AND datname = current_database()");
    run(desk, DONE, "backup --to %s", desk->dir);
    assert_int_equal(folders_in(desk->dir, false), 1);
    assert_int_equal(folders_in(desk->dir, true), 0);
}

static void ctrl_c_leaves_nothing_at_all(void **state)
{
    struct desk *desk = *state;
    struct program program;
    struct program_end end;
    char line[256];
    PGconn *other SQL_CLOSE = sql_connect(desk->database.superuser_url);
    sql_run(desk->boss, "BEGIN");
    sql_run(desk->boss, "LOCK TABLE clinicd.patient IN ACCESS EXCLUSIVE MODE");
    snprintf(line, sizeof line, CLINICD_PROGRAM " backup --to %s", desk->dir);
    program_start(line, desk->environment, &program);
    sql_wait_until(other, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                          " AND application_name = 'clinicd backup'"
                          " AND datname = current_database()");
    kill(program.pid, SIGINT);
    program_wait(&program, &desk->arena, &end);
    if (end.exit != STOPPED)
        fail_msg("%d: %s", end.exit, end.said);
    assert_int_equal(folders_in(desk->dir, false) + folders_in(desk->dir, true), 0);
    sql_run(desk->boss, "ROLLBACK");
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM ops.run"
                                         " WHERE command = 'backup' AND outcome = 'stopped'"),
                     1);
}

static void a_restore_makes_a_new_database_and_touches_no_other(void **state)
{
    struct desk *desk = *state;
    char name[80];
    const char *folder = backup(desk, "");
    snprintf(name, sizeof name, "%s_back", desk->database.name);
    struct program_end end =
        run(desk, PRECONDITION, "restore %s --into %s", folder, desk->database.name);
    assert_non_null(strstr(end.said, "is there and not empty"));
    run(desk, DONE, "restore %s --into %s", folder, name);
    struct postgres_database back = desk->database;
    snprintf(back.name, sizeof back.name, "%.63s", name);
    const char *url = arena_format(&desk->arena, "%s dbname=%s", desk->database.app_url, name);
    PGconn *app SQL_CLOSE = sql_connect(url); /* the service's role may come in */
    assert_int_equal(sql_int(app, "SELECT count(*) FROM clinicd.patient"), 0);
    sql_run(app, "SELECT set_config('app.clinic_id', (SELECT '%lld'), false)",
            (long long)seed_a.clinic_id);
    assert_true(sql_int(app, "SELECT count(*) FROM clinicd.patient") > 0); /* its own only */
    sql_close(&app);
    run(desk, PRECONDITION, "restore %s --into %s", folder, name);
    assert_nothing_is_left(desk);
    postgres_drop(&back);
}

/* The first file of the first clinic: its id, and where it lies in a store or a backup. */
static const char *file_named(struct desk *desk, const char *root, const char **id)
{
    const char *one = sql_text(desk->boss, &desk->arena,
                               "SELECT id FROM clinicd.file WHERE clinic_id = %lld AND state <> "
                               "'missing' AND deleted_at IS NULL ORDER BY id LIMIT 1",
                               (long long)seed_a.clinic_id);
    if (id)
        *id = one;
    return arena_format(&desk->arena, "%s/%lld/%s/%s", root, (long long)seed_a.clinic_id,
                        one + strlen(one) - 2, one);
}

static int64_t files_wanted(struct desk *desk)
{
    return sql_int(desk->boss, "SELECT count(*) FROM clinicd.file");
}

static void the_files_that_rows_name_come_with_it(void **state)
{
    struct desk *desk = *state;
    file_write(inside(desk, desk->store, "nobodys"), "one", 3);
    const char *folder = backup(desk, "");
    assert_int_equal(json_integer_value(json_object_get(manifest_of(desk, folder), "files")),
                     files_wanted(desk));
    assert_int_not_equal(access(inside(desk, folder, "files/nobodys"), F_OK), 0);
    run(desk, DONE, "restore %s --verify", folder);
    const char *kept = file_named(desk, inside(desk, folder, "files"), NULL);
    unlink(kept);
    file_write(kept, "onf", 3);
    struct program_end end = run(desk, UNVERIFIED, "restore %s --verify", folder);
    assert_non_null(strstr(end.said, "is not as it was written"));
}

/* The backup is made and kept all the same: the database is worth it. */
static void a_row_without_its_file_is_named(void **state)
{
    struct desk *desk = *state;
    const char *id = NULL, *path = file_named(desk, desk->store, &id);
    assert_int_equal(unlink(path), 0);
    struct program_end end = run(desk, UNVERIFIED, "backup --to %s", desk->dir);
    assert_non_null(strstr(end.text, id));
    assert_non_null(strstr(end.said, "the store lacks 1 files that rows name"));
    assert_non_null(strstr(end.said, " files fsck\n"));
    assert_int_equal(folders_in(desk->dir, false), 1);
    file_write(path, "other bytes of it", 17);
    end = run(desk, UNVERIFIED, "backup --to %s --json", desk->dir);
    const char *named = NULL, *folder = NULL;
    assert_int_equal(json_unpack(json_of(desk, end.text), "{s:{s:[s], s:s}}", "result", "missing",
                                 &named, "folder", &folder),
                     0);
    assert_non_null(strstr(named, id));
    end = run(desk, DONE, "restore %s --verify", folder); /* what it has comes back */
    assert_non_null(strstr(end.said, "the store lacked 1 files"));
}

/* As somebody would make it who leaves a file out and mends the list. */
static void a_backup_that_lacks_a_file_of_its_rows_is_refused(void **state)
{
    struct desk *desk = *state;
    size_t length;
    const char *id = NULL, *folder = backup(desk, "");
    const char *path = file_named(desk, "files", &id);
    const char *sums = inside(desk, folder, "SHA256SUMS");
    char *lines = file_read(desk, sums, &length);
    char *line = strstr(lines, path) - (DIGEST_TEXT + 1);
    char *next = strchr(line, '\n') + 1;
    memmove(line, next, length - (size_t)(next - lines));
    file_write(sums, lines, length - (size_t)(next - line));
    assert_int_equal(unlink(inside(desk, folder, path)), 0);
    json_t *manifest = manifest_of(desk, folder);
    json_object_set_new(manifest, "files", json_integer(files_wanted(desk) - 1));
    manifest_replace(desk, folder, manifest);
    struct program_end end = run(desk, UNVERIFIED, "restore %s --verify", folder);
    assert_non_null(strstr(end.text, id));
    assert_non_null(strstr(end.text, "no such file restored"));
    assert_nothing_is_left(desk);
}

static void the_files_go_back_into_a_store(void **state)
{
    struct desk *desk = *state;
    const char *folder = backup(desk, ""), *other = inside(desk, desk->dir, "other");
    struct postgres_database back = desk->database;
    snprintf(back.name, sizeof back.name, "%.55s_back", desk->database.name);
    run(desk, USAGE, "restore %s --verify --files %s", folder, other);
    run(desk, DONE, "restore %s --into %s --files %s", folder, back.name, other);
    PGconn *boss SQL_CLOSE =
        sql_connect(arena_format(&desk->arena, "%s dbname=%s", back.superuser_url, back.name));
    struct objects there = objects_count(boss, &(struct store_options){.folder = other}, false);
    assert_int_equal(there.objects, files_wanted(desk));
    assert_int_equal(there.rows_alone + there.objects_alone + there.arriving, 0);
    sql_close(&boss);
    postgres_drop(&back);
    /* What is there with other bytes is nothing to write over. */
    const char *path = file_named(desk, other, NULL);
    unlink(path);
    file_write(path, "somebody else's", 15);
    struct program_end end =
        run(desk, PRECONDITION, "restore %s --into %s --files %s", folder, back.name, other);
    assert_non_null(strstr(end.said, "has other bytes in the store"));
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM pg_database WHERE datname = '%s'", back.name), 0);
}

static void a_bucket_is_kept_and_filled_likewise(void **state)
{
    struct desk *desk = *state;
    struct s3_server server;
    struct store_options options = {.folder = desk->store};
    s3_server_start(&server);
    s3_server_options(&server, &options);
    objects_seed(desk->boss, &options);
    const char *const pairs[BUCKET_VARIABLES][2] = {
        {"URL", options.bucket_url},
        {"REGION", options.region},
        {"ACCESS_KEY", options.access_key},
        {"SECRET_KEY", options.secret_key},
    };
    for (size_t i = 0; i < BUCKET_VARIABLES; i++)
        desk->environment[VARIABLES + i] =
            arena_format(&desk->arena, "CLINICD_BUCKET_%s=%s", pairs[i][0], pairs[i][1]);
    const char *id = NULL, *folder = backup(desk, "");
    file_named(desk, "", &id);
    assert_int_equal(json_integer_value(json_object_get(manifest_of(desk, folder), "files")),
                     files_wanted(desk));
    objects_drop(&options, seed_a.clinic_id, id);
    run(desk, UNVERIFIED, "backup --to %s", desk->dir);
    struct postgres_database back = desk->database;
    snprintf(back.name, sizeof back.name, "%.55s_back", desk->database.name);
    struct program_end end =
        run(desk, DONE, "restore %s --into %s --files store", folder, back.name);
    assert_non_null(strstr(end.text, "1 files put back"));
    postgres_drop(&back);
    s3_server_stop(&server);
    end = run(desk, CANNOT_CONNECT, "backup --to %s", desk->dir); /* no store is not an empty one */
    assert_int_equal(folders_in(desk->dir, true), 0);
}

static void a_legacy_file_is_backed_up_and_proven_likewise(void **state)
{
    struct desk *desk = *state;
    const char *file = inside(desk, desk->dir, "db.sqlite3");
    struct legacy_plan plan = {.generation = LEGACY_SUGAR, .patients = 40, .seed = 7};
    legacy_make(&plan, file);
    const char *folder = backup(desk, arena_format(&desk->arena, " --source %s", file));
    assert_int_equal(rows_of(manifest_of(desk, folder), "hospital_patient"), 40);
    run(desk, DONE, "restore %s --verify", folder);
    run(desk, USAGE, "restore %s --into other_name", folder);
    assert_int_equal(truncate(inside(desk, folder, "legacy.sqlite3"), 8192), 0);
    run(desk, UNVERIFIED, "restore %s --verify", folder);
    plan.flaw = LEGACY_DAMAGED;
    legacy_make(&plan, file);
    struct program_end end = run(desk, PRECONDITION, "backup --to %s --source %s", desk->dir, file);
    assert_non_null(strstr(end.said, "db.sqlite3 cannot be backed up: it is damaged"));
    assert_int_equal(folders_in(desk->dir, true), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(a_backup_under_forced_row_security_comes_back_whole),
        TEST(a_role_that_the_walls_stop_makes_no_backup),
        TEST(a_table_that_the_role_may_not_read_is_named),
        TEST(what_was_truncated_or_altered_is_refused),
        TEST(a_row_less_than_the_manifest_says_is_found),
        TEST(one_that_was_killed_leaves_nothing_that_looks_whole),
        TEST(ctrl_c_leaves_nothing_at_all),
        TEST(a_restore_makes_a_new_database_and_touches_no_other),
        TEST(the_files_that_rows_name_come_with_it),
        TEST(a_row_without_its_file_is_named),
        TEST(a_backup_that_lacks_a_file_of_its_rows_is_refused),
        TEST(the_files_go_back_into_a_store),
        TEST(a_bucket_is_kept_and_filled_likewise),
        TEST(a_legacy_file_is_backed_up_and_proven_likewise),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
