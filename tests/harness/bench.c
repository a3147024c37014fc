#include "tests/harness/bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void heard(void *user, const char *line)
{
    struct bench *bench = user;
    size_t length = strlen(bench->said);
    snprintf(bench->said + length, sizeof bench->said - length, "%s\n", line);
}

int bench_begin(void **state, const struct migration *files)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    postgres_database_empty("migrate", &bench->database);
    bench->boss = sql_connect(bench->database.superuser_url);
    bench->fault.arena = &bench->arena;
    bench->options = (struct migrate_options){.url = bench->database.migrator_url,
                                              .lock_wait_ms = 10000,
                                              .to = -1,
                                              .data_loss_ok = -1,
                                              .say = heard,
                                              .user = bench,
                                              .files = files,
                                              .report = &bench->report};
    *state = bench;
    return 0;
}

int bench_end(void **state)
{
    struct bench *bench = *state;
    sql_close(&bench->boss);
    postgres_drop(&bench->database);
    arena_end(&bench->arena);
    test_free(bench);
    return 0;
}

void bench_up(struct bench *bench, int expected)
{
    int applied = -1;
    enum err err = migrate_up(&bench->options, &bench->fault, &applied);
    if (err)
        print_error("%s: %s\n", bench->fault.code, bench->fault.detail);
    assert_int_equal(err, ERR_NONE);
    assert_int_equal(applied, expected);
}

void bench_up_fails(struct bench *bench, enum err expected, const char *code, const char *detail)
{
    int applied = -7;
    assert_int_equal(migrate_up(&bench->options, &bench->fault, &applied), expected);
    assert_string_equal(bench->fault.code, code);
    if (!strstr(bench->fault.detail, detail))
        fail_msg("%s is not in: %s", detail, bench->fault.detail);
    assert_int_equal(applied, -7);
    fault_reset(&bench->fault);
}

void bench_down_fails(struct bench *bench, int steps, const char *code)
{
    int reverted = -7;
    assert_int_equal(migrate_down(&bench->options, steps, &bench->fault, &reverted), ERR_CONFLICT);
    assert_string_equal(bench->fault.code, code);
    assert_int_equal(reverted, -7);
    fault_reset(&bench->fault);
}

void bench_verifies(struct bench *bench, enum err expected, const char *code)
{
    assert_int_equal(migrate_verify(&bench->options, &bench->fault), expected);
    if (code)
        assert_string_equal(bench->fault.code, code);
    fault_reset(&bench->fault);
}
