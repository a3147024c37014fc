/* The ledger: numbered patients are registered while the service and its database are killed at
 * random. Whatever was acknowledged is there, exactly once, with its audit row; whatever is there
 * was acknowledged, or went unanswered and says the same when its key is tried again. In between
 * there are only answers that say so: 201, or 503 with Retry-After.
 * CLINICD_TEST_SEED chooses other moments, which are counted in answers. */
#include "db/clock.h"
#include "tests/harness/answer.h"
#include "tests/harness/die.h"
#include "tests/harness/raw.h"
#include "tests/harness/seed.h"
#include "tests/harness/town.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum {
    WRITERS = 6,
    FACTS_MAX = 60000,
    SERVICE_KILLS = 20,
    POSTGRES_CRASHES = 5,
    WAIT_MS = 30000,
    HANG_MS = 60000, /* how long it took is printed */
    ANSWERS_LEAST = 5,
    ANSWERS_SPREAD = 30,
    PHASE_US = 5000
};

enum fate { UNSENT, UNANSWERED, ACKNOWLEDGED };

struct fact {
    enum fate fate;
    char id[UUID_TEXT]; /* as it was acknowledged */
};

struct ledger {
    struct town town;
    struct document *document;
    struct arena arena;
    char token[TOKEN_TEXT];
    atomic_int next;
    atomic_bool is_over;
    atomic_int wrong, refused, unanswered, retried, acknowledged;
    struct fact *facts; /* a fact belongs to the writer that took its number */
};

static int begin(void **state)
{
    struct ledger *ledger = calloc(1, sizeof *ledger);
    struct fact *facts = calloc(FACTS_MAX, sizeof *facts);
    struct fault fault = {0};
    if (!ledger || !facts)
        return -1;
    ledger->facts = facts;
    fault.arena = &ledger->arena;
    if (document_load(&ledger->arena, document_bytes, document_bytes_n, &fault, &ledger->document))
        return -1;
    seed_token(&seed_a, "receptionist", ledger->token);
    town_begin(&ledger->town);
    *state = ledger;
    return 0;
}

static int end(void **state)
{
    struct ledger *ledger = *state;
    town_end(&ledger->town);
    arena_end(&ledger->arena);
    free(ledger->facts);
    free(ledger);
    return 0;
}

/* --- writing -------------------------------------------------------------------------------- */

static struct call fact_call(const struct ledger *ledger, struct arena *arena, int n)
{
    return (struct call){.method = "POST",
                         .path = "/clinics/clinic-a/patients",
                         .token = ledger->token,
                         .body = arena_format(arena,
                                              "{\"name\":\"Ledger %d\",\"phone_number\":\"+91 80 "
                                              "7%03d %04d\",\"address\":\"Page %d\","
                                              "\"age_years\":40}",
                                              n, n / 10000, n % 10000, n),
                         .headers = {arena_format(arena, "Idempotency-Key: ledger-%d", n)}};
}

/* True: acknowledged, and it says the same as before. */
static bool fact_send(struct ledger *ledger, struct raw *raw, int n)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct call call = fact_call(ledger, &arena, n);
    struct fact *fact = &ledger->facts[n];
    struct answer answer = {0};
    struct buf out;
    buf_begin(&out, &arena, 1024);
    raw_write(&out, &call);
    enum raw_end how = raw_ask(raw, &arena, out.text, out.length, false, WAIT_MS, &answer);
    if (how == RAW_REFUSED)
        return false;
    fact->fate = fact->fate == UNSENT ? UNANSWERED : fact->fate;
    if (how != RAW_ANSWERED) {
        atomic_fetch_add(&ledger->unanswered, 1);
        if (how == RAW_SILENT && atomic_fetch_add(&ledger->wrong, 1) < 5)
            print_error("fact %d: silence for %d ms\n", n, WAIT_MS);
        return false;
    }
    answer_judge(ledger->document, &arena, &call, &answer);
    bool is_refusal = answer.status == 503 && !answer_header(&arena, &answer, "Location", NULL);
    const char *id = answer_text(&answer, "id");
    bool is_right = answer.status == 201 && (!*fact->id || strcmp(fact->id, id) == 0);
    if (answer.flaw || !(is_refusal || is_right)) {
        if (atomic_fetch_add(&ledger->wrong, 1) < 5)
            print_error("fact %d: %d %s\n%s\n", n, answer.status, answer.flaw ? answer.flaw : "",
                        answer.body);
        return false;
    }
    if (is_refusal) {
        atomic_fetch_add(&ledger->refused, 1);
        return false;
    }
    snprintf(fact->id, sizeof fact->id, "%s", id);
    fact->fate = ACKNOWLEDGED;
    atomic_fetch_add(&ledger->acknowledged, 1);
    return true;
}

static void *write_facts(void *user)
{
    struct ledger *ledger = user;
    struct raw raw;
    raw_open(&raw, ledger->town.port);
    while (!atomic_load(&ledger->is_over)) {
        int n = atomic_fetch_add(&ledger->next, 1);
        if (n >= FACTS_MAX)
            break;
        for (int attempt = 0; !fact_send(ledger, &raw, n) && !atomic_load(&ledger->is_over);
             attempt++) {
            if (n % 4 == 0 && ledger->facts[n].fate == UNANSWERED)
                break; /* this client gives up: nobody told it what became of it */
            atomic_fetch_add(&ledger->retried, 1);
            usleep(30000);
        }
    }
    raw_close(&raw);
    return NULL;
}

/* --- killing -------------------------------------------------------------------------------- */

/* Until so many more were acknowledged, and somewhere within the next. */
static void pause_at_random(struct ledger *ledger, unsigned *seed)
{
    int until = atomic_load(&ledger->acknowledged) + ANSWERS_LEAST + rand_r(seed) % ANSWERS_SPREAD;
    for (int i = 0; atomic_load(&ledger->acknowledged) < until; i++) {
        if (i == HANG_MS)
            fail_msg("no answers for %d ms", HANG_MS);
        usleep(1000);
    }
    usleep((unsigned)rand_r(seed) % PHASE_US);
}

static int kill_service_often(struct ledger *ledger, unsigned *seed)
{
    int slowest = 0;
    for (int i = 0; i < SERVICE_KILLS; i++) {
        pause_at_random(ledger, seed);
        town_service_kill(&ledger->town);
        town_service_start(&ledger->town);
        int ms = town_ready_ms(&ledger->town, HANG_MS);
        if (ms < 0)
            fail_msg("the service was not ready %d ms after its start", HANG_MS);
        slowest = ms > slowest ? ms : slowest;
    }
    return slowest;
}

static int status_of(const struct ledger *ledger, const char *path)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct call call = {.path = path};
    struct answer answer = {0};
    struct raw raw;
    struct buf out;
    buf_begin(&out, &arena, 512);
    raw_write(&out, &call);
    raw_open(&raw, ledger->town.port);
    if (raw_ask(&raw, &arena, out.text, out.length, false, WAIT_MS, &answer) == RAW_ANSWERED)
        answer_judge(ledger->document, &arena, &call, &answer);
    raw_close(&raw);
    if (answer.flaw)
        fail_msg("%s: %d %s", path, answer.status, answer.flaw);
    return answer.status;
}

static int crash_postgres_often(struct ledger *ledger, unsigned *seed)
{
    int slowest = 0;
    for (int i = 0; i < POSTGRES_CRASHES; i++) {
        pause_at_random(ledger, seed);
        town_postgres_crash(&ledger->town);
        for (int n = 0; n < HANG_MS / 10 && status_of(ledger, "/health/ready") == 200; n++)
            usleep(10000); /* an answer of "ready" is remembered for a second */
        assert_int_equal(status_of(ledger, "/health/live"), 200);
        assert_int_equal(status_of(ledger, "/health/ready"), 503);
        town_postgres_start(&ledger->town);
        int ms = town_ready_ms(&ledger->town, HANG_MS);
        if (ms < 0)
            fail_msg("the service was not ready %d ms after the database", HANG_MS);
        slowest = ms > slowest ? ms : slowest;
        assert_true(town_service_lives(&ledger->town));
    }
    return slowest;
}

/* --- the reckoning -------------------------------------------------------------------------- */

static void count_patients(const struct ledger *ledger, PGconn *boss, int sent, int *found)
{
    struct arena arena CLEANUP(arena_end) = {0};
    PGresult *rows = sql_rows(boss, &arena,
                              "SELECT substr(name, 8), count(*), min(id::text) FROM "
                              "clinicd.patient WHERE name LIKE 'Ledger %%' GROUP BY 1");
    for (int i = 0; i < PQntuples(rows); i++) {
        int n = atoi(PQgetvalue(rows, i, 0));
        assert_in_range(n, 0, sent - 1);
        found[n] = atoi(PQgetvalue(rows, i, 1));
        if (ledger->facts[n].fate == ACKNOWLEDGED)
            assert_string_equal(PQgetvalue(rows, i, 2), ledger->facts[n].id);
    }
}

static void reckon(struct ledger *ledger, int sent)
{
    PGconn *boss SQL_CLOSE = sql_connect(ledger->town.database.superuser_url);
    int *found = calloc((size_t)sent, sizeof *found);
    int acknowledged = 0, there = 0, silent = 0, missing = 0, twice = 0, from_nowhere = 0;
    assert_non_null(found);
    count_patients(ledger, boss, sent, found);
    for (int n = 0; n < sent; n++) {
        enum fate fate = ledger->facts[n].fate;
        acknowledged += fate == ACKNOWLEDGED;
        there += found[n];
        twice += found[n] > 1;
        missing += fate == ACKNOWLEDGED && found[n] == 0;
        silent += fate == UNANSWERED && found[n] == 1;
        from_nowhere += fate == UNSENT && found[n] > 0;
    }
    print_message(
        "%d facts: %d acknowledged, %d there, %d of them unanswered; %d missing, %d twice\n", sent,
        acknowledged, there, silent, missing, twice);
    free(found);
    assert_int_equal(missing, 0);
    assert_int_equal(twice, 0);
    assert_int_equal(from_nowhere, 0);
    assert_int_equal(there, acknowledged + silent);
    assert_int_equal(sql_int(boss, "SELECT count(*) FROM clinicd.patient p WHERE name LIKE 'Ledger "
                                   "%%' AND 1 <> (SELECT count(*) FROM "
                                   "clinicd.audit a WHERE a.clinic_id = p.clinic_id AND "
                                   "a.entity_id = p.id AND a.status = 201)"),
                     0);
    assert_int_equal(sql_int(boss, "SELECT count(*) FROM clinicd.audit WHERE operation = "
                                   "'patients_create' AND status = 201"),
                     there);
    assert_int_equal(
        sql_int(boss,
                "SELECT used - 3 FROM clinicd.quota WHERE clinic_id = %d AND kind = 'patient'",
                (int)seed_a.clinic_id),
        there);
    assert_int_equal(
        sql_int(boss,
                "SELECT sum(value) FROM clinicd.counter WHERE clinic_id = %d AND period > 2025",
                (int)seed_a.clinic_id),
        there);
}

static void killed_at_random_nothing_acknowledged_is_lost(void **state)
{
    struct ledger *ledger = *state;
    pthread_t writers[WRITERS];
    const char *text = getenv("CLINICD_TEST_SEED");
    unsigned seed = text ? (unsigned)atoi(text) : 1;
    town_service_start(&ledger->town);
    assert_true(town_ready_ms(&ledger->town, HANG_MS) >= 0); /* makes the key file too */
    for (int i = 0; i < WRITERS; i++)
        if (pthread_create(&writers[i], NULL, write_facts, ledger))
            die("no thread");
    int after_kill = kill_service_often(ledger, &seed);
    int after_crash = crash_postgres_often(ledger, &seed);
    pause_at_random(ledger, &seed);
    atomic_store(&ledger->is_over, true);
    for (int i = 0; i < WRITERS; i++)
        pthread_join(writers[i], NULL);

    int sent = atomic_load(&ledger->next);
    print_message("%d kills of the service: ready after %d ms at most; %d crashes of PostgreSQL: "
                  "after %d ms\n"
                  "%d answers cut, %d refused with 503, %d tries again\n",
                  SERVICE_KILLS, after_kill, POSTGRES_CRASHES, after_crash,
                  atomic_load(&ledger->unanswered), atomic_load(&ledger->refused),
                  atomic_load(&ledger->retried));
    assert_int_equal(atomic_load(&ledger->wrong), 0);
    assert_true(sent >= (SERVICE_KILLS + POSTGRES_CRASHES) * ANSWERS_LEAST);
    reckon(ledger, sent);

    /* Whoever was left without an answer asks again, and so do some that had one. */
    struct raw raw;
    raw_open(&raw, ledger->town.port);
    for (int n = 0; n < sent; n++)
        if (ledger->facts[n].fate == UNANSWERED || n % 16 == 0)
            assert_true(fact_send(ledger, &raw, n));
    raw_close(&raw);
    reckon(ledger, sent);

    int status = town_service_stop(&ledger->town);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* What was written while everything broke is still a log. */
static void every_line_of_the_log_is_json(void **state)
{
    struct ledger *ledger = *state;
    int lines = 0;
    char *log = town_log(&ledger->town, &ledger->arena);
    for (char *line = strtok(log, "\n"); line; line = strtok(NULL, "\n"), lines++) {
        json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        if (!json)
            fail_msg("not JSON: %s", line);
        json_decref(json);
    }
    print_message("%d lines of log\n", lines);
    assert_true(lines >= (SERVICE_KILLS + POSTGRES_CRASHES) * ANSWERS_LEAST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_random_nothing_acknowledged_is_lost),
        cmocka_unit_test(every_line_of_the_log_is_json),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
