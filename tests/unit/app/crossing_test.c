/* What crosses from one clinic into another is named, route by route, by services that are wrong:
 * one that lets everybody in, one that lets nobody in, one that forgets a single route. */
#include "api/app/crossing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MOST = 8192, WAIT_S = 10 };

/* Answers 200 to what holds `open`, else 404; to the other clinic's own token always `own`. */
struct service {
    int listener;
    char url[48];
    const char *open;
    int own;
    pthread_t thread;
};

static int status_for(const struct service *service, const char *request)
{
    if (strstr(request, "Bearer its-own"))
        return service->own;
    return strstr(request, service->open) ? 200 : 404;
}

static void *serve(void *user)
{
    const struct service *service = user;
    const struct timeval patience = {.tv_sec = WAIT_S};
    char request[REQUEST_MOST], answer[128];
    int fd;
    while ((fd = accept(service->listener, NULL, NULL)) >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ssize_t n = recv(fd, request, sizeof request - 1, 0);
        request[n > 0 ? n : 0] = '\0';
        int length = snprintf(answer, sizeof answer,
                              "HTTP/1.1 %d -\r\nContent-Type: application/json\r\n"
                              "Content-Length: 2\r\nConnection: close\r\n\r\n{}",
                              status_for(service, request));
        send(fd, answer, (size_t)length, MSG_NOSIGNAL);
        close(fd);
    }
    return NULL;
}

static void service_start(const char *open, int own, struct service *out)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof at;
    *out = (struct service){
        .listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), .open = open, .own = own};
    assert_int_equal(bind(out->listener, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(out->listener, 8), 0);
    assert_int_equal(getsockname(out->listener, (struct sockaddr *)&at, &length), 0);
    snprintf(out->url, sizeof out->url, "http://127.0.0.1:%d", ntohs(at.sin_port));
    assert_int_equal(pthread_create(&out->thread, NULL, serve, out), 0);
}

static void service_stop(struct service *service)
{
    shutdown(service->listener, SHUT_RDWR);
    pthread_join(service->thread, NULL);
    close(service->listener);
}

struct look {
    struct arena arena;
    struct fault fault;
    struct buf text;
    struct crossing crossing;
    enum err err;
};

static void look_at(const char *open, int own, struct look *out)
{
    struct service service;
    service_start(open, own, &service);
    *out = (struct look){.crossing = {.url = service.url,
                                      .token = "anothers",
                                      .slug = "the-other",
                                      .other_token = "its-own"}};
    out->fault.arena = &out->arena;
    buf_begin(&out->text, &out->arena, 256);
    out->err = crossing_check(&out->crossing, &out->fault, &out->text);
    service_stop(&service);
}

static int lines_of(const char *text)
{
    int n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

static void a_service_whose_walls_stand_passes(void **state)
{
    (void)state;
    struct look look;
    look_at("nothing at all", 200, &look);
    assert_int_equal(look.err, ERR_NONE);
    assert_true(look.crossing.tried > 100 && look.crossing.answered > 15);
    assert_int_equal(look.text.length, 0);
    arena_end(&look.arena);
}

static void a_service_that_lets_everybody_in_is_named_by_every_route(void **state)
{
    (void)state;
    struct look look;
    look_at("/clinics/the-other", 200, &look);
    assert_string_equal(look.fault.code, "verification-failed");
    assert_int_equal(lines_of(look.text.text), look.crossing.tried);
    arena_end(&look.arena);
}

static void one_route_that_is_open_is_named_alone(void **state)
{
    (void)state;
    struct look look;
    look_at("GET /clinics/the-other/visits ", 200, &look);
    assert_string_equal(look.fault.code, "verification-failed");
    assert_string_equal(
        look.text.text,
        "FAILED GET /clinics/{slug}/visits with the token of another clinic: 200\n");
    arena_end(&look.arena);
}

/* Where nobody gets in at all the shut doors prove nothing. */
static void a_service_that_answers_nobody_proves_nothing(void **state)
{
    (void)state;
    struct look look;
    look_at("nothing at all", 404, &look);
    assert_string_equal(look.fault.code, "verification-failed");
    arena_end(&look.arena);
    look_at("nothing at all", 500, &look);
    assert_non_null(strstr(look.text.text, "with the token of the clinic itself: 500\n"));
    arena_end(&look.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_service_whose_walls_stand_passes),
        cmocka_unit_test(a_service_that_lets_everybody_in_is_named_by_every_route),
        cmocka_unit_test(one_route_that_is_open_is_named_alone),
        cmocka_unit_test(a_service_that_answers_nobody_proves_nothing),
    };
    return cmocka_run_group_tests_name("crossing", tests, NULL, NULL);
}
