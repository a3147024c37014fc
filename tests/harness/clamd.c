#include "tests/harness/clamd.h"

#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PIECE_MOST = 1024 * 1024, LOOK_MS = 20 };

static bool read_all(int fd, void *out, size_t n)
{
    return n == 0 || recv(fd, out, n, MSG_WAITALL) == (ssize_t)n;
}

static void say(int fd, const char *words)
{
    send(fd, words, strlen(words) + 1, MSG_NOSIGNAL); /* with its NUL */
}

/* True: the bytes EICAR were in one of its pieces. False in `whole`: it was cut off. */
static bool stream_read(int fd, bool *whole)
{
    char *piece = malloc(PIECE_MOST);
    bool is_found = false;
    uint32_t length = 0;
    *whole = false;
    while (piece && read_all(fd, &length, sizeof length)) {
        length = ntohl(length);
        *whole = length == 0;
        if (*whole || length > PIECE_MOST || !read_all(fd, piece, length))
            break;
        is_found |= memmem(piece, length, "EICAR", 5) != NULL;
    }
    free(piece);
    return is_found;
}

static void serve(struct clamd *clamd, int fd)
{
    char command[10];
    bool whole;
    int mood = atomic_load(&clamd->mood);
    atomic_fetch_add(&clamd->asked, 1);
    if (!read_all(fd, command, sizeof command) || memcmp(command, "zINSTREAM", 10) != 0) {
        say(fd, "UNKNOWN COMMAND");
        return;
    }
    if (mood == CLAMD_REFUSES) {
        say(fd, "INSTREAM size limit exceeded. ERROR");
        return;
    }
    bool is_found = stream_read(fd, &whole);
    while (mood == CLAMD_SILENT && !atomic_load(&clamd->is_over) &&
           atomic_load(&clamd->mood) == CLAMD_SILENT)
        usleep(LOOK_MS * 1000);
    if (mood == CLAMD_GARBAGE)
        say(fd, "stream: OK FOUND OK\x01 what?");
    else if (mood == CLAMD_WELL && whole)
        say(fd, is_found ? "stream: Eicar-Signature FOUND" : "stream: OK");
}

static void *run(void *user)
{
    struct clamd *clamd = user;
    while (!atomic_load(&clamd->is_over)) {
        struct pollfd watched = {.fd = clamd->listener, .events = POLLIN};
        if (poll(&watched, 1, LOOK_MS) != 1)
            continue;
        int fd = accept(clamd->listener, NULL, NULL);
        serve(clamd, fd);
        close(fd);
    }
    return NULL;
}

void clamd_start(struct clamd *clamd)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/clinicd-clamd-XXXXXX";
    memset(clamd, 0, sizeof *clamd);
    if (!mkdtemp(folder))
        die("no room for a scanner's socket");
    snprintf(clamd->path, sizeof clamd->path, "%s/ctl", folder);
    snprintf(clamd->address, sizeof clamd->address, "unix:%s", clamd->path);
    strcpy(at.sun_path, clamd->path);
    clamd->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (clamd->listener < 0 ||
        bind(clamd->listener, (const struct sockaddr *)&at, sizeof at) != 0 ||
        listen(clamd->listener, 16) != 0 || pthread_create(&clamd->thread, NULL, run, clamd) != 0)
        die("the scanner does not start");
}

void clamd_stop(struct clamd *clamd)
{
    atomic_store(&clamd->is_over, true);
    pthread_join(clamd->thread, NULL);
    close(clamd->listener);
    unlink(clamd->path);
    *strrchr(clamd->path, '/') = '\0';
    rmdir(clamd->path);
}
