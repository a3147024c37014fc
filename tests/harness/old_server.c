#include "tests/harness/old_server.h"

#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MESSAGE_MOST = 4096, WAIT_S = 10 };

static void message_send(int fd, char type, const void *body, size_t length)
{
    unsigned char head[5] = {(unsigned char)type};
    uint32_t size = htonl((uint32_t)length + 4);
    memcpy(head + 1, &size, sizeof size);
    if (send(fd, head, sizeof head, MSG_NOSIGNAL) > 0 && length > 0)
        send(fd, body, length, MSG_NOSIGNAL); /* whoever left early sees nothing */
}

static bool bytes_read(int fd, void *out, size_t length)
{
    return length == 0 || recv(fd, out, length, MSG_WAITALL) == (ssize_t)length;
}

/* Its type in *type, unless that is NULL: the start-up has none. */
static bool message_read(int fd, char *type, char body[MESSAGE_MOST])
{
    uint32_t size;
    if ((type && !bytes_read(fd, type, 1)) || !bytes_read(fd, &size, sizeof size))
        return false;
    size_t length = ntohl(size) - 4;
    return length <= MESSAGE_MOST && bytes_read(fd, body, length);
}

/* Authentication is well, the version, a process, and ready. */
static void welcome(int fd, const char *version)
{
    char status[64];
    int length = snprintf(status, sizeof status, "server_version%c%s", '\0', version);
    message_send(fd, 'R', "\0\0\0\0", 4);
    message_send(fd, 'S', status, (size_t)length + 1);
    message_send(fd, 'K', "\0\0\0\1\0\0\0\2", 8);
    message_send(fd, 'Z', "I", 1);
}

static void guest_serve(int fd, const char *version)
{
    char type = 0, body[MESSAGE_MOST];
    if (!message_read(fd, NULL, body))
        return;
    welcome(fd, version);
    while (message_read(fd, &type, body) && type != 'X') {
        if (type == 'Q' || type == 'S') {
            message_send(fd, 'I', NULL, 0);
            message_send(fd, 'Z', "I", 1);
        }
    }
}

static void *serve(void *user)
{
    const struct old_server *server = user;
    const struct timeval patience = {.tv_sec = WAIT_S};
    int fd;
    while ((fd = accept(server->listener, NULL, NULL)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        guest_serve(fd, server->version);
        close(fd);
    }
    return NULL;
}

void old_server_start(const char *version, struct old_server *out)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    *out = (struct old_server){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
                               .version = version};
    if (bind(out->listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(out->listener, 8) != 0 ||
        getsockname(out->listener, (struct sockaddr *)&at, &length) != 0)
        die("the old server cannot listen");
    out->port = ntohs(at.sin_port);
    snprintf(out->url, sizeof out->url,
             "host=127.0.0.1 port=%d user=clinicd_app dbname=clinicd sslmode=disable "
             "gssencmode=disable",
             out->port);
    if (pthread_create(&out->thread, NULL, serve, out) != 0)
        die("the old server has no thread");
}

void old_server_stop(struct old_server *server)
{
    shutdown(server->listener, SHUT_RDWR);
    pthread_join(server->thread, NULL);
    close(server->listener);
}
