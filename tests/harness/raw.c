#include "tests/harness/raw.h"

#include "db/clock.h"
#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

void raw_open(struct raw *raw, int port)
{
    *raw = (struct raw){.port = port, .fd = -1};
}

void raw_close(struct raw *raw)
{
    if (raw->fd >= 0)
        close(raw->fd);
    raw->fd = -1;
}

static bool connect_now(struct raw *raw)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)raw->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        die("socket: %s", strerror(errno));
    struct sockaddr_in own = {.sin_family = AF_INET};
    if (raw->from && (inet_pton(AF_INET, raw->from, &own.sin_addr) != 1 ||
                      bind(fd, (struct sockaddr *)&own, sizeof own) != 0))
        die("bind to %s: %s", raw->from, strerror(errno));
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return false;
    }
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    raw->fd = fd;
    return true;
}

/* An idle connection has nothing to say: what is readable on it is its end. */
static void drop_if_ended(struct raw *raw)
{
    struct pollfd fd = {.fd = raw->fd, .events = POLLIN};
    if (raw->fd >= 0 && poll(&fd, 1, 0) == 1)
        raw_close(raw);
}

/* A server may answer and close before all was sent: what it said is read all the same. */
static void send_all(const struct raw *raw, const char *bytes, size_t length)
{
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(raw->fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0)
            return;
        sent += (size_t)n;
    }
}

/* --- what came ------------------------------------------------------------------------------ */

static const char *line_of(const char *head, const char *end, const char *name)
{
    size_t length = strlen(name);
    for (const char *line = head; line && line < end; line = strstr(line, "\r\n")) {
        line += strncmp(line, "\r\n", 2) == 0 ? 2 : 0;
        if (strncasecmp(line, name, length) == 0 && line[length] == ':')
            return line + length + 1 + strspn(line + length + 1, " \t");
    }
    return NULL;
}

struct message {
    int status;
    size_t head, body; /* lengths */
    bool is_whole, closes;
};

/* Of an answer without an end the first chunk is the answer, and the connection is not kept. The
 * chunk's size counts as head; before it is there, nothing is whole. */
static void message_of_stream(const char *bytes, struct message *message)
{
    char *line_end;
    unsigned long size = strtoul(bytes + message->head, &line_end, 16);
    bool is_there = strncmp(line_end, "\r\n", 2) == 0;
    message->head = is_there ? (size_t)(line_end + 2 - bytes) : message->head;
    message->body = is_there ? size : SIZE_MAX / 2;
    message->closes = true;
}

static struct message message_at(const char *bytes, size_t length, bool is_head)
{
    struct message message = {0};
    const char *end = memmem(bytes, length, "\r\n\r\n", 4);
    if (!end || length < 12)
        return message;
    message.status = atoi(bytes + 9);
    message.head = (size_t)(end - bytes) + 4;
    const char *size = line_of(bytes, end, "Content-Length");
    const char *connection = line_of(bytes, end, "Connection");
    bool is_bare =
        is_head || message.status < 200 || message.status == 204 || message.status == 304;
    message.body = is_bare || !size ? 0 : strtoull(size, NULL, 10);
    message.closes = connection && strncasecmp(connection, "close", 5) == 0;
    if (!is_bare && line_of(bytes, end, "Transfer-Encoding"))
        message_of_stream(bytes, &message);
    message.is_whole = length >= message.head + message.body;
    return message;
}

int raw_count(const char *bytes, size_t length, int *first)
{
    int n = 0;
    *first = 0;
    while (length > 0) {
        struct message message = message_at(bytes, length, false);
        if (!message.status)
            break;
        if (message.status >= 200 && n++ == 0)
            *first = message.status;
        size_t taken = message.head + (message.is_whole ? message.body : length - message.head);
        bytes += taken;
        length -= taken;
    }
    return n;
}

static bool take(struct raw *raw, struct arena *arena, bool is_head, struct answer *out)
{
    struct message message = message_at(raw->in.text, raw->in.length, is_head);
    while (message.is_whole && message.status < 200) { /* 100 Continue */
        raw->in.text += message.head;
        raw->in.length -= message.head;
        raw->in.room -= message.head;
        message = message_at(raw->in.text, raw->in.length, is_head);
    }
    if (!message.is_whole)
        return false;
    *out = (struct answer){
        .status = message.status,
        .head = arena_copy_n(arena, raw->in.text, message.head),
        .body = arena_copy_n(arena, raw->in.text + message.head, message.body),
        .length = message.body,
    };
    if (message.closes)
        raw_close(raw);
    return true;
}

enum raw_end raw_ask(struct raw *raw, struct arena *arena, const char *bytes, size_t length,
                     bool is_head, int wait_ms, struct answer *out)
{
    char room[16384];
    int64_t until_us = clock_monotonic_us() + (int64_t)wait_ms * 1000;
    drop_if_ended(raw);
    if (raw->fd < 0 && !connect_now(raw))
        return RAW_REFUSED;
    send_all(raw, bytes, length);
    buf_begin(&raw->in, arena, 2048);
    for (;;) {
        int64_t left_us = until_us - clock_monotonic_us();
        struct pollfd fd = {.fd = raw->fd, .events = POLLIN};
        int ready = left_us > 0 ? poll(&fd, 1, (int)(left_us / 1000) + 1) : 0;
        ssize_t n = ready == 1 ? recv(raw->fd, room, sizeof room, 0) : -1;
        if (n > 0) {
            buf_add(&raw->in, room, (size_t)n);
            if (take(raw, arena, is_head, out))
                return RAW_ANSWERED;
            continue;
        }
        raw_close(raw);
        return ready == 1 ? RAW_CUT : RAW_SILENT;
    }
}

void raw_write(struct buf *out, const struct call *call)
{
    size_t length = call->body ? (call->body_length ? call->body_length : strlen(call->body)) : 0;
    buf_format(out, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\n", call->method ? call->method : "GET",
               call->path);
    if (call->token)
        buf_format(out, "Authorization: Bearer %s\r\n", call->token);
    if (call->if_match)
        buf_format(out, "If-Match: %s\r\n", call->if_match);
    if (call->body)
        buf_format(out, "Content-Type: %s\r\nContent-Length: %zu\r\n",
                   call->type ? call->type : "application/json", length);
    for (int i = 0; i < CALL_HEADERS_MAX && call->headers[i]; i++)
        buf_format(out, "%s\r\n", call->headers[i]);
    buf_text(out, "\r\n");
    buf_add(out, call->body ? call->body : "", length);
}
