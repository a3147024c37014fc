/* The counters: what is counted is shown, labels stay bounded, threads do not lose counts. */
#include "api/http/metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>

enum { THREADS = 4, ROUNDS = 20000 };

static struct operation operations[] = {{.id = "patients_get"}, {.id = "patients_list"}};
static const struct document document = {.operations = operations, .operations_n = 2};

static const char *rendered(const struct metrics *metrics, struct arena *arena)
{
    const struct metrics_now now = {.in_flight = 3,
                                    .is_ready = true,
                                    .password_work_kib = 38912,
                                    .database = {.units = 42, .connected = 10, .wanted = 18}};
    struct buf out;
    buf_begin(&out, arena, 0);
    metrics_render(metrics, &now, &out);
    return out.text;
}

static void has_line(const char *text, const char *line)
{
    for (const char *at = text; (at = strstr(at, line)); at++) {
        if (at[strlen(line)] == '\n' && (at == text || at[-1] == '\n'))
            return;
    }
    fail_msg("no line `%s` in\n%s", line, text);
}

static void requests_are_counted_by_operation_class_and_bucket(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct metrics *metrics = metrics_make(&document);
    metrics_request(metrics, &operations[0], 200, 400, 1);
    metrics_request(metrics, &operations[0], 404, 1000, 1);
    metrics_request(metrics, &operations[1], 503, 60000000, 7);
    metrics_request(metrics, NULL, 404, 10, 0);
    metrics_limited(metrics, METRICS_LIMIT_CLINIC);
    const char *text = rendered(metrics, &arena);

    has_line(text, "clinicd_http_requests_total{operation=\"patients_get\",status=\"2xx\"} 1");
    has_line(text, "clinicd_http_requests_total{operation=\"patients_get\",status=\"4xx\"} 1");
    has_line(text, "clinicd_http_requests_total{operation=\"patients_list\",status=\"5xx\"} 1");
    has_line(text, "clinicd_http_requests_total{operation=\"none\",status=\"4xx\"} 1");
#define SECONDS "clinicd_http_request_duration_seconds"
    has_line(text, SECONDS "_bucket{operation=\"patients_get\",le=\"0.00025\"} 0");
    has_line(text, SECONDS "_bucket{operation=\"patients_get\",le=\"0.0005\"} 1");
    has_line(text, SECONDS "_bucket{operation=\"patients_get\",le=\"0.001\"} 2");
    has_line(text, SECONDS "_bucket{operation=\"patients_get\",le=\"+Inf\"} 2");
    has_line(text, SECONDS "_sum{operation=\"patients_get\"} 0.001400");
    has_line(text, SECONDS "_count{operation=\"patients_get\"} 2");
    has_line(text, SECONDS "_bucket{operation=\"patients_list\",le=\"10\"} 0");
    has_line(text, SECONDS "_count{operation=\"patients_list\"} 1");
    has_line(text, "clinicd_limited_total{limit=\"clinic\"} 1");
    has_line(text, "clinicd_limited_total{limit=\"address\"} 0");
    has_line(text, "clinicd_http_request_trips_total{trips=\"1\"} 2");
    has_line(text, "clinicd_http_request_trips_total{trips=\"4+\"} 1");
    has_line(text, "clinicd_http_in_flight 3");
    has_line(text, "clinicd_ready 1");
    has_line(text, "clinicd_password_work_kib_total 38912");
    has_line(text, "clinicd_database_units_total 42");
    has_line(text, "clinicd_database_connections_wanted 18");
    metrics_free(metrics);
    arena_end(&arena);
}

static void an_impossible_status_stays_inside_the_labels(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct metrics *metrics = metrics_make(&document);
    metrics_request(metrics, &operations[0], 0, -5, -1);
    metrics_request(metrics, &operations[0], 999, 1, 1000);
    const char *text = rendered(metrics, &arena);
    has_line(text, "clinicd_http_requests_total{operation=\"patients_get\",status=\"5xx\"} 2");
    metrics_free(metrics);
    arena_end(&arena);
}

static void *count_many(void *metrics)
{
    for (int i = 0; i < ROUNDS; i++)
        metrics_request(metrics, &operations[i % 2], 200, i, 1);
    return NULL;
}

static void threads_lose_no_count(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct metrics *metrics = metrics_make(&document);
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_many, metrics), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    const char *text = rendered(metrics, &arena);
    has_line(text, SECONDS "_count{operation=\"patients_get\"} 40000");
    has_line(text, SECONDS "_count{operation=\"patients_list\"} 40000");
    metrics_free(metrics);
    arena_end(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_counted_by_operation_class_and_bucket),
        cmocka_unit_test(an_impossible_status_stays_inside_the_labels),
        cmocka_unit_test(threads_lose_no_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
