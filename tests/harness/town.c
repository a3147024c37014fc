#include "tests/harness/town.h"

#include "db/buf.h"
#include "db/clock.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"
#include "tests/harness/seed.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { START_MS = 30000, STOP_MS = 40000, PATH_TEXT = 128 };

static const struct passwd *town_user(void)
{
    if (geteuid() != 0)
        return getpwuid(geteuid());
    const struct passwd *user = getpwnam("postgres");
    return user ? user : getpwnam("nobody");
}

/* --- children ------------------------------------------------------------------------------- */

/* As another user, with nothing in its environment but `environment`, its output in dir/log. */
static pid_t child_start(const struct town *town, const char *const argv[],
                         const char *const environment[])
{
    char path[PATH_TEXT];
    const struct passwd *user = town_user();
    snprintf(path, sizeof path, "%s/%s", town->dir, environment ? "service.log" : "postgres.log");
    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    static const char *const nothing[] = {NULL};
    int log = open(path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(environment ? null : log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    for (int fd = 3; fd < 1024; fd++)
        close(fd);
    if (geteuid() == 0 && (setgroups(0, NULL) || setgid(user->pw_gid) || setuid(user->pw_uid)))
        _exit(126);
    prctl(PR_SET_PDEATHSIG, environment ? SIGKILL : SIGQUIT); /* after setuid(), which forgets it */
    if (chdir("/") == 0)
        execve(argv[0], (char *const *)(uintptr_t)argv,
               (char *const *)(uintptr_t)(environment ? environment : nothing));
    _exit(127);
}

static int child_wait(pid_t child, int most_ms)
{
    int status = -1;
    for (int64_t until = clock_monotonic_us() + most_ms * INT64_C(1000);
         waitpid(child, &status, WNOHANG) == 0; usleep(1000))
        if (clock_monotonic_us() > until)
            die("process %d does not end", (int)child);
    return status;
}

/* --- PostgreSQL ----------------------------------------------------------------------------- */

static void init(const struct town *town)
{
    char data[PATH_TEXT];
    snprintf(data, sizeof data, "%s/data", town->dir);
    const char *const argv[] = {
        POSTGRES_BIN "/initdb", "--no-sync",        "--auth=trust", "-U", "postgres", "-E", "UTF8",
        "--locale=C.UTF-8",     "--data-checksums", "-D",           data, NULL};
    if (child_wait(child_start(town, argv, NULL), START_MS) != 0)
        die("initdb failed, see %s/postgres.log", town->dir);
}

void town_postgres_start(struct town *town)
{
    char data[PATH_TEXT], url[PATH_TEXT];
    snprintf(data, sizeof data, "%s/data", town->dir);
    snprintf(url, sizeof url, "host=%s dbname=postgres user=postgres connect_timeout=2", town->dir);
    const char *const argv[] = {
        POSTGRES_BIN "/postgres",
        "-D",
        data,
        "-k",
        town->dir,
        "-c",
        "listen_addresses=",
        "-c",
        "max_connections=60",
        "-c",
        "timezone=UTC",
        NULL}; /* fsync, full_page_writes, synchronous_commit: as they are */
    town->postgres = child_start(town, argv, NULL);
    int64_t until = clock_monotonic_us() + START_MS * INT64_C(1000);
    for (; PQping(url) != PQPING_OK; usleep(5000))
        if (clock_monotonic_us() > until || waitpid(town->postgres, NULL, WNOHANG) != 0)
            die("PostgreSQL does not start, see %s/postgres.log", town->dir);
}

void town_postgres_crash(struct town *town)
{
    kill(town->postgres, SIGQUIT);
    child_wait(town->postgres, STOP_MS);
    town->postgres = 0;
}

/* --- the service ---------------------------------------------------------------------------- */

/* Below those that the kernel hands out: while the service is down nobody may come by its port, be
 * it as the near end of a connection. */
static int free_port(void)
{
    enum { FIRST = 20000, RANGE = 10000 };
    int port = FIRST + (int)getpid() % RANGE;
    for (int i = 0; i < RANGE; i++, port = FIRST + (port + 1 - FIRST) % RANGE) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0)
            break;
        bool is_free = bind(fd, (struct sockaddr *)&address, sizeof address) == 0;
        close(fd);
        if (is_free)
            return port;
    }
    die("no free port: %s", strerror(errno));
}

/* A copy beside the data: the user may not be able to reach where it was built. */
static void program_copy(const struct town *town)
{
    char self[PATH_MAX] = "", command[2 * PATH_MAX];
    if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
        die("/proc/self/exe: %s", strerror(errno));
    for (int i = 0; i < 2; i++) /* build/tests/api-x_test -> build */
        *strrchr(self, '/') = '\0';
    snprintf(command, sizeof command, "install -m 755 '%s/clinicd' '%s/clinicd'", self, town->dir);
    if (system(command) != 0)
        die("there is no %s/clinicd", self);
}

void town_service_start(struct town *town)
{
    struct arena arena CLEANUP(arena_end) = {0};
    const char *asan = getenv("ASAN_OPTIONS"), *lsan = getenv("LSAN_OPTIONS");
    const char *environment[24] = {
        arena_format(&arena, "CLINICD_DATABASE_URL=%s", town->database.app_url),
        arena_format(&arena, "CLINICD_DATA_DIR=%s/home", town->dir),
        arena_format(&arena, "CLINICD_LISTEN=127.0.0.1:%d", town->port),
        "CLINICD_OPERATOR_LISTEN=127.0.0.1:0",
        /* Few connections, as it starts often; and no answer because the machine is busy. */
        "CLINICD_WRITE_CONNECTIONS=2", "CLINICD_TRANSACTION_CONNECTIONS=2",
        "CLINICD_REQUEST_DEADLINE_MS=25000", "CLINICD_ACQUIRE_TIMEOUT_MS=20000",
        "CLINICD_STATEMENT_TIMEOUT_MS=20000", "CLINICD_LOCK_TIMEOUT_MS=20000", "PATH=/usr/bin:/bin",
        arena_format(&arena, "ASAN_OPTIONS=%s", asan ? asan : ""),
        arena_format(&arena, "LSAN_OPTIONS=%s", lsan ? lsan : "")};
    size_t n = 0;
    while (environment[n])
        n++;
    for (size_t i = 0; i < TOWN_SETTINGS_MOST && town->settings[i]; i++)
        environment[n++] = town->settings[i];
    const char *const argv[] = {arena_format(&arena, "%s/clinicd", town->dir), "serve", NULL};
    town->service = child_start(town, argv, environment);
    town->starts++;
}

void town_service_kill(struct town *town)
{
    kill(town->service, SIGKILL);
    child_wait(town->service, STOP_MS);
    town->service = 0;
}

int town_service_stop(struct town *town)
{
    kill(town->service, SIGTERM);
    int status = child_wait(town->service, STOP_MS);
    town->service = 0;
    return status;
}

bool town_service_lives(const struct town *town)
{
    return town->service > 0 && waitpid(town->service, NULL, WNOHANG) == 0;
}

int town_ready_ms(const struct town *town, int most_ms)
{
    static const char ask[] =
        "GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    int64_t begun = clock_monotonic_us();
    for (;;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct answer answer = {0};
        struct raw raw;
        raw_open(&raw, town->port);
        enum raw_end end = raw_ask(&raw, &arena, ask, sizeof ask - 1, false, 2000, &answer);
        raw_close(&raw);
        int ms = (int)((clock_monotonic_us() - begun) / 1000);
        if (end == RAW_ANSWERED && answer.status == 200)
            return ms;
        if (ms > most_ms)
            return -1;
        usleep(2000);
    }
}

const char *town_files(const struct town *town, struct arena *arena)
{
    return arena_format(arena, "%s/home/files", town->dir);
}

char *town_log(const struct town *town, struct arena *arena)
{
    char path[PATH_TEXT];
    struct buf out;
    snprintf(path, sizeof path, "%s/service.log", town->dir);
    FILE *file = fopen(path, "r");
    if (!file)
        die("no %s", path);
    buf_begin(&out, arena, 65536);
    char room[4096];
    for (size_t n; (n = fread(room, 1, sizeof room, file)) > 0;)
        buf_add(&out, room, n);
    fclose(file);
    return out.text;
}

/* --- begin and end -------------------------------------------------------------------------- */

void town_begin(struct town *town)
{
    char path[PATH_TEXT];
    const struct passwd *user = town_user();
    *town = (struct town){.dir = "/tmp/clinicd-town-XXXXXX", .port = free_port()};
    if (!user || !mkdtemp(town->dir))
        die("cannot make a folder: %s", strerror(errno));
    snprintf(path, sizeof path, "%s/home", town->dir);
    if (mkdir(path, 0700) || (geteuid() == 0 && (chown(town->dir, user->pw_uid, user->pw_gid) ||
                                                 chown(path, user->pw_uid, user->pw_gid))))
        die("cannot make %s: %s", path, strerror(errno));
    program_copy(town);
    init(town);
    town_postgres_start(town);
    struct cluster cluster = {.keeper = 0};
    memcpy(cluster.dir, town->dir, sizeof cluster.dir);
    postgres_prepare(&cluster);
    setenv("CLINICD_TEST_SOCKET", town->dir, 1); /* tests/harness/postgres.c looks there */
    postgres_database("town", &town->database);
    PGconn *boss SQL_CLOSE = sql_connect(town->database.superuser_url);
    seed_clinic(boss, &seed_a);
    seed_clinic(boss, &seed_b);
    seed_platform(boss);
}

void town_end(struct town *town)
{
    char command[PATH_TEXT];
    if (town->service > 0)
        town_service_kill(town);
    if (town->postgres > 0)
        town_postgres_crash(town);
    snprintf(command, sizeof command, "rm -rf -- '%s'", town->dir);
    if (system(command) != 0)
        die("cannot remove %s", town->dir);
    *town = (struct town){0};
}
