#include "db/store/sniffer.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/store/parts.h"
#include "db/store/sniffer_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 4, TURN_S = 10, ANSWER_MS = (JUDGE_S + 2) * 1000, START_MS = 20 * 1000 };

struct sniffer {
    int socket;
    pid_t watcher; /* the keeper's parent */
    sem_t turns;
};

/* --- start and end -------------------------------------------------------------------------- */

static void environment_wipe(void)
{
    for (char **entry = environ; *entry; entry++)
        explicit_bzero(*entry, strlen(*entry));
    *environ = NULL;
}

/* What the fork inherited and a keeper should not have: descriptors, a terminal, signals that are
 * held back or meant for the service, settings with secrets. */
static void inheritance_decline(int socket)
{
    sigset_t none;
    sigemptyset(&none);
    setpgid(0, 0);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    sigprocmask(SIG_SETMASK, &none, NULL);
    environment_wipe();
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (nothing < 0 || dup2(nothing, STDIN_FILENO) < 0 || dup2(nothing, STDOUT_FILENO) < 0 ||
        dup2(socket, STDERR_FILENO + 1) < 0 || chdir("/") != 0)
        _exit(1);
    close_range(STDERR_FILENO + 2, ~0u, 0);
}

/* The byte that says that all is in place; nothing when it could not be. */
static bool is_ready(int socket)
{
    char byte;
    struct pollfd watched = {.fd = socket, .events = POLLIN};
    int ready;
    do
        ready = poll(&watched, 1, START_MS);
    while (ready < 0 && errno == EINTR);
    return ready > 0 && recv(socket, &byte, 1, MSG_DONTWAIT) == 1;
}

enum err sniffer_start(struct fault *fault, struct sniffer **out)
{
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "the sniffer cannot be started: %s",
                    strerror(errno));
    pid_t watcher = fork();
    if (watcher == 0) {
        inheritance_decline(ends[1]);
        keeper_run(STDERR_FILENO + 1);
    }
    struct sniffer *sniffer = calloc(1, sizeof *sniffer);
    if (!sniffer)
        abort();
    *sniffer = (struct sniffer){.socket = ends[0], .watcher = watcher};
    sem_init(&sniffer->turns, 0, AT_ONCE);
    close(ends[1]);
    if (watcher > 0 && is_ready(sniffer->socket)) {
        *out = sniffer;
        return ERR_NONE;
    }
    sniffer_stop(sniffer);
    return fail(fault, ERR_INTERNAL, NULL,
                "the sniffer does not start: libmagic's database or seccomp is missing");
}

void sniffer_stop(struct sniffer *sniffer)
{
    if (!sniffer)
        return;
    fd_drop(&sniffer->socket); /* the sign for them to end */
    while (sniffer->watcher > 0 && waitpid(sniffer->watcher, NULL, 0) < 0 && errno == EINTR)
        continue;
    sem_destroy(&sniffer->turns);
    free(sniffer);
}

/* --- asking --------------------------------------------------------------------------------- */

static bool send_request(int socket, struct sniff_request *request,
                         const int given[SNIFF_DESCRIPTORS])
{
    union {
        char bytes[CMSG_SPACE(SNIFF_DESCRIPTORS * sizeof(int))];
        struct cmsghdr aligned;
    } control = {0};
    size_t n = given[SNIFF_CANVAS] < 0 ? SNIFF_CANVAS : SNIFF_DESCRIPTORS;
    struct iovec part = {.iov_base = request, .iov_len = sizeof *request};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = CMSG_SPACE(n * sizeof(int))};
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(n * sizeof(int));
    memcpy(CMSG_DATA(rights), given, n * sizeof(int));
    ssize_t sent;
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == sizeof *request;
}

/* Its end, too early, is an answer: it died. So is silence. */
static struct sniff_answer answer_await(int pipe, bool *has_ended)
{
    struct sniff_answer answer;
    struct pollfd watched = {.fd = pipe, .events = POLLIN};
    int ready;
    do
        ready = poll(&watched, 1, ANSWER_MS);
    while (ready < 0 && errno == EINTR);
    ssize_t length = ready > 0 ? read(pipe, &answer, sizeof answer) : -1;
    *has_ended = length == 0;
    if (length == sizeof answer)
        return answer;
    return (struct sniff_answer){.look = LOOK_DIED};
}

static bool ask_once(struct sniffer *sniffer, struct sniff_request *request, int file, int canvas,
                     struct sniff_answer *out, bool *has_ended)
{
    int pipe_ends[2];
    if (pipe2(pipe_ends, O_CLOEXEC) != 0)
        return false;
    bool is_sent = send_request(sniffer->socket, request, (int[]){file, pipe_ends[1], canvas});
    close(pipe_ends[1]);
    if (is_sent)
        *out = answer_await(pipe_ends[0], has_ended);
    close(pipe_ends[0]);
    return is_sent;
}

/* Twice, when nobody answered: a keeper may be killed while innocent files wait, and a file that
 * kills who looks at it does so again. */
static enum err ask(struct sniffer *sniffer, struct sniff_request *request, int file, int canvas,
                    struct fault *fault, struct sniff_answer *out)
{
    struct timespec until;
    bool has_ended = false;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += TURN_S;
    if (sem_clockwait(&sniffer->turns, CLOCK_MONOTONIC, &until) != 0)
        return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable",
                            "the sniffer has too much to do");
    bool is_sent = ask_once(sniffer, request, file, canvas, out, &has_ended);
    if (is_sent && has_ended && (canvas < 0 || ftruncate(canvas, 0) == 0))
        is_sent = ask_once(sniffer, request, file, canvas, out, &has_ended);
    sem_post(&sniffer->turns);
    return is_sent ? ERR_NONE
                   : fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable",
                                  "the sniffer cannot be asked: %s", strerror(errno));
}

/* --- what it means -------------------------------------------------------------------------- */

static const char *const refusals[LOOK_END] = {
    [LOOK_DIED] = "The file could not be examined: its inside is not as it should be.",
    [LOOK_EMPTY] = "The file is empty.",
    [LOOK_CUT_OFF] = "The file is not complete: it ends too early.",
    [LOOK_BROKEN] = "The file is damaged.",
    [LOOK_TRAILING] = "The file goes on behind its end; save it anew and send that.",
    [LOOK_MIXED] = "The file holds another file, a page or a script.",
    [LOOK_ACTIVE] = "The PDF holds scripts, forms that send, attachments or programs; print it "
                    "into a new PDF and send that.",
    [LOOK_ENCRYPTED] = "The PDF is protected by a password; save it without one and send that.",
    [LOOK_OPAQUE] = "The PDF is packed in a way that cannot be examined; print it into a new PDF "
                    "and send that.",
    [LOOK_TOO_WIDE] = "The picture has too many pixels.",
};

static const char *const media_types[KIND_END] = {
    [KIND_PDF] = "application/pdf", [KIND_JPEG] = "image/jpeg", [KIND_PNG] = "image/png"};

/* Numbers of an answer are believed only as far as they mean something. */
static enum err answer_judge(const struct sniff_answer *answer, struct fault *fault,
                             struct verdict *out)
{
    int look = answer->look, kind = answer->kind;
    if (look == LOOK_BUSY)
        return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable",
                            "the sniffer has no process for a file");
    if (look == LOOK_STRANGE)
        return fail(fault, ERR_INPUT, "unsupported-media-type",
                    "A file must be a PDF, a JPEG or a PNG.");
    if (look < 0 || look >= LOOK_END || (look == LOOK_FINE && (kind <= 0 || kind >= KIND_END)))
        look = LOOK_DIED;
    if (look != LOOK_FINE)
        return fail(fault, ERR_INPUT, "file-refused", "%s", refusals[look]);
    *out = (struct verdict){.media_type = media_types[kind],
                            .width = (int)answer->width,
                            .height = (int)answer->height};
    return ERR_NONE;
}

const char *sniffer_type_of_name(const char *name)
{
    static const struct {
        const char *extension;
        enum kind kind;
    } known[] = {{".pdf", KIND_PDF}, {".jpg", KIND_JPEG}, {".jpeg", KIND_JPEG}, {".png", KIND_PNG}};
    const char *dot = name ? strrchr(name, '.') : NULL;
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++) {
        if (strcasecmp(dot, known[i].extension) == 0)
            return media_types[known[i].kind];
    }
    return NULL;
}

/* "image/jpeg" of "image/JPG; name=x". */
static const char *type_of_declaration(const char *declared)
{
    size_t length = declared ? strcspn(declared, "; \t") : 0;
    for (enum kind kind = KIND_PDF; kind < KIND_END; kind++) {
        if (strlen(media_types[kind]) == length &&
            strncasecmp(declared, media_types[kind], length) == 0)
            return media_types[kind];
    }
    bool is_nickname =
        length == strlen("image/jpg") && strncasecmp(declared, "image/jpg", length) == 0;
    return is_nickname ? media_types[KIND_JPEG] : NULL;
}

enum err sniffer_judge(struct sniffer *sniffer, const struct spool *spool, const char *name,
                       const char *declared_type, struct fault *fault, struct verdict *out)
{
    return sniffer_judge_open(sniffer, spool_fd(spool), spool_size(spool), name, declared_type,
                              fault, out);
}

enum err sniffer_judge_open(struct sniffer *sniffer, int file, uint64_t size, const char *name,
                            const char *declared_type, struct fault *fault, struct verdict *out)
{
    const char *by_name = sniffer_type_of_name(name),
               *declared = type_of_declaration(declared_type);
    if (!by_name)
        return fail(fault, ERR_INPUT, "unsupported-media-type",
                    "The name of a file must end in .pdf, .jpg, .jpeg or .png.");
    if (!declared)
        return fail(fault, ERR_INPUT, "unsupported-media-type",
                    "The part must say that it is application/pdf, image/jpeg or image/png.");
    struct sniff_request request = {.size = size};
    struct sniff_answer answer;
    struct verdict verdict;
    enum err err = ask(sniffer, &request, file, -1, fault, &answer);
    if (!err)
        err = answer_judge(&answer, fault, &verdict);
    if (!err && (verdict.media_type != by_name || verdict.media_type != declared))
        err = fail(fault, ERR_INPUT, "unsupported-media-type",
                   "The file is %s, its name says %s, and it was declared as %s.",
                   verdict.media_type, by_name, declared);
    if (!err)
        *out = verdict;
    return err;
}

/* What a process painted that had met a stranger's file is a stranger's file, until another looked
 * at it. */
static enum err canvas_take(struct sniffer *sniffer, int canvas, uint64_t size, struct spool *clean,
                            struct fault *fault)
{
    struct sniff_request request = {.size = size};
    struct sniff_answer answer;
    struct verdict verdict;
    char bytes[16 * 1024];
    enum err err = ask(sniffer, &request, canvas, -1, fault, &answer);
    if (!err)
        err = answer_judge(&answer, fault, &verdict);
    if (!err && (strcmp(verdict.media_type, "image/png") != 0 || verdict.width > LOGO_MOST_WIDTH ||
                 verdict.height > LOGO_MOST_HEIGHT))
        err = fail(fault, ERR_INPUT, "file-refused", "%s", refusals[LOOK_DIED]);
    for (uint64_t at = 0; !err && at < size;) {
        ssize_t n = pread(canvas, bytes, sizeof bytes, (off_t)at);
        if (n <= 0)
            return fail_quietly(fault, ERR_INTERNAL, NULL, "what was repainted cannot be read");
        err = spool_write(clean, bytes, (size_t)n, fault);
        at += (uint64_t)n;
    }
    return err;
}

enum err sniffer_repaint(struct sniffer *sniffer, const struct spool *spool, struct spool *clean,
                         struct fault *fault, struct verdict *out)
{
    int canvas CLEANUP(fd_drop) = memfd_create("canvas", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (canvas < 0)
        return fail_quietly(fault, ERR_UNAVAILABLE, "store-unavailable", "no canvas: %s",
                            strerror(errno));
    struct sniff_request request = {
        .size = spool_size(spool), .most_width = LOGO_MOST_WIDTH, .most_height = LOGO_MOST_HEIGHT};
    struct sniff_answer answer;
    struct verdict verdict;
    enum err err = ask(sniffer, &request, spool_fd(spool), canvas, fault, &answer);
    if (!err)
        err = answer_judge(&answer, fault, &verdict);
    /* A process that lingers must not write behind the second look. */
    if (!err && fcntl(canvas, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK) != 0)
        err = fail_quietly(fault, ERR_INTERNAL, NULL, "a canvas cannot be sealed");
    off_t size = lseek(canvas, 0, SEEK_END);
    if (!err)
        err = canvas_take(sniffer, canvas, size > 0 ? (uint64_t)size : 0, clean, fault);
    if (!err)
        *out = verdict;
    return err;
}
