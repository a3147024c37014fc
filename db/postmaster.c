#include "db/postmaster.h"

#include "db/arena.h"
#include "db/program.h"

#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_TIMEOUT_S = 120, STOP_TIMEOUT_S = 60, MARGIN_MS = 5000 };
enum { OLDEST_SERVER = 15, NEWEST_SERVER = 20 };

/* log_min_error_statement, log_error_verbosity, log_parameter_…: what the server writes into its
 * log must not hold a patient's data, and an error's DETAIL or its statement would. */
static const char server_settings[] =
    "# Written by clinicd before every start. For tuning use ALTER SYSTEM.\n"
    "listen_addresses = ''\n"
    "unix_socket_directories = '%s'\n"
    "unix_socket_permissions = 0700\n"
    "max_connections = 60\n"
    "shared_buffers = 256MB\n"
    "effective_cache_size = 1GB\n"
    "random_page_cost = 1.1\n"
    "fsync = on\n"
    "synchronous_commit = on\n"
    "full_page_writes = on\n"
    "wal_compression = on\n"
    "max_wal_size = 2GB\n"
    "jit = off\n"
    "password_encryption = 'scram-sha-256'\n"
    "timezone = 'UTC'\n"
    "log_timezone = 'UTC'\n"
    "cluster_name = 'clinicd'\n"
    "logging_collector = on\n"
    "log_directory = 'log'\n"
    "log_filename = 'postgresql-%%a.log'\n"
    "log_file_mode = 0600\n"
    "log_rotation_age = 1d\n"
    "log_rotation_size = 0\n"
    "log_truncate_on_rotation = on\n"
    "log_line_prefix = '%%m [%%p] %%u '\n"
    "log_statement = none\n"
    "log_min_error_statement = panic\n"
    "log_error_verbosity = terse\n"
    "log_parameter_max_length = 0\n"
    "log_parameter_max_length_on_error = 0\n";

static const char who_may_connect[] = "# Written by clinicd before every start.\n"
                                      "local all all peer map=clinicd\n";

/* One user of the system, four roles; the name is quoted because it may hold anything but a quote.
 */
static const char who_is_who[] = "# Written by clinicd before every start.\n"
                                 "clinicd \"%s\" clinicd_boot\n"
                                 "clinicd \"%s\" clinicd_migrator\n"
                                 "clinicd \"%s\" clinicd_app\n"
                                 "clinicd \"%s\" clinicd_backup\n";

static enum err file_write(const struct postmaster *postmaster, const char *name, const char *text,
                           struct fault *fault)
{
    const char *path = arena_format(fault->arena, "%s/%s", postmaster->dir, name);
    FILE *file = fopen(path, "we");
    bool is_written = file && fputs(text, file) >= 0;
    if (file && fclose(file) != 0)
        is_written = false;
    if (!is_written)
        return fail(fault, ERR_INTERNAL, NULL, "cannot write %s: %s", path, strerror(errno));
    return ERR_NONE;
}

/* The first line of a small file, without its newline; false when there is none. */
static bool file_first_line(const char *path, char *line, int room)
{
    FILE *file = fopen(path, "re");
    bool is_read = file && fgets(line, room, file);
    if (file)
        fclose(file);
    if (is_read)
        line[strcspn(line, "\n")] = '\0';
    return is_read;
}

static bool server_exists(int version, struct postmaster *postmaster, struct arena *arena)
{
    snprintf(postmaster->bin, sizeof postmaster->bin, "/usr/lib/postgresql/%d/bin", version);
    return access(arena_format(arena, "%s/postgres", postmaster->bin), X_OK) == 0;
}

enum err postmaster_find(const char *data_dir, struct fault *fault, struct postmaster *out)
{
    struct postmaster postmaster = {0};
    char real[PATH_MAX], version[16];
    if (!realpath(data_dir, real))
        return fail(fault, ERR_INTERNAL, NULL, "cannot reach %s: %s", data_dir, strerror(errno));
    if (snprintf(postmaster.dir, sizeof postmaster.dir, "%s/postgres", real) >=
        (int)sizeof postmaster.dir)
        return fail(fault, ERR_INPUT, NULL, "the path %s is too long", data_dir);

    const char *version_file = arena_format(fault->arena, "%s/PG_VERSION", postmaster.dir);
    bool is_made = file_first_line(version_file, version, sizeof version);
    int least = is_made ? (int)strtol(version, NULL, 10) : OLDEST_SERVER;
    int most = is_made ? least : NEWEST_SERVER;
    for (int candidate = least; candidate <= most; candidate++) {
        if (server_exists(candidate, &postmaster, fault->arena)) {
            *out = postmaster;
            return ERR_NONE;
        }
    }
    return fail(fault, ERR_INTERNAL, NULL,
                "the embedded server needs Debian's package postgresql-%d (looked in "
                "/usr/lib/postgresql/%d/bin); or set CLINICD_DATABASE_URL",
                least, least);
}

/* What an interrupted initdb left behind. One whose clinicd was killed may even be at work still:
 * then its folder cannot go now, and a later start removes it. */
static void unfinished_sweep(const struct postmaster *postmaster, struct arena *arena)
{
    glob_t found = {0};
    if (glob(arena_format(arena, "%s.new*", postmaster->dir), 0, NULL, &found) == 0) {
        for (size_t i = 0; i < found.gl_pathc; i++) {
            struct fault ignored = {.arena = arena};
            const char *const sweep[] = {"rm", "-rf", "--", found.gl_pathv[i], NULL};
            if (child_run(sweep, 60000, &ignored))
                continue;
        }
    }
    globfree(&found);
}

/* initdb works in a folder of this process's own, which is renamed when it is whole. */
enum err postmaster_make(const struct postmaster *postmaster, struct fault *fault)
{
    struct stat about;
    if (stat(postmaster->dir, &about) == 0)
        return ERR_NONE;
    unfinished_sweep(postmaster, fault->arena);
    const char *unfinished =
        arena_format(fault->arena, "%s.new-%d", postmaster->dir, (int)getpid());
    const char *const initdb[] = {arena_format(fault->arena, "%s/initdb", postmaster->bin),
                                  "--pgdata",
                                  unfinished,
                                  "--username",
                                  "clinicd_boot",
                                  "--data-checksums",
                                  "--encoding=UTF8",
                                  "--locale=C.UTF-8",
                                  "--auth-local=peer",
                                  "--auth-host=reject",
                                  "--no-instructions",
                                  NULL};
    enum err err = child_run(initdb, START_TIMEOUT_S * 1000, fault);
    if (err)
        return err;
    const char *main_file = arena_format(fault->arena, "%s/postgresql.conf", unfinished);
    FILE *file = fopen(main_file, "ae");
    bool is_written = file && fputs("\ninclude 'clinicd.conf'\n", file) >= 0;
    if (file && fclose(file) != 0)
        is_written = false;
    if (!is_written || rename(unfinished, postmaster->dir) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot finish %s: %s", postmaster->dir,
                    strerror(errno));
    return ERR_NONE;
}

/* A postmaster and its backends have the cluster's folder as their working directory, which tells
 * them from a process that merely got the same number after a crash. */
static bool process_works_in(const char *pid, const char *dir)
{
    char link[64], target[PATH_MAX];
    snprintf(link, sizeof link, "/proc/%.20s/cwd", pid);
    ssize_t length = readlink(link, target, sizeof target - 1);
    if (length < 0)
        return false;
    target[length] = '\0';
    return strcmp(target, dir) == 0;
}

static bool any_process_works_in(const char *dir)
{
    DIR *processes = opendir("/proc");
    if (!processes)
        return true; /* unknown: leave the files alone */
    bool is_found = false;
    struct dirent *entry;
    while (!is_found && (entry = readdir(processes)))
        is_found = process_works_in(entry->d_name, dir);
    closedir(processes);
    return is_found;
}

/* postmaster.pid, line by line: pid, data folder, start, port, socket folder, … */
bool postmaster_is_alive(struct postmaster *postmaster)
{
    char path[PATH_MAX + 16], line[PATH_MAX], pid[24] = "";
    postmaster->pid = 0;
    snprintf(path, sizeof path, "%s/postmaster.pid", postmaster->dir);
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    for (int i = 1; i <= 5 && fgets(line, sizeof line, file); i++) {
        line[strcspn(line, "\n")] = '\0';
        if (i == 1)
            snprintf(pid, sizeof pid, "%.20s", line);
        if (i == 5 && line[0] == '/')
            snprintf(postmaster->socket_dir, sizeof postmaster->socket_dir, "%.*s",
                     SOCKET_DIR_ROOM - 1, line);
    }
    fclose(file);
    pid_t number = (pid_t)strtol(pid, NULL, 10);
    if (number > 1)
        waitpid(number, NULL, WNOHANG); /* ours to reap when we are process 1 of a container */
    if (number <= 1 || !process_works_in(pid, postmaster->dir))
        return false;
    postmaster->pid = number;
    return true;
}

/* After a crash the number in postmaster.pid may belong to anybody; PostgreSQL then refuses to
 * start. When nobody works on these files, the file is a leftover. */
static void stale_pid_remove(const struct postmaster *postmaster)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s/postmaster.pid", postmaster->dir);
    if (access(path, F_OK) == 0 && !any_process_works_in(postmaster->dir))
        unlink(path);
}

/* Ours, a real folder, closed to others: /tmp is everybody's. */
static bool private_dir_make(const char *path)
{
    struct stat about;
    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        return false;
    return lstat(path, &about) == 0 && S_ISDIR(about.st_mode) && about.st_uid == geteuid() &&
           (about.st_mode & (S_IWGRP | S_IWOTH)) == 0;
}

static enum err socket_dir_make(struct postmaster *postmaster, struct fault *fault)
{
    uint32_t hash = 2166136261U; /* FNV-1a of the path: one folder a cluster */
    for (const char *c = postmaster->dir; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    snprintf(postmaster->socket_dir, sizeof postmaster->socket_dir, "/run/clinicd/%08x", hash);
    if (private_dir_make(postmaster->socket_dir))
        return ERR_NONE;
    snprintf(postmaster->socket_dir, sizeof postmaster->socket_dir, "/tmp/clinicd-%u-%08x",
             (unsigned)geteuid(), hash);
    if (private_dir_make(postmaster->socket_dir))
        return ERR_NONE;
    return fail(fault, ERR_INTERNAL, NULL, "cannot make the folder %s for the database's socket",
                postmaster->socket_dir);
}

static enum err postmaster_configure(struct postmaster *postmaster, struct fault *fault)
{
    const struct passwd *user = getpwuid(geteuid());
    if (!user)
        return fail(fault, ERR_INTERNAL, NULL,
                    "user %u has no name on this system; PostgreSQL needs one",
                    (unsigned)geteuid());
    const char *name = user->pw_name;
    enum err err = socket_dir_make(postmaster, fault);
    if (!err)
        err =
            file_write(postmaster, "clinicd.conf",
                       arena_format(fault->arena, server_settings, postmaster->socket_dir), fault);
    if (!err)
        err = file_write(postmaster, "pg_hba.conf", who_may_connect, fault);
    if (!err)
        err = file_write(postmaster, "pg_ident.conf",
                         arena_format(fault->arena, who_is_who, name, name, name, name), fault);
    return err;
}

enum err postmaster_launch(struct postmaster *postmaster, struct fault *fault)
{
    enum err err = postmaster_configure(postmaster, fault);
    if (err)
        return err;
    stale_pid_remove(postmaster);
    const char *const start[] = {arena_format(fault->arena, "%s/pg_ctl", postmaster->bin),
                                 "start",
                                 "--silent",
                                 "--wait",
                                 "--timeout",
                                 arena_format(fault->arena, "%d", START_TIMEOUT_S),
                                 "--pgdata",
                                 postmaster->dir,
                                 "--log",
                                 arena_format(fault->arena, "%s/start.log", postmaster->dir),
                                 NULL};
    err = child_run(start, START_TIMEOUT_S * 1000 + MARGIN_MS, fault);
    if (!err && !postmaster_is_alive(postmaster))
        err = fail(fault, ERR_UNAVAILABLE, NULL, "the database server ended right after its start");
    return err;
}

enum err postmaster_stop(const struct postmaster *postmaster, struct fault *fault)
{
    const char *const stop[] = {arena_format(fault->arena, "%s/pg_ctl", postmaster->bin),
                                "stop",
                                "--silent",
                                "--mode=fast",
                                "--wait",
                                "--timeout",
                                arena_format(fault->arena, "%d", STOP_TIMEOUT_S),
                                "--pgdata",
                                postmaster->dir,
                                NULL};
    enum err err = child_run(stop, STOP_TIMEOUT_S * 1000 + MARGIN_MS, fault);
    if (!err)
        rmdir(postmaster->socket_dir);
    return err;
}
