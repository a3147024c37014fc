#include "tests/harness/program.h"

#include "db/clock.h"
#include "tests/harness/die.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 32, LINE_ROOM = 2048, PATIENCE_US = 60000000 }; /* only a hang takes a minute */

void program_start(const char *line, const char *const environment[], struct program *out)
{
    const char *argv[WORDS_MAX] = {NULL};
    char words[LINE_ROOM];
    int argc = 0;
    snprintf(words, sizeof words, "%s", line);
    for (char *rest = words, *word; argc < WORDS_MAX - 1 && (word = strsep(&rest, " "));)
        argv[argc++] = word;
    *out = (struct program){.out = memfd_create("stdout", MFD_CLOEXEC),
                            .err = memfd_create("stderr", MFD_CLOEXEC)};
    fflush(NULL);
    out->pid = fork();
    if (out->pid < 0)
        die("fork failed");
    if (out->pid > 0)
        return;
    int null = open("/dev/null", O_RDWR);
    dup2(null, STDIN_FILENO);
    dup2(out->out, STDOUT_FILENO);
    dup2(out->err, STDERR_FILENO);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execve(argv[0], (char *const *)(uintptr_t)argv, (char *const *)(uintptr_t)environment);
    _exit(127);
}

static const char *all_of(int fd, struct arena *arena)
{
    off_t size = lseek(fd, 0, SEEK_END);
    char *text = arena_take(arena, (size_t)size + 1);
    if (pread(fd, text, (size_t)size, 0) != size)
        die("the output cannot be read again");
    close(fd);
    return text;
}

void program_wait(struct program *program, struct arena *arena, struct program_end *out)
{
    int status = 0;
    for (int64_t until = clock_monotonic_us() + PATIENCE_US;
         waitpid(program->pid, &status, WNOHANG) == 0; usleep(2000))
        if (clock_monotonic_us() > until) {
            kill(program->pid, SIGKILL);
            die("the program does not end");
        }
    *out = (struct program_end){.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1,
                                .text = all_of(program->out, arena),
                                .said = all_of(program->err, arena)};
}

struct program_end program_run(struct arena *arena, const char *line,
                               const char *const environment[])
{
    struct program program;
    struct program_end end;
    program_start(line, environment, &program);
    program_wait(&program, arena, &end);
    return end;
}
