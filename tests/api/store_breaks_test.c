/* What a store does wrong, over HTTP: a folder whose file shrinks, a bucket that fails, is silent,
 * is full, or breaks off. What any store does right stands in the other tests of files, which run
 * against both. */
#include "tests/harness/raw.h"
#include "tests/harness/reports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

enum { SIZE = 3 * 1000 * 1000, WAIT_MS = 60000, FOR_LONG = 99, TIMEOUT_S = 3 };

struct worlds {
    struct world folder, bucket;
};

static void soon(struct service_options *options)
{
    options->store.timeout_s = TIMEOUT_S;
}

static int setup(void **state)
{
    static struct worlds worlds;
    world_begin(&worlds.folder, &(struct world_options){.name = "breaks_folder"});
    world_begin(&worlds.bucket, &(struct world_options){
                                    .name = "breaks_bucket", .has_bucket = true, .adjust = soon});
    *state = &worlds;
    return 0;
}

static int teardown(void **state)
{
    struct worlds *worlds = *state;
    world_end(&worlds->bucket);
    world_end(&worlds->folder);
    return 0;
}

static struct world *bucket_of(void **state)
{
    struct worlds *worlds = *state;
    return &worlds->bucket;
}

static int fresh(void **state)
{
    struct worlds *worlds = *state;
    s3_server_trouble(worlds->bucket.bucket, "none", 0);
    reports_restore(&worlds->folder);
    reports_restore(&worlds->bucket);
    return 0;
}

static struct answer big_report(struct world *world)
{
    struct answer made =
        report_send(world, "doctor", of_patient(world, SEED_PATIENT_OWN, "reports"),
                    paper_big(&world->arena, SIZE, 5), NULL, NULL);
    expect(&made, 201, NULL);
    return made;
}

static struct answer content(struct world *world, const struct answer *report)
{
    return ask(world, "GET", report_path(world, report, "/content"), token_a(world, "doctor"),
               NULL);
}

static struct answer keyed(struct world *world)
{
    return report_send(world, "doctor", of_patient(world, SEED_PATIENT_OWN, "reports"),
                       paper_pdf(world), NULL, "Idempotency-Key: trouble");
}

/* --- the folder ----------------------------------------------------------------------------- */

/* With little room to receive, so that most of what is asked for has to wait. */
static int slow_connection(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int room = 4096, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void write_get(struct world *world, const struct answer *report, struct buf *request)
{
    buf_begin(request, &world->arena, 1024);
    raw_write(request, &(struct call){.path = report_path(world, report, "/content"),
                                      .token = token_a(world, "doctor")});
}

/* What is promised and cannot be given ends the connection short of its length. */
static void a_file_that_shrinks_while_it_is_sent_breaks_the_connection(void **state)
{
    struct worlds *worlds = *state;
    struct world *world = &worlds->folder;
    struct answer made = big_report(world);
    const char *id = report_file(&made, "id");
    const char *file = arena_format(&world->arena, "%s/%d/%s/%s", world->files,
                                    (int)seed_a.clinic_id, id + UUID_TEXT - 3, id);
    struct buf request;
    char room[4096];
    size_t came = 0;
    write_get(world, &made, &request);
    int fd = slow_connection(service_port(world->service));
    assert_int_equal(send(fd, request.text, request.length, MSG_NOSIGNAL), request.length);
    for (ssize_t n; (n = recv(fd, room, sizeof room, 0)) > 0; came += (size_t)n)
        if (came == 0) {
            assert_memory_equal(room, "HTTP/1.1 200", 12);
            assert_int_equal(truncate(file, SIZE / 2), 0);
        }
    close(fd);
    assert_true(came > 0 && came <= SIZE / 2 + sizeof room);
}

/* --- the bucket ----------------------------------------------------------------------------- */

static void a_bucket_that_says_later_is_asked_again_and_nobody_notices(void **state)
{
    struct world *world = bucket_of(state);
    s3_server_trouble(world->bucket, "503", 2);
    struct answer made = report_make(world, SEED_PATIENT_OWN);
    s3_server_trouble(world->bucket, "500", 1);
    struct answer answer = content(world, &made);
    expect(&answer, 200, NULL);
    objects_now(world);
}

/* Neither row nor bytes; what needs no bytes goes on; and the same request is taken afterwards. */
static void is_unavailable_for(struct world *world, const char *mode)
{
    struct answer made = report_make(world, SEED_PATIENT_OWN);
    struct objects before = objects_now(world);
    s3_server_trouble(world->bucket, mode, FOR_LONG);
    struct answer refused = keyed(world);
    expect(&refused, 503, "store-unavailable");
    assert_non_null(answer_header(&world->arena, &refused, "Retry-After", NULL));
    struct answer answer = content(world, &made);
    expect(&answer, 503, "store-unavailable");
    assert_null(answer_header(&world->arena, &answer, "Content-Disposition", NULL));
    answer = ask(world, "GET", report_path(world, &made, ""), token_a(world, "doctor"), NULL);
    expect(&answer, 200, NULL);
    s3_server_trouble(world->bucket, "none", 0);
    struct objects after = objects_now(world);
    assert_int_equal(after.rows, before.rows);
    assert_int_equal(after.objects, before.objects);
    answer = keyed(world);
    expect(&answer, 201, NULL);
    assert_int_equal(objects_now(world).objects, before.objects + 1);
    answer = content(world, &made);
    expect(&answer, 200, NULL);
}

static void while_the_bucket_fails_nothing_is_taken_and_the_rest_goes_on(void **state)
{
    is_unavailable_for(bucket_of(state), "500");
}

static void while_the_bucket_refuses_nothing_is_taken_and_the_rest_goes_on(void **state)
{
    is_unavailable_for(bucket_of(state), "403");
}

static void while_the_bucket_is_silent_nothing_is_taken_and_the_rest_goes_on(void **state)
{
    is_unavailable_for(bucket_of(state), "hang");
}

static void a_full_bucket_is_no_room(void **state)
{
    struct world *world = bucket_of(state);
    struct objects before = objects_now(world);
    s3_server_trouble(world->bucket, "507", 1);
    struct answer refused = keyed(world);
    expect(&refused, 507, "insufficient-storage");
    assert_int_equal(objects_now(world).objects, before.objects);
}

static void an_answer_that_breaks_off_breaks_the_connection(void **state)
{
    struct world *world = bucket_of(state);
    struct answer made = big_report(world), answer = {0};
    struct buf request;
    struct raw raw;
    write_get(world, &made, &request);
    s3_server_trouble(world->bucket, "cut", 1);
    raw_open(&raw, service_port(world->service));
    assert_int_equal(
        raw_ask(&raw, &world->arena, request.text, request.length, false, WAIT_MS, &answer),
        RAW_CUT);
    raw_close(&raw);
    assert_memory_equal(raw.in.text, "HTTP/1.1 200", 12);
    assert_in_range(raw.in.length, 1, SIZE / 2);
    answer = content(world, &made);
    expect(&answer, 200, NULL);
    assert_true(answer.length > SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_file_that_shrinks_while_it_is_sent_breaks_the_connection, fresh),
        cmocka_unit_test_setup(a_bucket_that_says_later_is_asked_again_and_nobody_notices, fresh),
        cmocka_unit_test_setup(while_the_bucket_fails_nothing_is_taken_and_the_rest_goes_on, fresh),
        cmocka_unit_test_setup(while_the_bucket_refuses_nothing_is_taken_and_the_rest_goes_on,
                               fresh),
        cmocka_unit_test_setup(while_the_bucket_is_silent_nothing_is_taken_and_the_rest_goes_on,
                               fresh),
        cmocka_unit_test_setup(a_full_bucket_is_no_room, fresh),
        cmocka_unit_test_setup(an_answer_that_breaks_off_breaks_the_connection, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
