/* The way of an upload through a real operation: its key, its room, and who it is at its end. */
#include "tests/harness/ask.h"
#include "tests/harness/form.h"
#include "tests/harness/raw.h"
#include "tests/harness/specimen.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

enum { A_HANG_S = 60, DISK_BYTES = 5 * 1024 * 1024, FILE_BYTES = 6 * 1024 * 1024 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "upload_way"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int fresh(void **state)
{
    world_restore(*state);
    return 0;
}

static const char *reports_path(struct world *world)
{
    return path_a(world, "/patients/%s/reports", id_a(world, SEED_PATIENT_OWN));
}

static void report_write(struct world *world, const char *description, struct form *form)
{
    struct buf pdf = specimen_pdf(&world->arena, NULL, NULL);
    form_begin(form, &world->arena);
    form_text(form, "description", description);
    form_file(form, "a.pdf", "application/pdf", pdf.text, pdf.length);
}

static struct answer report_keyed(struct world *world, const char *description, const char *key)
{
    struct form form;
    report_write(world, description, &form);
    return form_send(world, "POST", reports_path(world), token_a(world, "doctor"), &form, key);
}

static void what_is_said_beside_a_file_belongs_to_its_key(void **state)
{
    struct world *world = *state;
    static const char key[] = "Idempotency-Key: said";
    struct answer first = report_keyed(world, "one", key);
    expect(&first, 201, NULL);
    struct answer other = report_keyed(world, "two", key);
    expect(&other, 422, "idempotency-key-reused");
    struct answer again = report_keyed(world, "one", key);
    expect(&again, 201, NULL);
    assert_string_equal(again.body, first.body);
}

/* As when the disk is full in the middle of it. */
static struct answer send_over_the_edge(struct world *world, struct form *form)
{
    struct rlimit before, edge;
    struct answer answer;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    edge = before;
    edge.rlim_cur = DISK_BYTES;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &edge), 0);
    answer = form_send(world, "POST", reports_path(world), token_a(world, "doctor"), form, NULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    return answer;
}

static void without_room_nothing_is_taken_and_everything_else_goes_on(void **state)
{
    struct world *world = *state;
    struct form form;
    char *bytes = arena_take(&world->arena, FILE_BYTES);
    form_begin(&form, &world->arena);
    form_file(&form, "a.pdf", "application/pdf", bytes, FILE_BYTES);
    struct answer full = send_over_the_edge(world, &form);
    expect(&full, 507, "insufficient-storage");
    struct answer room = report_keyed(world, "one", NULL);
    expect(&room, 201, NULL);
}

static int connected(struct world *world)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)service_port(world->service))};
    struct timeval patience = {.tv_sec = A_HANG_S};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void say(int fd, const char *bytes, size_t length)
{
    assert_int_equal(send(fd, bytes, length, MSG_NOSIGNAL), length);
}

/* The status of what comes next. */
static int hear(int fd)
{
    char room[4096] = "";
    ssize_t n = recv(fd, room, sizeof room - 1, 0);
    assert_true(n > 12);
    return atoi(room + 9);
}

/* Who was let in may be nobody when the last byte has come. */
static void who_is_signed_out_while_sending_has_sent_nothing(void **state)
{
    struct world *world = *state;
    struct form form;
    struct buf request;
    const char *token = token_a(world, "receptionist");
    report_write(world, "one", &form);
    form_end(&form);
    struct call call = {.method = "POST",
                        .path = reports_path(world),
                        .token = token,
                        .body = form.body.text,
                        .body_length = form.body.length,
                        .type = FORM_TYPE,
                        .headers = {"Expect: 100-continue"}};
    buf_begin(&request, &world->arena, 4096);
    raw_write(&request, &call);
    int64_t before = sql_int(world->boss, "SELECT count(*) FROM clinicd.report");

    int fd = connected(world);
    say(fd, request.text, request.length - form.body.length);
    assert_int_equal(hear(fd), 100); /* it may come */
    say(fd, form.body.text, form.body.length / 2);
    struct answer out = ask(world, "POST", path_a(world, "/auth/logout"), token, "{}");
    expect(&out, 204, NULL);
    say(fd, form.body.text + form.body.length / 2, form.body.length - form.body.length / 2);
    assert_int_equal(hear(fd), 401);
    close(fd);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.report"), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_said_beside_a_file_belongs_to_its_key, fresh),
        cmocka_unit_test_setup(without_room_nothing_is_taken_and_everything_else_goes_on, fresh),
        cmocka_unit_test_setup(who_is_signed_out_while_sending_has_sent_nothing, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
