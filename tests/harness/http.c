#include "tests/harness/http.h"

#include "tests/harness/answer.h"
#include "tests/harness/die.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { ANSWER_SECONDS_MAX = 30, STATUS_MAX = 600 };

struct client {
    CURL *curl;
    int port;
    const struct document *document;
    bool *seen; /* [operation * STATUS_MAX + status]: told already */
    int seen_fd;
};

struct client *client_make(int port, const struct document *document)
{
    struct client *client = calloc(1, sizeof *client);
    bool *seen = calloc(document->operations_n * STATUS_MAX, sizeof *seen);
    const char *path = getenv("CLINICD_TEST_SEEN");
    if (!client || !seen)
        abort();
    *client =
        (struct client){.curl = curl_easy_init(), .port = port, .document = document, .seen = seen};
    client->seen_fd = path ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644) : -1;
    return client;
}

void client_free(struct client *client)
{
    curl_easy_cleanup(client->curl);
    if (client->seen_fd >= 0)
        close(client->seen_fd);
    free(client->seen);
    free(client);
}

/* ---- the exchange ---- */

static size_t keep(char *bytes, size_t size, size_t n, void *to)
{
    buf_add(to, bytes, size * n);
    return size * n;
}

struct body {
    const struct buf *head;
    struct buf *text;
    bool is_stream;
};

/* A stream has no end: what it says first is its answer. */
static size_t keep_body(char *bytes, size_t size, size_t n, void *to)
{
    struct body *body = to;
    keep(bytes, size, n, body->text);
    body->is_stream = strcasestr(body->head->text, "\r\nContent-Type: text/event-stream") != NULL;
    return body->is_stream ? 0 : size * n;
}

static void header_add(struct curl_slist **list, struct arena *arena, const char *name,
                       const char *value)
{
    if (value)
        *list = curl_slist_append(*list, arena_format(arena, "%s: %s", name, value));
}

static struct curl_slist *headers_make(struct arena *arena, const struct call *call)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    if (call->token)
        header_add(&list, arena, "Authorization", arena_format(arena, "Bearer %s", call->token));
    if (call->body)
        header_add(&list, arena, "Content-Type", call->type ? call->type : "application/json");
    header_add(&list, arena, "If-Match", call->if_match);
    for (int i = 0; i < CALL_HEADERS_MAX && call->headers[i]; i++)
        list = curl_slist_append(list, call->headers[i]);
    return list;
}

static void exchange(struct client *client, struct arena *arena, const struct call *call,
                     struct buf *head, struct buf *text)
{
    struct body body = {.head = head, .text = text};
    CURL *curl = client->curl;
    const char *method = call->method ? call->method : "GET";
    struct curl_slist *headers = headers_make(arena, call);
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL,
                     arena_format(arena, "http://127.0.0.1:%d%s", client->port, call->path));
    curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_SECONDS_MAX);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (strcmp(method, "HEAD") == 0)
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (call->body) {
        size_t length = call->body_length ? call->body_length : strlen(call->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, call->body);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)length);
    }
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, keep);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, head);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, keep_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &body);
    CURLcode result = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    if (result != CURLE_OK && !(result == CURLE_WRITE_ERROR && body.is_stream))
        die("%s %s: no answer: %s", method, call->path, curl_easy_strerror(result));
}

/* A method that is not allowed belongs to whatever the path has. */
static const struct operation *noted_under(const struct client *client, const struct call *call,
                                           const struct answer *answer)
{
    static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    const struct operation *operation = answer->operation;
    for (int i = 0; !operation && answer->status == 405 && i < METHOD_COUNT; i++)
        operation = operation_of(client->document, methods[i], call->path);
    return operation;
}

static void remember(struct client *client, const struct call *call, const struct answer *answer)
{
    const struct operation *operation = noted_under(client, call, answer);
    if (client->seen_fd < 0 || !operation || answer->status >= STATUS_MAX)
        return;
    size_t index = (size_t)(operation - client->document->operations);
    bool *told = &client->seen[index * STATUS_MAX + (size_t)answer->status];
    char line[160];
    int n = snprintf(line, sizeof line, "%s %d\n", operation->id, answer->status);
    if (!*told && n > 0 && write(client->seen_fd, line, (size_t)n) == n) /* one write: one line */
        *told = true;
}

void http_ask(struct client *client, struct arena *arena, const struct call *call,
              struct answer *out)
{
    struct buf head, body;
    struct answer answer = {0};
    long status = 0;
    buf_begin(&head, arena, 1024);
    buf_begin(&body, arena, 4096);
    exchange(client, arena, call, &head, &body);
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
    answer.status = (int)status;
    answer.head = head.text;
    answer.body = body.text;
    answer.length = body.length;
    answer_judge(client->document, arena, call, &answer);
    remember(client, call, &answer);
    *out = answer;
}

void http_send(struct client *client, struct arena *arena, const struct call *call,
               struct answer *out)
{
    http_ask(client, arena, call, out);
    if (out->flaw)
        fail_msg("%s %s: %d: %s\n%s%s", call->method ? call->method : "GET", call->path,
                 out->status, out->flaw, out->head, out->body);
}

/* ---- raw bytes ---- */

static int raw_connect(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address))
        die("connect to port %d: %s", port, strerror(errno));
    return fd;
}

char *http_raw(int port, struct arena *arena, const char *bytes, size_t length, bool half_close,
               int wait_ms, size_t *received)
{
    struct buf out;
    char room[4096];
    int fd = raw_connect(port);
    buf_begin(&out, arena, sizeof room);
    for (size_t sent = 0; sent < length;) {
        ssize_t n = send(fd, bytes + sent, length - sent, MSG_NOSIGNAL);
        if (n <= 0)
            break; /* refused early: what it said is still there to read */
        sent += (size_t)n;
    }
    if (half_close)
        shutdown(fd, SHUT_WR);
    struct pollfd poller = {.fd = fd, .events = POLLIN};
    while (poll(&poller, 1, wait_ms) == 1) {
        ssize_t n = recv(fd, room, sizeof room, 0);
        if (n <= 0)
            break;
        buf_add(&out, room, (size_t)n);
    }
    close(fd);
    if (received)
        *received = out.length;
    return out.text;
}
