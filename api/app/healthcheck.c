/* clinicd healthcheck: is the service alive at the address where it listens? One plain request, so
 * that a container needs no HTTP client; three seconds at most. */
#include "api/app/commands.h"

#include <netdb.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMEOUT_S = 3 };

/* An address that means "all" is asked on loopback. */
static const char *host_to_ask(struct arena *arena, const char *listen)
{
    size_t length = (size_t)(strrchr(listen, ':') - listen);
    bool is_bracketed = listen[0] == '[';
    const char *host = arena_copy_n(arena, listen + is_bracketed, length - (is_bracketed ? 2 : 0));
    if (strcmp(host, "0.0.0.0") == 0)
        return "127.0.0.1";
    return strcmp(host, "::") == 0 ? "::1" : host;
}

static int service_connect(const char *host, const char *port)
{
    struct addrinfo wanted = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    const struct timeval patience = {.tv_sec = TIMEOUT_S};
    if (getaddrinfo(host, port, &wanted, &found) != 0)
        return -1;
    int client = socket(found->ai_family, found->ai_socktype | SOCK_CLOEXEC, found->ai_protocol);
    if (client >= 0) {
        setsockopt(client, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        if (connect(client, found->ai_addr, found->ai_addrlen) != 0) {
            close(client);
            client = -1;
        }
    }
    freeaddrinfo(found);
    return client;
}

/* True when the status line says 200. It may arrive in pieces. */
static bool service_answers(int client, const char *request)
{
    static const char wanted[] = "HTTP/1.1 200";
    char line[sizeof wanted] = "";
    size_t length = 0;
    if (send(client, request, strlen(request), MSG_NOSIGNAL) < 0)
        return false;
    while (length < sizeof wanted - 1) {
        ssize_t more = recv(client, line + length, sizeof wanted - 1 - length, 0);
        if (more <= 0)
            return false;
        length += (size_t)more;
    }
    return strcmp(line, wanted) == 0;
}

/* The first of the hosts that are answered, or the address itself. */
static const char *host_to_say(struct call *call)
{
    const char *hosts = call->settings.allowed_hosts;
    return hosts[0] ? arena_copy_n(&call->arena, hosts, strcspn(hosts, ", "))
                    : call->settings.listen;
}

enum exit_code run_healthcheck(struct call *call)
{
    const char *listen = call->settings.listen;
    const char *request = arena_format(
        &call->arena, "GET /health/live HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n",
        host_to_say(call));
    int client = service_connect(host_to_ask(&call->arena, listen), strrchr(listen, ':') + 1);
    bool is_alive = client >= 0 && service_answers(client, request);
    if (client >= 0)
        close(client);
    buf_text(&call->text, is_alive ? "alive\n" : "");
    buf_format(&call->result, "{\"alive\": %s}", is_alive ? "true" : "false");
    if (is_alive)
        return EXIT_DONE;
    fail(&call->fault, ERR_INTERNAL, NULL, "nothing that is alive answers at %s", listen);
    return EXIT_FAILED;
}
