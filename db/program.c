#include "db/program.h"

#include "db/arena.h"
#include "db/stop.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT_KEPT = 1024, ENVIRONMENT_MAX = 8, ARGUMENTS_MAX = 32 };

/* posix_spawnp() takes strings that it promises not to change but does not call const. */
union words {
    const char *const *seen;
    char *const *taken;
};

static int child_spawn(const char *const argv[], const char *const more[], int output, pid_t *out)
{
    const char *environment[ENVIRONMENT_MAX + 1] = {
        "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
    for (size_t i = 0; more && more[i] && i + 3 < ENVIRONMENT_MAX; i++)
        environment[i + 3] = more[i];
    union words words = {.seen = argv}, settings = {.seen = environment};
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none, usual;
    sigemptyset(&none);
    sigfillset(&usual);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&files, output, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                              POSIX_SPAWN_SETPGROUP);
    int error = posix_spawnp(out, argv[0], &files, &attributes, words.taken, settings.taken);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    return error;
}

/* False when the time was up or somebody asked to stop; the program is then killed. Either way it
 * is reaped. */
static bool child_wait(pid_t pid, int timeout_ms, struct stop *stop, int *status)
{
    int handle = pidfd_open(pid, 0), ready;
    struct pollfd watched[] = {{.fd = handle, .events = POLLIN},
                               {.fd = stop ? stop->fd : -1, .events = POLLIN}};
    do
        ready = poll(watched, 2, timeout_ms);
    while ((ready < 0 && errno == EINTR) ||
           (ready > 0 && !watched[0].revents && stop_asked(stop) == 0));
    bool is_over = ready > 0 && watched[0].revents;
    if (!is_over)
        kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    if (handle >= 0)
        close(handle);
    return is_over;
}

/* The end of what it printed, which is where programs say why they failed. */
static const char *child_words(struct arena *arena, int output)
{
    char kept[OUTPUT_KEPT];
    struct stat about;
    off_t from = 0;
    if (fstat(output, &about) == 0 && about.st_size > OUTPUT_KEPT)
        from = about.st_size - OUTPUT_KEPT;
    ssize_t length = pread(output, kept, sizeof kept, from);
    while (length > 0 && strchr(" \n", kept[length - 1]))
        length--;
    return arena_copy_n(arena, kept, length > 0 ? (size_t)length : 0);
}

static enum err child_start(const char *const argv[], const char *const environment[],
                            struct fault *fault, struct child *out)
{
    struct child child = {.name = argv[0], .output = memfd_create("output", MFD_CLOEXEC)};
    if (child.output < 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot run %s: %s", argv[0], strerror(errno));
    int error = child_spawn(argv, environment, child.output, &child.pid);
    if (error) {
        close(child.output);
        return fail(fault, ERR_INTERNAL, NULL, "cannot run %s: %s", argv[0], strerror(error));
    }
    *out = child;
    return ERR_NONE;
}

static enum err child_finish(struct child *child, int timeout_ms, struct stop *stop,
                             struct fault *fault, const char **words)
{
    int status = 0;
    bool is_over = child_wait(child->pid, timeout_ms, stop, &status);
    const char *said = child_words(fault->arena, child->output);
    close(child->output);
    if (words)
        *words = said;
    if (!is_over && stop_asked(stop) > 0)
        return fail(fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
    if (!is_over)
        return fail(fault, ERR_TIMEOUT, NULL, "%s did not end within %d s: %s", child->name,
                    timeout_ms / 1000, said);
    if (status != 0)
        return fail(fault, ERR_INTERNAL, NULL, "%s failed: %s", child->name, said);
    return ERR_NONE;
}

enum err child_run(const char *const argv[], int timeout_ms, struct fault *fault)
{
    struct child child;
    enum err err = child_start(argv, NULL, fault, &child);
    return err ? err : child_finish(&child, timeout_ms, NULL, fault, NULL);
}

/* What we work beside must not work on alone: setpriv asks the system to see to that. */
enum err child_begin(const char *const argv[], const char *const environment[], struct fault *fault,
                     struct child *out)
{
    const char *all[ARGUMENTS_MAX + 1] = {"setpriv", "--pdeathsig", "KILL"};
    for (size_t i = 0; argv[i]; i++) {
        if (i + 3 == ARGUMENTS_MAX)
            return fail(fault, ERR_INTERNAL, NULL, "too many arguments for %s", argv[0]);
        all[i + 3] = argv[i];
    }
    enum err err = child_start(all, environment, fault, out);
    if (!err)
        out->name = argv[0];
    return err;
}

enum err child_end(struct child *child, struct stop *stop, struct fault *fault, const char **words)
{
    return child_finish(child, -1, stop, fault, words);
}

void child_kill(struct child *child)
{
    int status;
    child_wait(child->pid, 0, NULL, &status);
    close(child->output);
}
