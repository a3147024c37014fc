#include "api/app/report_file.h"

#include "db/arena.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* What ends the text: without it the writer was left behind by one that died. */
static const char whole = '\0';

/* Takes the text as it comes; false: it did not come whole, or could not be kept. */
static bool text_take(int from, int fd)
{
    char block[8192], last = 1;
    ssize_t n;
    off_t length = 0;
    while ((n = read(from, block, sizeof block)) > 0) {
        if (write(fd, block, (size_t)n) != n)
            return false;
        length += n;
        last = block[n - 1];
    }
    return n == 0 && last == whole && ftruncate(fd, length - 1) == 0 && fsync(fd) == 0;
}

/* The rename itself must outlive a power cut. */
static bool folder_sync(const char *path)
{
    char copy[4096];
    snprintf(copy, sizeof copy, "%s", path);
    int folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool is_well = folder >= 0 && fsync(folder) == 0;
    if (folder >= 0)
        close(folder);
    return is_well;
}

/* Ctrl-C in a terminal reaches every process of the command: this one ends with its parent. */
static _Noreturn void writer_run(int from, int fd, const char *beside, const char *path)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    if (text_take(from, fd) && rename(beside, path) == 0 && folder_sync(path))
        _exit(0);
    unlink(beside);
    _exit(1);
}

static enum err impossible(struct fault *fault, const char *path)
{
    return fail(fault, ERR_INPUT, "usage", "cannot write %s: %s", path, strerror(errno));
}

enum err report_file_open(const char *path, struct fault *fault, struct report_file *out)
{
    char *beside = arena_format(fault->arena, "%s.XXXXXX", path);
    int pair[2];
    int fd = mkostemp(beside, O_CLOEXEC);
    if (fd < 0)
        return impossible(fault, path);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
        close(fd);
        unlink(beside);
        return impossible(fault, path);
    }
    pid_t writer = fork();
    if (writer == 0) {
        close(pair[0]);
        writer_run(pair[1], fd, beside, path);
    }
    close(fd);
    close(pair[1]);
    if (writer < 0) {
        close(pair[0]);
        unlink(beside);
        return impossible(fault, path);
    }
    *out = (struct report_file){.path = path, .writer = writer, .to = pair[0]};
    return ERR_NONE;
}

/* True: the writer kept it. */
static bool writer_end(struct report_file *file)
{
    int status = -1;
    close(file->to);
    pid_t ended;
    do
        ended = waitpid(file->writer, &status, 0);
    while (ended < 0 && errno == EINTR);
    file->path = NULL;
    return ended == file->writer && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool all_send(int to, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = send(to, text, length, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        text += n;
        length -= (size_t)n;
    }
    return true;
}

enum err report_file_write(struct report_file *file, const char *text, size_t length,
                           struct fault *fault)
{
    const char *path = file->path;
    bool is_sent = all_send(file->to, text, length) && all_send(file->to, &whole, 1);
    return writer_end(file) && is_sent
               ? ERR_NONE
               : fail(fault, ERR_INTERNAL, NULL, "the report could not be written to %s", path);
}

void report_file_drop(struct report_file *file)
{
    if (file->path)
        writer_end(file);
}
