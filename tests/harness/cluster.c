#include "tests/harness/cluster.h"

#include "tests/harness/die.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <libpq-fe.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH_TEXT = 128, STOP_SECONDS = 10, START_SECONDS = 60 };

/* ---- small things ---- */

static void pause_ms(long ms)
{
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

static const struct passwd *server_user(void)
{
    if (geteuid() != 0)
        return getpwuid(geteuid());
    const struct passwd *user = getpwnam("postgres");
    return user ? user : getpwnam("nobody");
}

/* Runs in the child: becomes the server's user and then the program. */
static void child_exec(const struct passwd *user, const char *const argv[])
{
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(user->pw_gid) || setuid(user->pw_uid)))
        _exit(126);
    if (chdir("/"))
        _exit(126);
    execv(argv[0], (char *const *)(uintptr_t)argv); /* POSIX: it changes nothing */
    _exit(127);
}

static pid_t child_start(const struct passwd *user, const char *const argv[])
{
    pid_t child = fork();
    if (child == 0)
        child_exec(user, argv);
    return child;
}

/* True when the child ended within the time; `status` as waitpid() gives it. */
static bool child_wait(pid_t child, int seconds, int *status)
{
    for (int i = 0; i < seconds * 50; i++) {
        pid_t ended = waitpid(child, status, WNOHANG);
        if (ended == child || (ended < 0 && errno == ECHILD))
            return true;
        pause_ms(20);
    }
    return false;
}

/* ---- the keeper ---- */

static bool server_answers(const char *dir, pid_t server)
{
    char url[PATH_TEXT];
    snprintf(url, sizeof url, "host=%s dbname=postgres user=postgres connect_timeout=2", dir);
    for (int i = 0; i < START_SECONDS * 20; i++) {
        if (PQping(url) == PQPING_OK)
            return true;
        if (waitpid(server, NULL, WNOHANG) == server)
            return false;
        pause_ms(50);
    }
    return false;
}

static bool cluster_init(const char *dir, const struct passwd *user)
{
    char data[PATH_TEXT];
    snprintf(data, sizeof data, "%s/data", dir);
    const char *const argv[] = {
        POSTGRES_BIN "/initdb", "--no-sync", "--auth=trust", "-U", "postgres", "-E", "UTF8",
        "--locale=C.UTF-8",     "-D",        data,           NULL};
    int status = -1;
    pid_t child = child_start(user, argv);
    return child > 0 && child_wait(child, START_SECONDS, &status) && status == 0;
}

static pid_t server_start(const char *dir, const struct passwd *user)
{
    char data[PATH_TEXT], socket[PATH_TEXT];
    snprintf(data, sizeof data, "%s/data", dir);
    snprintf(socket, sizeof socket, "unix_socket_directories=%s", dir);
    const char *const argv[] = {POSTGRES_BIN "/postgres",
                                "-D",
                                data,
                                "-c",
                                socket,
                                "-c",
                                "listen_addresses=",
                                "-c",
                                "max_connections=300",
                                "-c",
                                "shared_buffers=128MB",
                                "-c",
                                "fsync=off",
                                "-c",
                                "full_page_writes=off",
                                "-c",
                                "wal_level=minimal",
                                "-c",
                                "max_wal_senders=0",
                                "-c",
                                "log_min_messages=fatal",
                                "-c",
                                "log_min_error_statement=panic",
                                "-c",
                                "timezone=UTC",
                                NULL};
    return child_start(user, argv);
}

static void server_stop(pid_t server)
{
    static const int signals[] = {SIGINT, SIGQUIT, SIGKILL};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        kill(server, signals[i]);
        if (child_wait(server, STOP_SECONDS, NULL))
            return;
    }
}

static void folder_remove(const char *dir)
{
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/rm", "rm", "-rf", "--", dir, (char *)NULL);
        _exit(127);
    }
    if (child > 0)
        child_wait(child, START_SECONDS, NULL);
}

/* Sleeps until the holder lets go, somebody says stop, or time is up. */
static void keeper_wait(int alive, int signals)
{
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = alive, .events = POLLIN}};
    poll(fds, alive < 0 ? 1 : 2, CLUSTER_MINUTES_MAX * 60 * 1000);
}

static void keeper_run(const char *dir, int alive, int ready)
{
    sigset_t stops;
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    sigprocmask(SIG_BLOCK, &stops, NULL);
    int signals = signalfd(-1, &stops, SFD_CLOEXEC);
    const struct passwd *user = server_user();
    pid_t server = cluster_init(dir, user) ? server_start(dir, user) : -1;
    if (server > 0 && server_answers(dir, server) && write(ready, "y", 1) == 1)
        keeper_wait(alive, signals);
    if (server > 0)
        server_stop(server);
    folder_remove(dir);
}

/* Lets go of everything that the starter has open, so that nobody waits for a pipe of ours. */
static void keeper_detach(const char *dir, int alive, int ready)
{
    char path[PATH_TEXT];
    snprintf(path, sizeof path, "%s/log", dir);
    int null = open("/dev/null", O_RDONLY);
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    setsid();
    dup2(null, STDIN_FILENO);
    dup2(log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    for (int fd = 3; fd < 256; fd++)
        if (fd != alive && fd != ready)
            close(fd);
}

/* ---- the holder ---- */

static void folder_make(char dir[CLUSTER_DIR_TEXT])
{
    const struct passwd *user = server_user();
    strcpy(dir, "/tmp/clinicd-test-XXXXXX");
    if (!user || !mkdtemp(dir) || (geteuid() == 0 && chown(dir, user->pw_uid, user->pw_gid)))
        die("cannot make a folder for the cluster: %s", strerror(errno));
}

static void ready_wait(int ready, const char *dir)
{
    char answer;
    struct pollfd fd = {.fd = ready, .events = POLLIN};
    if (poll(&fd, 1, 2 * START_SECONDS * 1000) != 1 || read(ready, &answer, 1) != 1)
        die("the cluster in %s did not start (PostgreSQL in %s)", dir, POSTGRES_BIN);
}

void cluster_start(bool until_exit, struct cluster *out)
{
    int ready[2], alive[2] = {-1, -1};
    folder_make(out->dir);
    /* The holder's end of `alive` is never closed by hand: the end of the process does that. */
    if (pipe2(ready, O_CLOEXEC) || (until_exit && pipe2(alive, O_CLOEXEC)))
        die("pipe: %s", strerror(errno));
    fflush(NULL);
    out->keeper = fork();
    if (out->keeper < 0)
        die("fork: %s", strerror(errno));
    if (out->keeper == 0) {
        keeper_detach(out->dir, alive[0], ready[1]);
        keeper_run(out->dir, alive[0], ready[1]);
        _exit(0);
    }
    close(ready[1]);
    if (until_exit)
        close(alive[0]);
    ready_wait(ready[0], out->dir);
    close(ready[0]);
}

void cluster_stop(const struct cluster *cluster)
{
    kill(cluster->keeper, SIGTERM);
    for (int i = 0; i < 3 * STOP_SECONDS * 20; i++) {
        waitpid(cluster->keeper, NULL, WNOHANG); /* it may be our child */
        if (access(cluster->dir, F_OK))
            return;
        pause_ms(50);
    }
    die("the cluster in %s did not stop", cluster->dir);
}

void cluster_save(const struct cluster *cluster, const char *path)
{
    FILE *file = fopen(path, "w");
    if (!file || fprintf(file, "%d %s\n", (int)cluster->keeper, cluster->dir) < 0 || fclose(file))
        die("cannot write %s: %s", path, strerror(errno));
}

bool cluster_load(const char *path, struct cluster *out)
{
    int keeper;
    FILE *file = fopen(path, "r");
    if (!file)
        return false;
    bool is_read = fscanf(file, "%d %63s", &keeper, out->dir) == 2;
    fclose(file);
    out->keeper = keeper;
    return is_read && access(out->dir, F_OK) == 0;
}
