#include "tests/harness/ears.h"

#include "db/clock.h"
#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SIPPER_BUFFER = 64 * 1024, EVENTS_AT_ONCE = 64 };

/* --- bytes --------------------------------------------------------------------------------------
 */

static void bytes_add(struct bytes *bytes, const char *from, size_t n)
{
    if (bytes->from > bytes->n / 2) { /* seldom, and then most of it is gone */
        memmove(bytes->at, bytes->at + bytes->from, bytes->n - bytes->from);
        bytes->n -= bytes->from;
        bytes->from = 0;
    }
    if (bytes->n + n + 1 > bytes->room) {
        bytes->room = 2 * (bytes->n + n) + 256;
        bytes->at = realloc(bytes->at, bytes->room);
        if (!bytes->at)
            abort();
    }
    memcpy(bytes->at + bytes->n, from, n);
    bytes->n += n;
    bytes->at[bytes->n] = '\0';
}

/* Nothing is moved for every line that is taken. */
static void bytes_drop(struct bytes *bytes, size_t n)
{
    bytes->from += n;
    if (bytes->from == bytes->n)
        bytes->from = bytes->n = 0;
}

static char *bytes_text(const struct bytes *bytes)
{
    return bytes->at ? bytes->at + bytes->from : (char *)(uintptr_t) "";
}

static size_t bytes_left(const struct bytes *bytes)
{
    return bytes->n - bytes->from;
}

/* --- what came ----------------------------------------------------------------------------------
 */

/* "id: 41\nevent: status\ndata: {…}\n" or ": why\n" or "retry: 2000\n". */
static void take_block(struct ears *ears, struct ear *ear, char *block)
{
    const char *id = NULL, *name = NULL, *data = NULL;
    for (char *line = strtok(block, "\n"); line; line = strtok(NULL, "\n")) {
        if (strcmp(line, ":") == 0)
            ear->beats++;
        else if (strncmp(line, ": ", 2) == 0)
            snprintf(ear->remark, sizeof ear->remark, "%s", line + 2);
        else if (strncmp(line, "id: ", 4) == 0)
            id = line + 4;
        else if (strncmp(line, "event: ", 7) == 0)
            name = line + 7;
        else if (strncmp(line, "data: ", 6) == 0)
            data = line + 6;
        else if (strncmp(line, "retry: ", 7) != 0)
            die("a line that is no field of an event: %s", line);
    }
    if (!id && !name && !data)
        return;
    if (!id || !name || !data)
        die("an event without its id, its name or its data");
    int64_t number = strtoll(id, NULL, 10);
    if (ears->heard)
        ears->heard(ear, number, name, data);
    ear->last = number;
}

static void take_blocks(struct ears *ears, struct ear *ear)
{
    for (char *end; (end = strstr(bytes_text(&ear->text), "\n\n"));) {
        char *block = bytes_text(&ear->text);
        end[1] = '\0';
        take_block(ears, ear, block);
        bytes_drop(&ear->text, (size_t)(end - block) + 2);
    }
}

/* False: more must come first. */
static bool take_head(struct ear *ear)
{
    const char *head = bytes_text(&ear->in), *end = strstr(head, "\r\n\r\n");
    if (!end)
        return false;
    ear->status = atoi(head + sizeof "HTTP/1.1");
    bytes_drop(&ear->in, (size_t)(end - head) + 4);
    return true;
}

/* Size, bytes, line end; the one of size 0 is the last. False: more must come first. */
static bool take_chunk(struct ear *ear)
{
    if (!ear->chunk) {
        char *size = bytes_text(&ear->in), *end = strstr(size, "\r\n"), *digits_end;
        if (!end)
            return false;
        ear->chunk = strtoul(size, &digits_end, 16) + 2;
        if (digits_end != end || end == size)
            die("a chunk without a size: %.20s", size);
        ear->is_over = ear->chunk == 2;
        bytes_drop(&ear->in, (size_t)(end - size) + 2);
    }
    size_t left = bytes_left(&ear->in), text = ear->chunk > 2 ? ear->chunk - 2 : 0;
    size_t n = left < text ? left : text;
    if (n)
        bytes_add(&ear->text, bytes_text(&ear->in), n);
    bytes_drop(&ear->in, n);
    ear->chunk -= n;
    if (ear->chunk > 2 || bytes_left(&ear->in) < ear->chunk)
        return false;
    bytes_drop(&ear->in, ear->chunk);
    ear->chunk = 0;
    return true;
}

static void take(struct ears *ears, struct ear *ear)
{
    if (!ear->status && !take_head(ear))
        return;
    if (ear->status != 200)
        return;
    while (bytes_left(&ear->in) && !ear->is_over && take_chunk(ear))
        continue;
    take_blocks(ears, ear);
}

static void hear(struct ears *ears, struct ear *ear)
{
    char room[16384];
    size_t most = ear->sip ? ear->sip : sizeof room;
    ssize_t n = recv(ear->fd, room, most, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n > 0) {
        bytes_add(&ear->in, room, (size_t)n);
        take(ears, ear);
    }
    if (n <= 0 || ear->is_over || (ear->status && ear->status != 200))
        ear_close(ear);
}

size_t ears_hear(struct ears *ears, int ms)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int n = epoll_wait(ears->epoll, events, EVENTS_AT_ONCE, ms);
    for (int i = 0; i < n; i++) {
        struct ear *ear = events[i].data.ptr;
        if (ear->fd >= 0)
            hear(ears, ear);
    }
    size_t open = 0;
    for (size_t i = 0; i < ears->n; i++)
        open += ears->ear[i].fd >= 0;
    return open;
}

size_t ears_answered(struct ears *ears, int status, int ms)
{
    int64_t until_us = clock_monotonic_us() + ms * INT64_C(1000);
    for (;;) {
        size_t answered = 0, matching = 0;
        ears_hear(ears, 20);
        for (size_t i = 0; i < ears->n; i++) {
            answered += ears->ear[i].status != 0;
            matching += ears->ear[i].status == status;
        }
        if (answered == ears->n || clock_monotonic_us() > until_us)
            return matching;
    }
}

/* --- open and close ------------------------------------------------------------------------------
 */

static int connect_from(const struct ear *ear, int port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in own = {.sin_family = AF_INET};
    int small = SIPPER_BUFFER, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0)
        die("socket: %s", strerror(errno));
    if (ear->sip)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    if (ear->from && (inet_pton(AF_INET, ear->from, &own.sin_addr) != 1 ||
                      bind(fd, (struct sockaddr *)&own, sizeof own)))
        die("bind to %s: %s", ear->from, strerror(errno));
    if (connect(fd, (struct sockaddr *)&to, sizeof to) == 0)
        return fd;
    close(fd);
    return -1;
}

bool ear_open(struct ears *ears, struct ear *ear)
{
    char text[600], resume[48] = "";
    ear_close(ear);
    ear->status = 0;
    ear->is_over = false;
    ear->in.from = ear->in.n = ear->text.from = ear->text.n = ear->chunk = 0;
    ear->fd = connect_from(ear, ears->port);
    if (ear->fd < 0)
        return false;
    if (ear->last >= 0)
        snprintf(resume, sizeof resume, "Last-Event-ID: %" PRId64 "\r\n", ear->last);
    int n = snprintf(text, sizeof text,
                     "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\n%s\r\n",
                     ear->path, ear->token, resume);
    struct epoll_event wanted = {.events = EPOLLIN, .data = {.ptr = ear}};
    if (epoll_ctl(ears->epoll, EPOLL_CTL_ADD, ear->fd, &wanted))
        die("epoll: %s", strerror(errno));
    if (send(ear->fd, text, (size_t)n, MSG_NOSIGNAL) != n)
        ear_close(ear);
    return ear->fd >= 0;
}

void ear_close(struct ear *ear)
{
    if (ear->fd >= 0)
        close(ear->fd);
    ear->fd = -1;
}

void ears_begin(struct ears *ears, int port, size_t n)
{
    *ears = (struct ears){.port = port, .n = n, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    ears->ear = calloc(n, sizeof *ears->ear);
    if (!ears->ear || ears->epoll < 0)
        die("no room for %zu listeners", n);
    for (size_t i = 0; i < n; i++)
        ears->ear[i] = (struct ear){.fd = -1, .last = -1};
}

void ears_end(struct ears *ears)
{
    for (size_t i = 0; i < ears->n; i++) {
        ear_close(&ears->ear[i]);
        free(ears->ear[i].in.at);
        free(ears->ear[i].text.at);
    }
    close(ears->epoll);
    free(ears->ear);
}
