/* The settings' table: defaults, values, and that no fault passes in silence. */
#include "api/app/settings.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct arena arena;
    struct fault fault;
    struct settings settings;
};

static enum err read_all(struct fixture *fixture, const char *const environment[])
{
    return settings_read(environment, &fixture->fault, &fixture->settings);
}

/* Whether a fault of this variable was told whose detail holds `words`. */
static bool has_flaw(const struct fixture *fixture, const char *name, const char *words)
{
    for (size_t i = 0; i < fixture->fault.flaws_n; i++) {
        const struct flaw *flaw = &fixture->fault.flaws[i];
        if (strcmp(flaw->pointer, name) == 0 && strstr(flaw->detail, words))
            return true;
    }
    return false;
}

static void an_empty_environment_gives_the_defaults(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_all(fixture, (const char *const[]){"HOME=/root", NULL}), ERR_NONE);
    const struct settings *settings = &fixture->settings;
    assert_string_equal(settings->listen, "127.0.0.1:8080");
    assert_string_equal(settings->operator_listen, "127.0.0.1:8081");
    assert_string_equal(settings->data_dir, "./var");
    assert_string_equal(settings->database_url, "");
    assert_false(settings->tls_in_front);
    assert_int_equal(settings->log_level, LOG_INFO_);
    assert_int_equal(settings->body_max, 262144);
    assert_int_equal(settings->absolute_ttl_s, 43200);
}

static void values_of_every_kind_are_taken(void **state)
{
    struct fixture *fixture = *state;
    const char *const environment[] = {"CLINICD_LISTEN=[::1]:0",
                                       "CLINICD_TLS_IN_FRONT=on",
                                       "CLINICD_LOG_LEVEL=debug",
                                       "CLINICD_WRITE_CONNECTIONS=3",
                                       "CLINICD_ALLOWED_HOSTS=a.example,b.example",
                                       NULL};
    assert_int_equal(read_all(fixture, environment), ERR_NONE);
    assert_string_equal(fixture->settings.listen, "[::1]:0");
    assert_true(fixture->settings.tls_in_front);
    assert_int_equal(fixture->settings.log_level, LOG_DEBUG_);
    assert_int_equal(fixture->settings.write_connections, 3);
    assert_string_equal(fixture->settings.allowed_hosts, "a.example,b.example");
}

static void an_unknown_variable_is_named_with_the_nearest_one(void **state)
{
    struct fixture *fixture = *state;
    const char *const environment[] = {"CLINICD_LISTNE=127.0.0.1:1", NULL};
    assert_int_equal(read_all(fixture, environment), ERR_INPUT);
    assert_true(
        has_flaw(fixture, "CLINICD_LISTNE", "no such setting; did you mean CLINICD_LISTEN?"));
}

static void every_bad_value_is_named_at_once(void **state)
{
    struct fixture *fixture = *state;
    static const char *const faulty[] = {
        "CLINICD_LISTEN=8080",          "CLINICD_OPERATOR_LISTEN=127.0.0.1:65536",
        "CLINICD_TLS_IN_FRONT=maybe",   "CLINICD_LOG_LEVEL=loud",
        "CLINICD_BODY_MAX=1000",        "CLINICD_IDLE_TIMEOUT_S=15s",
        "CLINICD_CONNECTIONS_MAX=-1",   "CLINICD_READ_CONNECTIONS=99999999999999999999",
        "CLINICD_WRITE_CONNECTIONS= 8", "CLINICD_PUBLIC_URL=clinic.example"};
    enum { FAULTY = sizeof faulty / sizeof faulty[0] };
    const char *environment[FAULTY + 1] = {NULL};
    memcpy(environment, faulty, sizeof faulty);
    assert_int_equal(read_all(fixture, environment), ERR_INPUT);
    assert_int_equal(fixture->fault.flaws_n, FAULTY);
    for (size_t i = 0; i < FAULTY; i++) {
        const char *name =
            arena_copy_n(&fixture->arena, faulty[i], (size_t)(strchr(faulty[i], '=') - faulty[i]));
        assert_true(has_flaw(fixture, name, "is not"));
    }
}

static void people_reach_us_at_a_host_and_nothing_behind_it(void **state)
{
    struct fixture *fixture = *state;
    static const char *const good[] = {"http://127.0.0.1:8080", "https://clinic.example",
                                       "https://a-b.c.example:8443", "http://[::1]",
                                       "http://[::1]:8080"};
    static const char *const bad[] = {"clinic.example",
                                      "ftp://clinic.example",
                                      "//clinic.example",
                                      "https://",
                                      "https://clinic.example/",
                                      "https://clinic.example/x",
                                      "https://:443",
                                      "https://clinic.example?x",
                                      "https://clinic.example#x",
                                      "https://u@clinic.test",
                                      "https://clinic.example:",
                                      "https://clinic.example:x",
                                      "https://clinic.example:65536",
                                      "https://[::1",
                                      "https://::1]:80",
                                      "https://a b",
                                      "javascript:alert(1)",
                                      "https://clinic.example\r\nX: y",
                                      "httpx://a",
                                      "x://http://a"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        const char *row = arena_format(&fixture->arena, "CLINICD_PUBLIC_URL=%s", good[i]);
        struct service_options options = {0};
        assert_int_equal(read_all(fixture, (const char *const[]){row, NULL}), ERR_NONE);
        settings_apply(&fixture->settings, &options);
        assert_string_equal(options.public_url, good[i]);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const char *row = arena_format(&fixture->arena, "CLINICD_PUBLIC_URL=%s", bad[i]);
        fault_reset(&fixture->fault);
        if (read_all(fixture, (const char *const[]){row, NULL}) != ERR_INPUT)
            fail_msg("%s was taken", bad[i]);
        assert_true(has_flaw(fixture, "CLINICD_PUBLIC_URL", "is not"));
    }
    struct service_options options = {0};
    fault_reset(&fixture->fault);
    assert_int_equal(read_all(fixture, (const char *const[]){"X=y", NULL}), ERR_NONE);
    settings_apply(&fixture->settings, &options);
    assert_null(options.public_url);
}

static void empty_means_default_but_an_empty_operator_address_means_none(void **state)
{
    struct fixture *fixture = *state;
    const char *const environment[] = {"CLINICD_BODY_MAX=", "CLINICD_OPERATOR_LISTEN=", NULL};
    assert_int_equal(read_all(fixture, environment), ERR_NONE);
    assert_int_equal(fixture->settings.body_max, 262144);
    struct service_options options = {0};
    settings_apply(&fixture->settings, &options);
    assert_null(options.operator_listen);
    assert_null(options.cors_origins);
    assert_string_equal(options.listen, "127.0.0.1:8080");
    assert_int_equal(options.database.write_connections, 8);

    assert_int_equal(read_all(fixture, (const char *const[]){"CLINICD_LISTEN=", NULL}), ERR_INPUT);
    assert_true(has_flaw(fixture, "CLINICD_LISTEN", "empty"));
}

static void secrets_are_never_printed(void **state)
{
    struct fixture *fixture = *state;
    const char *const environment[] = {"CLINICD_DATABASE_URL=host=h password=canary",
                                       "CLINICD_MIGRATE_URL=postgres://m:canary@h/d", NULL};
    assert_int_equal(read_all(fixture, environment), ERR_NONE);
    struct buf text, json;
    buf_begin(&text, &fixture->arena, 0);
    buf_begin(&json, &fixture->arena, 0);
    settings_write_text(&text, &fixture->settings);
    settings_write_json(&json, &fixture->settings);
    assert_null(strstr(text.text, "canary"));
    assert_null(strstr(json.text, "canary"));
    assert_non_null(strstr(text.text, "CLINICD_DATABASE_URL=***\n"));
}

static void the_json_form_is_an_array_with_every_setting(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(read_all(fixture, (const char *const[]){"CLINICD_DRAIN_MS=0", NULL}),
                     ERR_NONE);
    struct buf json;
    buf_begin(&json, &fixture->arena, 0);
    settings_write_json(&json, &fixture->settings);
    json_t *array =
        arena_json(&fixture->arena, json_loads(json.text, JSON_REJECT_DUPLICATES, NULL));
    assert_true(json_is_array(array));
    bool is_seen = false;
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *row = json_array_get(array, i);
        const char *name = json_string_value(json_object_get(row, "name"));
        assert_non_null(name);
        assert_non_null(json_string_value(json_object_get(row, "help")));
        if (strcmp(name, "CLINICD_DRAIN_MS") == 0) {
            is_seen = true;
            assert_string_equal(json_string_value(json_object_get(row, "value")), "0");
            assert_string_equal(json_string_value(json_object_get(row, "default")), "25000");
        }
    }
    assert_true(is_seen);
}

static int fixture_begin(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    if (!fixture)
        return -1;
    fixture->fault.arena = &fixture->arena;
    *state = fixture;
    return 0;
}

static int fixture_end(void **state)
{
    struct fixture *fixture = *state;
    arena_end(&fixture->arena);
    free(fixture);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define EACH(test) cmocka_unit_test_setup_teardown(test, fixture_begin, fixture_end)
        EACH(an_empty_environment_gives_the_defaults),
        EACH(values_of_every_kind_are_taken),
        EACH(an_unknown_variable_is_named_with_the_nearest_one),
        EACH(every_bad_value_is_named_at_once),
        EACH(people_reach_us_at_a_host_and_nothing_behind_it),
        EACH(empty_means_default_but_an_empty_operator_address_means_none),
        EACH(secrets_are_never_printed),
        EACH(the_json_form_is_an_array_with_every_setting),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
