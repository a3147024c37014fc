#include "db/store/scan.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/store/parts.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIECE = 64 * 1024, WORDS = 256, PORT_MOST = 65535 };

struct scanner {
    char *command; /* a path, or NULL: a socket */
    union {
        struct sockaddr any;
        struct sockaddr_un local;
        struct sockaddr_in net;
    } address;
    socklen_t address_length;
    int timeout_s;
};

/* --- settings ------------------------------------------------------------------------------- */

static bool local_read(const char *path, struct scanner *out)
{
    if (path[0] != '/' || strlen(path) >= sizeof out->address.local.sun_path)
        return false;
    out->address.local.sun_family = AF_UNIX;
    strcpy(out->address.local.sun_path, path);
    out->address_length = sizeof out->address.local;
    return true;
}

static bool net_read(const char *text, struct scanner *out)
{
    char host[INET_ADDRSTRLEN] = "";
    size_t length = strcspn(text, ":");
    char *end = NULL;
    long port = text[length] ? strtol(text + length + 1, &end, 10) : 0;
    if (length >= sizeof host || !end || *end || port < 1 || port > PORT_MOST)
        return false;
    memcpy(host, text, length);
    out->address.net.sin_family = AF_INET;
    out->address.net.sin_port = htons((uint16_t)port);
    out->address_length = sizeof out->address.net;
    return inet_pton(AF_INET, host, &out->address.net.sin_addr) == 1;
}

static bool command_read(const char *path, struct scanner *out)
{
    out->command = strdup(path);
    return out->command && path[0] == '/' && access(path, X_OK) == 0;
}

enum err scanner_make(const char *address, int timeout_s, struct fault *fault, struct scanner **out)
{
    struct scanner *scanner = calloc(1, sizeof *scanner);
    if (!scanner)
        abort();
    scanner->timeout_s = timeout_s;
    bool is_good = false;
    if (strncmp(address, "unix:", 5) == 0)
        is_good = local_read(address + 5, scanner);
    else if (strncmp(address, "tcp:", 4) == 0)
        is_good = net_read(address + 4, scanner);
    else if (strncmp(address, "command:", 8) == 0)
        is_good = command_read(address + 8, scanner);
    if (is_good) {
        *out = scanner;
        return ERR_NONE;
    }
    scanner_free(scanner);
    return fail(fault, ERR_INPUT, NULL,
                "the scanner %s is none of unix:/path, tcp:1.2.3.4:port, command:/path (that can "
                "be run)",
                address);
}

void scanner_free(struct scanner *scanner)
{
    if (!scanner)
        return;
    free(scanner->command);
    free(scanner);
}

/* --- talking -------------------------------------------------------------------------------- */

static enum err away(struct fault *fault, const char *what, const char *why)
{
    return fail_quietly(fault, ERR_UNAVAILABLE, "scanner-unavailable", "the scanner %s: %s", what,
                        why);
}

/* False with errno when it is not ready before the time is up. */
static bool wait_until(int fd, short events, int64_t until_us)
{
    int64_t left_ms = (until_us - clock_monotonic_us()) / 1000;
    struct pollfd watched = {.fd = fd, .events = events};
    int ready = left_ms > 0 ? poll(&watched, 1, (int)left_ms) : 0;
    if (ready == 0)
        errno = ETIMEDOUT;
    return ready > 0;
}

static bool send_all(int fd, const void *bytes, size_t n, int64_t until_us)
{
    const char *at = bytes;
    while (n > 0) {
        ssize_t sent = send(fd, at, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
            if (!wait_until(fd, POLLOUT, until_us))
                return false;
            continue;
        }
        if (sent < 0)
            return false;
        at += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* The whole file; of clamd's each piece begins with its length. A scanner that has heard enough
 * closes early, and its answer says why: that is no failure here. */
static enum err file_send(int fd, bool is_framed, struct store_reader *file, int64_t until_us,
                          struct fault *fault)
{
    unsigned char *piece = arena_take(fault->arena, PIECE);
    ssize_t n;
    while ((n = store_reader_read(file, piece, PIECE)) > 0) {
        uint32_t length = htonl((uint32_t)n);
        if ((is_framed && !send_all(fd, &length, sizeof length, until_us)) ||
            !send_all(fd, piece, (size_t)n, until_us))
            return errno == ETIMEDOUT ? away(fault, "does not take the file", strerror(errno))
                                      : ERR_NONE;
    }
    if (n < 0)
        return fail_quietly(fault, ERR_INTERNAL, NULL, "a file broke off while it was scanned");
    uint32_t end = 0;
    if (is_framed && !send_all(fd, &end, sizeof end, until_us) && errno == ETIMEDOUT)
        return away(fault, "does not take the file", strerror(errno));
    return ERR_NONE;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* "stream: OK", "stream: Eicar-Signature FOUND", or something that means neither. */
static enum err words_judge(const char *words, struct fault *fault, enum scan *out)
{
    if (strcmp(words, "stream: OK") == 0)
        *out = SCAN_CLEAN;
    else if (strncmp(words, "stream: ", 8) == 0 && ends_with(words, " FOUND"))
        *out = SCAN_INFECTED;
    else
        return away(fault, "says", words[0] ? words : "nothing");
    return ERR_NONE;
}

static enum err words_read(int fd, int64_t until_us, struct fault *fault, enum scan *out)
{
    char words[WORDS] = "";
    size_t length = 0;
    for (ssize_t n = 1; n > 0 && length < sizeof words - 1 && !memchr(words, '\0', length);) {
        if (!wait_until(fd, POLLIN, until_us))
            return away(fault, "does not answer", strerror(errno));
        n = recv(fd, words + length, sizeof words - 1 - length, 0);
        length += n > 0 ? (size_t)n : 0;
    }
    words[length] = '\0';
    words[strcspn(words, "\r\n")] = '\0';
    return words_judge(words, fault, out);
}

static enum err socket_ask(const struct scanner *scanner, struct store_reader *file,
                           int64_t until_us, struct fault *fault, enum scan *out)
{
    static const char command[] = "zINSTREAM";
    struct timeval patience = {.tv_sec = scanner->timeout_s};
    int fd CLEANUP(fd_drop) = socket(scanner->address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0 ||
        connect(fd, &scanner->address.any, scanner->address_length) != 0)
        return away(fault, "cannot be reached", strerror(errno));
    if (!send_all(fd, command, sizeof command, until_us)) /* with its NUL */
        return away(fault, "does not listen", strerror(errno));
    enum err err = file_send(fd, true, file, until_us, fault);
    return err ? err : words_read(fd, until_us, fault, out);
}

/* --- a program ------------------------------------------------------------------------------ */

static int command_spawn(char *path, int input, pid_t *out)
{
    char *const argv[] = {path, NULL};
    char home[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *const environment[] = {home, NULL}; /* nothing of ours, which has secrets in it */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_adddup2(&files, input, STDIN_FILENO);
    posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int error = posix_spawn(out, path, &files, &attributes, argv, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* Killed with all that it started when the time is up. -1: it gave no exit code. */
static int command_await(pid_t pid, int64_t until_us)
{
    int status = 0, handle CLEANUP(fd_drop) = pidfd_open(pid, 0);
    if (handle < 0 || !wait_until(handle, POLLIN, until_us))
        kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static enum err command_ask(const struct scanner *scanner, struct store_reader *file,
                            int64_t until_us, struct fault *fault, enum scan *out)
{
    int ends[2];
    pid_t pid;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
        return away(fault, "cannot be started", strerror(errno));
    int ours CLEANUP(fd_drop) = ends[0], theirs CLEANUP(fd_drop) = ends[1];
    int error = command_spawn(scanner->command, theirs, &pid);
    if (error)
        return away(fault, "cannot be started", strerror(error));
    fd_drop(&theirs);
    enum err err = file_send(ours, false, file, until_us, fault);
    fd_drop(&ours);
    int code = command_await(pid, err ? 0 : until_us);
    if (!err && code != 0 && code != 1)
        err = away(fault, "gave no verdict", code < 0 ? "it was killed" : "another exit code");
    if (!err)
        *out = code == 0 ? SCAN_CLEAN : SCAN_INFECTED;
    return err;
}

enum err scanner_ask(const struct scanner *scanner, struct store_reader *file, struct fault *fault,
                     enum scan *out)
{
    int64_t until_us = clock_monotonic_us() + scanner->timeout_s * INT64_C(1000000);
    return scanner->command ? command_ask(scanner, file, until_us, fault, out)
                            : socket_ask(scanner, file, until_us, fault, out);
}
