#include "api/app/client.h"

#include <netdb.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_S = 10, ANSWER_MOST = 1024 * 1024 };

static void socket_close(int *socket)
{
    if (*socket >= 0)
        close(*socket);
}

static int server_connect(const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    const struct timeval patience = {.tv_sec = TIMEOUT_S};
    if (getaddrinfo(host, port, &wanted, &found) != 0)
        return -1;
    int server = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    if (server >= 0) {
        setsockopt(server, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        setsockopt(server, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(server, found->ai_addr, found->ai_addrlen) != 0) {
            close(server);
            server = -1;
        }
    }
    freeaddrinfo(found);
    return server;
}

static bool send_all(int server, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t sent = send(server, bytes, length, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        length -= (size_t)sent;
    }
    return true;
}

/* Until the server closes, as it was asked to. */
static size_t receive_all(int server, char *room)
{
    size_t length = 0;
    ssize_t more;
    while (length < ANSWER_MOST &&
           (more = recv(server, room + length, ANSWER_MOST - length, 0)) > 0)
        length += (size_t)more;
    room[length] = '\0';
    return length;
}

static const char *request_text(const struct client_call *call, const char *host,
                                struct arena *arena)
{
    const char *token =
        call->token ? arena_format(arena, "Authorization: Bearer %s\r\n", call->token) : "";
    const char *match =
        call->if_match ? arena_format(arena, "If-Match: %s\r\n", call->if_match) : "";
    const char *pass =
        call->pass ? arena_format(arena, "Maintenance-Pass: %s\r\n", call->pass) : "";
    const char *type = call->type   ? arena_format(arena, "Content-Type: %s\r\n", call->type)
                       : call->body ? "Content-Type: application/json\r\n"
                                    : "";
    return arena_format(arena,
                        "%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\nAccept: "
                        "application/json\r\n%s%s%s%sContent-Length: %zu\r\n\r\n%s",
                        call->method, call->path, host, token, match, pass, type,
                        call->body ? strlen(call->body) : 0, call->body ? call->body : "");
}

static const char *header_find(struct arena *arena, const char *head, const char *name)
{
    const char *found = strcasestr(head, name);
    if (!found)
        return NULL;
    found += strlen(name);
    return arena_copy_n(arena, found, strcspn(found, "\r\n"));
}

static enum err answer_read(char *text, struct fault *fault, struct client_answer *out)
{
    char *end = strstr(text, "\r\n\r\n");
    if (strncmp(text, "HTTP/1.1 ", 9) != 0 || !end)
        return fail(fault, ERR_UNAVAILABLE, "service-unavailable", "no answer of HTTP");
    *end = '\0';
    struct client_answer answer = {.status = atoi(text + 9),
                                   .etag = header_find(fault->arena, text, "\r\nETag: ")};
    json_t *json = json_loads(end + 4, 0, NULL);
    if (json)
        answer.json = arena_json(fault->arena, json);
    *out = answer;
    return ERR_NONE;
}

enum err client_ask(const struct client_call *call, struct fault *fault, struct client_answer *out)
{
    static const char scheme[] = "http://";
    const char *host = call->url + sizeof scheme - 1;
    const char *colon =
        strncmp(call->url, scheme, sizeof scheme - 1) == 0 ? strrchr(host, ':') : NULL;
    if (!colon || strchr(host, '/'))
        return fail(fault, ERR_INPUT, "usage", "%s is not http://HOST:PORT", call->url);
    const char *name = arena_copy_n(fault->arena, host, (size_t)(colon - host));
    int server CLEANUP(socket_close) = server_connect(name, colon + 1);
    const char *request = request_text(call, host, fault->arena);
    char *room = arena_take(fault->arena, ANSWER_MOST + 1);
    if (server < 0 || !send_all(server, request, strlen(request)) || receive_all(server, room) == 0)
        return fail(fault, ERR_UNAVAILABLE, "service-unavailable", "nobody answers at %s",
                    call->url);
    return answer_read(room, fault, out);
}
