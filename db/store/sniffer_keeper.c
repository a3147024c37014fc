/* The keeper and its children: the service's own program, forked before it knew any secret and
 * before its first thread. The keeper has libmagic's database in memory and the filter ready; each
 * child looks at one file and ends.
 *
 * A child can: compute, get memory, write its answer. It cannot open, read, connect, signal, fork
 * or run anything; its file is memory. Time is bounded twice, by CPU seconds and by an alarm that
 * it has no call to put off. */
#include "db/store/sniffer_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <magic.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_FD = 3, CANVAS_FD = 4, FIRST_FREE_FD = 5 };
enum { MAGIC_HEAD = 1024 * 1024, MEMORY_MOST = 512 * 1024 * 1024 };
enum { AGAIN_US = 100 * 1000 };

struct keeper {
    int socket;
    magic_t magic;
    scmp_filter_ctx filter;
};

/* --- the child ------------------------------------------------------------------------------ */

static void answer(enum look look, const struct sight *sight) __attribute__((noreturn));

static void answer(enum look look, const struct sight *sight)
{
    struct sniff_answer answer = {.look = (int)look};
    if (sight) {
        answer.kind = (int)sight->kind;
        answer.width = sight->width;
        answer.height = sight->height;
    }
    ssize_t n = write(ANSWER_FD, &answer, sizeof answer);
    _exit(n == sizeof answer ? 0 : 1);
}

static void give_up(enum look why) __attribute__((noreturn));

static void give_up(enum look why)
{
    answer(why, NULL);
}

static void canvas_write(const unsigned char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t written = write(CANVAS_FD, bytes, n);
        if (written <= 0)
            _exit(1);
        bytes += written;
        n -= (size_t)written;
    }
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
    const struct rlimit both = {most, most};
    if (setrlimit(what, &both) != 0)
        _exit(1);
}

/* What is behind the walls when the sanitizers' own memory is not counted. */
static void limit_memory(uint64_t size)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    (void)size;
#else
    limit(RLIMIT_AS, MEMORY_MOST + size);
#endif
}

static void walls_close(const struct keeper *keeper, const struct sniff_request *request)
{
    alarm(JUDGE_S);
    limit(RLIMIT_CPU, JUDGE_S);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, request->most_width ? REPAINTED_MOST : 0);
    limit_memory(request->size);
    limit(RLIMIT_NOFILE, 0);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || seccomp_load(keeper->filter) != 0)
        _exit(1);
}

/* The descriptors that came have any numbers; from here on they have fixed ones. */
static void descriptors_place(const int given[SNIFF_DESCRIPTORS])
{
    int answer_fd = fcntl(given[SNIFF_ANSWER], F_DUPFD, FIRST_FREE_FD);
    int canvas_fd =
        given[SNIFF_CANVAS] < 0 ? -1 : fcntl(given[SNIFF_CANVAS], F_DUPFD, FIRST_FREE_FD);
    if (dup2(answer_fd, ANSWER_FD) < 0 || (canvas_fd >= 0 && dup2(canvas_fd, CANVAS_FD) < 0))
        _exit(1);
    close_range(canvas_fd < 0 ? CANVAS_FD : FIRST_FREE_FD, ~0u, 0);
}

static void child_run(const struct keeper *keeper, const struct sniff_request *request,
                      const int given[SNIFF_DESCRIPTORS]) __attribute__((noreturn));

static void child_run(const struct keeper *keeper, const struct sniff_request *request,
                      const int given[SNIFF_DESCRIPTORS])
{
    static const struct canvas canvas = {.write = canvas_write, .give_up = give_up};
    void *mapped = request->size
                       ? mmap(NULL, request->size, PROT_READ, MAP_PRIVATE, given[SNIFF_FILE], 0)
                       : NULL;
    descriptors_place(given);
    if (mapped == MAP_FAILED)
        answer(LOOK_BUSY, NULL);
    if (!mapped)
        answer(LOOK_EMPTY, NULL);
    walls_close(keeper, request);
    const unsigned char *bytes = mapped;
    struct sight sight = {0};
    size_t n = request->size, head = n < MAGIC_HEAD ? n : MAGIC_HEAD;
    const char *media_type = magic_buffer(keeper->magic, bytes, head);
    enum look look = look_at(bytes, n, media_type ? media_type : "", &sight);
    if (look == LOOK_FINE && request->most_width) {
        if (sight.kind == KIND_PDF)
            answer(LOOK_STRANGE, NULL);
        repaint(bytes, n, sight.kind, request->most_width, request->most_height, &canvas, &sight);
    }
    answer(look, &sight);
}

/* --- the keeper ----------------------------------------------------------------------------- */

static bool filter_make(scmp_filter_ctx *out)
{
    static const int memory[] = {SCMP_SYS(brk),      SCMP_SYS(munmap), SCMP_SYS(mremap),
                                 SCMP_SYS(madvise),  SCMP_SYS(exit),   SCMP_SYS(exit_group),
                                 SCMP_SYS(getrandom)};
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!filter)
        return false;
    bool is_made = true;
    for (size_t i = 0; i < sizeof memory / sizeof *memory; i++)
        is_made &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, memory[i], 0) == 0;
    is_made &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2,
                                SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0),
                                SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_ANONYMOUS, MAP_ANONYMOUS)) == 0;
    for (int fd = ANSWER_FD; fd <= CANVAS_FD; fd++)
        is_made &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1,
                                    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd, 0)) == 0;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    static const int sanitizers[] = {SCMP_SYS(mprotect), SCMP_SYS(futex),  SCMP_SYS(sched_yield),
                                     SCMP_SYS(getpid),   SCMP_SYS(gettid), SCMP_SYS(sigaltstack)};
    for (size_t i = 0; i < sizeof sanitizers / sizeof *sanitizers; i++)
        is_made &= seccomp_rule_add(filter, SCMP_ACT_ALLOW, sanitizers[i], 0) == 0;
#endif
    *out = filter;
    return is_made;
}

static bool magic_ready(magic_t *out)
{
    *out = magic_open(MAGIC_MIME_TYPE | MAGIC_NO_CHECK_COMPRESS | MAGIC_NO_CHECK_TAR |
                      MAGIC_NO_CHECK_ELF | MAGIC_NO_CHECK_CDF | MAGIC_NO_CHECK_TOKENS |
                      MAGIC_NO_CHECK_ENCODING);
    return *out && magic_load(*out, NULL) == 0;
}

/* Descriptors that are not there stay -1. */
static void descriptors_take(struct msghdr *message, int out[SNIFF_DESCRIPTORS])
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        size_t bytes = part->cmsg_len - CMSG_LEN(0);
        if (bytes <= SNIFF_DESCRIPTORS * sizeof(int))
            memcpy(out, CMSG_DATA(part), bytes);
    }
}

/* -1: the service is gone. 0: nothing to do. */
static int request_take(int socket, struct sniff_request *request, int given[SNIFF_DESCRIPTORS])
{
    union {
        char bytes[CMSG_SPACE(SNIFF_DESCRIPTORS * sizeof(int))];
        struct cmsghdr aligned;
    } control = {0};
    struct iovec part = {.iov_base = request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (n < 0 && errno == EINTR)
        return 0;
    if (n <= 0)
        return -1;
    descriptors_take(&message, given);
    return n == sizeof *request && given[SNIFF_FILE] >= 0 && given[SNIFF_ANSWER] >= 0;
}

static void busy(int fd)
{
    struct sniff_answer answer = {.look = LOOK_BUSY};
    if (write(fd, &answer, sizeof answer) < 0)
        return; /* who asked is gone */
}

static void requests_serve(const struct keeper *keeper) __attribute__((noreturn));

static void requests_serve(const struct keeper *keeper)
{
    for (;;) {
        struct sniff_request request = {0};
        int given[SNIFF_DESCRIPTORS] = {-1, -1, -1};
        int taken = request_take(keeper->socket, &request, given);
        if (taken < 0)
            _exit(0);
        pid_t child = taken ? fork() : -1;
        if (child == 0)
            child_run(keeper, &request, given);
        if (taken && child < 0)
            busy(given[SNIFF_ANSWER]);
        for (size_t i = 0; i < SNIFF_DESCRIPTORS; i++) {
            if (given[i] >= 0)
                close(given[i]);
        }
    }
}

/* Children are reaped by nobody: the kernel forgets them. */
static void keep(int socket) __attribute__((noreturn));

static void keep(int socket)
{
    struct keeper keeper = {.socket = socket};
    signal(SIGCHLD, SIG_IGN);
    if (!magic_ready(&keeper.magic) || !filter_make(&keeper.filter) ||
        send(socket, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
        _exit(1);
    requests_serve(&keeper);
}

/* True when it ended of itself: the service is gone, or there is nothing to work with. */
static bool keeper_ended(pid_t keeper)
{
    int status = 0;
    while (waitpid(keeper, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status);
}

/* The first process only watches over the second, which does the work. */
void keeper_run(int socket)
{
    prctl(PR_SET_NAME, "clinicd-sniffer");
    for (;;) {
        pid_t keeper = fork();
        if (keeper == 0)
            keep(socket);
        if (keeper > 0 && keeper_ended(keeper))
            _exit(0);
        usleep(AGAIN_US);
    }
}
