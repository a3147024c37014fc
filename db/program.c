#include "db/program.h"

#include "db/arena.h"

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

enum { OUTPUT_KEPT = 1024 };

/* posix_spawnp() takes strings that it promises not to change but does not call const. */
union words {
    const char *const *seen;
    char *const *taken;
};

static int program_spawn(const char *const argv[], int output, pid_t *out)
{
    static const char *const environment[] = {"PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin",
                                              "LC_ALL=C.UTF-8", "TZ=UTC", NULL};
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

/* False when the time was up; the program is then killed. Either way it is reaped. */
static bool program_wait(pid_t pid, int timeout_ms, int *status)
{
    int handle = pidfd_open(pid, 0);
    struct pollfd watched = {.fd = handle, .events = POLLIN};
    int ready;
    do
        ready = poll(&watched, 1, timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready <= 0)
        kill(-pid, SIGKILL);
    while (waitpid(pid, status, 0) < 0 && errno == EINTR)
        continue;
    if (handle >= 0)
        close(handle);
    return ready > 0;
}

/* The end of what it printed, which is where programs say why they failed. */
static const char *program_words(struct arena *arena, int output)
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

enum err program_run(const char *const argv[], int timeout_ms, struct fault *fault)
{
    int output = memfd_create("output", MFD_CLOEXEC);
    if (output < 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot run %s: %s", argv[0], strerror(errno));
    pid_t pid;
    int status = 0;
    enum err err = ERR_NONE;
    int error = program_spawn(argv, output, &pid);
    if (error)
        err = fail(fault, ERR_INTERNAL, NULL, "cannot run %s: %s", argv[0], strerror(error));
    else if (!program_wait(pid, timeout_ms, &status))
        err = fail(fault, ERR_TIMEOUT, NULL, "%s did not end within %d s: %s", argv[0],
                   timeout_ms / 1000, program_words(fault->arena, output));
    else if (status != 0)
        err = fail(fault, ERR_INTERNAL, NULL, "%s failed: %s", argv[0],
                   program_words(fault->arena, output));
    close(output);
    return err;
}
