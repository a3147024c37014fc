/* What `migrate plan` estimates beside what it takes: one file for each kind of statement, over a
 * table as large as you say, with rows and indexes as a patient has them.
 *
 *     estimate [ROWS]      a million; ends with 1 when one is off by more than a factor of 3
 *
 * What takes less than half a second is told and not judged. The coefficients are of a quiet
 * machine: how much slower this one is now is measured by a checksum of the table, before and
 * behind, whose own coefficient is 1.4 s for a million rows, and taken out of the verdict.
 */
#include "tests/harness/bench.h"

#include "db/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *word, *sql;
    bool in_tx;
} cases[] = {
    {"add_column", "ALTER TABLE clinicd.big ADD COLUMN note text", true},
    {"add_constant", "ALTER TABLE clinicd.big ADD COLUMN flag bool DEFAULT false", true},
    {"index", "CREATE INDEX big_phone ON clinicd.big (clinic_id, phone)", true},
    {"index_aside", "CREATE INDEX CONCURRENTLY big_code ON clinicd.big (clinic_id, code)", false},
    {"unique", "ALTER TABLE clinicd.big ADD CONSTRAINT big_one UNIQUE (clinic_id, born, id)", true},
    {"foreign_key",
     "ALTER TABLE clinicd.big ADD CONSTRAINT big_owner FOREIGN KEY (owner_id) REFERENCES "
     "clinicd.owner (id)",
     true},
    {"check", "ALTER TABLE clinicd.big ADD CONSTRAINT big_named CHECK (name <> '')", true},
    {"check_later",
     "ALTER TABLE clinicd.big ADD CONSTRAINT big_coded CHECK (code IS NOT NULL) NOT VALID", true},
    {"validate", "ALTER TABLE clinicd.big VALIDATE CONSTRAINT big_coded", true},
    {"not_null", "ALTER TABLE clinicd.big ALTER COLUMN name SET NOT NULL", true},
    {"volatile", "ALTER TABLE clinicd.big ADD COLUMN key uuid DEFAULT gen_random_uuid()", true},
    {"type", "ALTER TABLE clinicd.big ALTER COLUMN born TYPE bigint", true},
    {"update", "UPDATE clinicd.big SET phone = phone || '0' WHERE clinic_id > 0", true},
};

enum { CASES_N = sizeof cases / sizeof cases[0], JUDGED_MS = 500 };

static const char *const true_verify[] = {"SELECT true", NULL};
static const char *const house_up[] = {
    "CREATE SCHEMA clinicd", "CREATE TABLE clinicd.owner (id int PRIMARY KEY)",
    "CREATE TABLE clinicd.big (clinic_id bigint, id uuid, owner_id int, name text, name_key text,"
    "    code text, phone text, born int, address text, created_at timestamptz,"
    "    PRIMARY KEY (clinic_id, id))",
    NULL};

static void rows_make(struct bench *bench, const char *rows)
{
    sql_run(bench->boss, "INSERT INTO clinicd.owner SELECT n FROM generate_series(1, 100) n");
    sql_run(bench->boss,
            "INSERT INTO clinicd.big SELECT n %% 50, gen_random_uuid(), n %% 100 + 1,"
            "    'Name ' || md5(n::text), lower('name ' || md5(n::text)), 'P' || n,"
            "    '9' || lpad(n::text, 9, '0'), n, 'Street ' || n || ', a town of the north',"
            "    timestamptz '2026-01-01' + n * interval '1 s' FROM generate_series(1, %s) n",
            rows);
    static const char *const keys[] = {"name_key, id", "created_at", "born", "code, name_key",
                                       "name"};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        sql_run(bench->boss, "CREATE INDEX ON clinicd.big (clinic_id, %s)", keys[i]);
    sql_run(bench->boss, "VACUUM ANALYZE clinicd.big");
}

static void files_make(struct bench *bench, struct migration files[], const char *ups[][2])
{
    files[0] = (struct migration){.version = 1, .name = "house", .text = "-- house\n"};
    files[0].up = house_up;
    for (int i = 0; i < CASES_N; i++) {
        ups[i][0] = cases[i].sql;
        ups[i][1] = NULL;
        files[i + 1] = (struct migration){
            .version = i + 2,
            .name = cases[i].word,
            .text = arena_format(&bench->arena, "-- section up\n%s;\n", cases[i].sql)};
        files[i + 1].up = ups[i];
    }
    for (int i = 0; i <= CASES_N; i++) {
        files[i].kind = "expand";
        files[i].in_tx = i == 0 || cases[i - 1].in_tx;
        files[i].verify = true_verify;
    }
    files[CASES_N + 1] = (struct migration){.version = 0};
}

/* How often longer than on the machine of the coefficients. */
static double slowness(struct bench *bench)
{
    static const char sum[] =
        "SELECT sum(('x' || left(encode(sha256(convert_to(b::text, 'UTF8')), 'hex'), 15))::bit(60)"
        "::bigint::numeric) > 0 FROM clinicd.big b";
    int64_t began_us = clock_monotonic_us();
    double rows = (double)sql_int(bench->boss, "SELECT count(*) FROM clinicd.big");
    sql_run(bench->boss, "%s", sum);
    return (double)(clock_monotonic_us() - began_us) / 1e6 / (1.4 * rows / 1e6);
}

static bool is_off(const struct plan_file *plan, const struct migrate_done *done, double slow)
{
    double real = (double)done->duration_ms / 1000;
    double ratio = plan->seconds > 0 ? real / plan->seconds : 0;
    bool is_judged = done->duration_ms >= JUDGED_MS || plan->seconds * 1000 >= JUDGED_MS;
    bool is_wrong = is_judged && (ratio / slow < 1.0 / 3 || ratio / slow > 3);
    printf("%-14s %8.2f s %8.2f s  x%.2f%s\n", plan->name, plan->seconds, real, ratio,
           is_wrong ? "  OFF" : "");
    return is_wrong;
}

int main(int argc, char **argv)
{
    static struct migration files[CASES_N + 2];
    static const char *ups[CASES_N][2];
    struct bench *bench = NULL;
    struct plan_file *plans = NULL;
    size_t n = 0;
    int wrong = 0;
    void *state = NULL;
    bench_begin(&state, files);
    bench = state;
    files_make(bench, files, ups);
    bench->options.to = 1;
    bench_up(bench, 1);
    bench->options.to = -1;
    rows_make(bench, argc > 1 ? argv[1] : "1000000");
    if (migrate_plan(&bench->options, &bench->arena, &bench->fault, &plans, &n))
        return 2;
    double slow = slowness(bench);
    bench_up(bench, CASES_N);
    slow = (slow + slowness(bench)) / 2;
    printf("this machine is now %.1f times slower than that of the coefficients\n", slow);
    printf("%-14s %10s %10s\n", "statement", "estimated", "real");
    for (size_t i = 0; i < n; i++)
        wrong += is_off(&plans[i], &bench->report.done[i], slow);
    bench_end(&state);
    return wrong > 0;
}
