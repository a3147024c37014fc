/* Files over HTTP: what they are, their bytes, what becomes of them, and how many a clinic may
 * keep. What a file never may become is refused to SQL as the service's role, too. */
#include "tests/harness/race.h"
#include "tests/harness/reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { FILE_OWN = 531, FILE_OTHER = 532, FILE_LOGO = 539 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "api_files"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer get(struct world *world, const char *who, const char *path, const char *header)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){
                  .path = path, .token = who ? token_a(world, who) : NULL, .headers = {header}},
              &answer);
    return answer;
}

static const char *file_path(struct world *world, int file, const char *rest)
{
    return path_a(world, "/files/%s%s", id_a(world, file), rest);
}

static const char *header(struct world *world, const struct answer *answer, const char *name)
{
    const char *value = answer_header(&world->arena, answer, name, NULL);
    return value ? value : "";
}

static struct answer drop(struct world *world, const char *who, const char *path)
{
    return ask_if(world, "DELETE", path, token_a(world, who), NULL, "\"1\"");
}

static void what_was_sent_comes_back_byte_by_byte(void **state)
{
    struct world *world = *state;
    struct paper paper = paper_big(&world->arena, 200000, 1);
    paper.name =
        "\xE0\xA4\xB0\xE0\xA4\xBF\xE0\xA4\xAA\xE0\xA5\x8B\xE0\xA4\xB0\xE0\xA5\x8D\xE0\xA4\x9F.pdf";
    struct answer made = report_send(
        world, "doctor", of_patient(world, SEED_PATIENT_OWN, "reports"), paper, NULL, NULL);
    expect(&made, 201, NULL);
    assert_string_equal(report_file(&made, "name"), paper.name);
    const char *path = report_path(world, &made, "/content");
    struct answer all = get(world, "patient", path, NULL);
    expect(&all, 200, NULL);
    assert_int_equal(all.length, paper.bytes.length);
    assert_memory_equal(all.body, paper.bytes.text, all.length);
    assert_string_equal(header(world, &all, "Content-Type"), "application/pdf");
    assert_string_equal(header(world, &all, "Content-Disposition"),
                        "attachment; filename*=UTF-8''%E0%A4%B0%E0%A4%BF%E0%A4%AA%E0%A5%8B%E0%A4%B0"
                        "%E0%A5%8D%E0%A4%9F.pdf");
    assert_string_equal(header(world, &all, "X-Content-Type-Options"), "nosniff");
    assert_non_null(strstr(header(world, &all, "Content-Security-Policy"), "sandbox"));
    assert_string_equal(header(world, &all, "Cache-Control"), "no-store");
    assert_string_equal(header(world, &all, "ETag"),
                        arena_format(&world->arena, "\"%s\"", report_file(&made, "sha256")));
    struct answer part = get(world, "doctor", path, "Range: bytes=100000-100099");
    expect(&part, 206, NULL);
    assert_int_equal(part.length, 100);
    assert_memory_equal(part.body, paper.bytes.text + 100000, 100);
    struct answer same =
        get(world, "doctor", path,
            arena_format(&world->arena, "If-None-Match: %s", header(world, &all, "ETag")));
    expect(&same, 304, NULL);
    struct answer beyond = get(world, "doctor", path, "Range: bytes=9000000-");
    expect(&beyond, 416, "range-not-satisfiable");
}

static void a_download_needs_its_people(void **state)
{
    struct world *world = *state;
    struct answer answer = get(world, NULL, file_path(world, FILE_OWN, "/content"), NULL);
    expect(&answer, 401, NULL);
    answer = get(world, "patient", file_path(world, FILE_OTHER, "/content"), NULL);
    expect(&answer, 404, "not-found");
    answer = get(world, "patient", file_path(world, FILE_OTHER, ""), NULL);
    expect(&answer, 404, "not-found");
    answer = get(world, "admin", file_path(world, FILE_LOGO, ""), NULL);
    expect(&answer, 404, "not-found");
    answer = get(world, "admin", file_path(world, FILE_LOGO, "/content"), NULL);
    expect(&answer, 404, "not-found");
    char id[UUID_TEXT];
    answer = get(world, "admin", path_a(world, "/files/%s/content", seed_id(&seed_b, FILE_OWN, id)),
                 NULL);
    expect(&answer, 404, "not-found");
    answer = drop(world, "admin", file_path(world, FILE_LOGO, ""));
    expect(&answer, 404, "not-found");
    answer = drop(world, "receptionist", file_path(world, FILE_OWN, ""));
    expect(&answer, 403, "missing-permission");
}

static void set_state(struct world *world, const char *file, const char *to)
{
    sql_run(world->boss, "ALTER TABLE clinicd.file DISABLE TRIGGER file_guard");
    sql_run(world->boss, "UPDATE clinicd.file SET state = '%s' WHERE id = '%s'", to, file);
    sql_run(world->boss, "ALTER TABLE clinicd.file ENABLE TRIGGER file_guard");
}

static void only_what_is_clean_is_handed_out(void **state)
{
    struct world *world = *state;
    struct answer made = report_make(world, SEED_PATIENT_OWN);
    const char *path = report_path(world, &made, "/content"), *id = report_file(&made, "id");
    set_state(world, id, "pending");
    struct answer answer = get(world, "doctor", path, NULL);
    expect(&answer, 409, "file-pending");
    answer = get(world, "doctor", report_path(world, &made, ""), NULL);
    assert_string_equal(answer_text(&answer, "state"), "pending");
    set_state(world, id, "infected");
    answer = get(world, "doctor", path, "Range: bytes=0-1");
    expect(&answer, 409, "file-infected");
    set_state(world, id, "missing");
    answer = get(world, "doctor", path, NULL);
    expect(&answer, 500, "file-missing");
    set_state(world, id, "clean");
    struct fault fault = {.arena = &world->arena};
    assert_int_equal(store_remove(world->service->store, seed_a.clinic_id, id, &fault), ERR_NONE);
    answer = get(world, "doctor", path, NULL);
    expect(&answer, 500, "file-missing");
    reports_restore(world);
}

static void nobody_answers_the_scan(struct service_options *options)
{
    options->scanner = "unix:/nonexistent/clamd.ctl";
}

/* Comes last: a service that ends takes the process's keys with it. */
static void where_there_is_a_scanner_a_file_waits_for_it(void **state)
{
    struct world scanned;
    (void)state;
    world_begin(&scanned, &(struct world_options){.name = "api_files_scanned",
                                                  .adjust = nobody_answers_the_scan});
    struct answer made = report_make(&scanned, SEED_PATIENT_OWN);
    assert_string_equal(report_file(&made, "state"), "pending");
    struct answer answer = get(&scanned, "doctor", report_path(&scanned, &made, "/content"), NULL);
    expect(&answer, 409, "file-pending");
    answer = get(&scanned, "doctor", file_path(&scanned, FILE_OWN, "/content"), NULL);
    expect(&answer, 200, NULL);
    world_end(&scanned);
}

static void what_is_deleted_is_gone_for_everybody_and_kept(void **state)
{
    struct world *world = *state;
    struct answer made = report_make(world, SEED_PATIENT_OWN);
    struct objects before = objects_now(world);
    const char *path = report_path(world, &made, "");
    struct answer answer = ask(world, "DELETE", path, token_a(world, "doctor"), NULL);
    expect(&answer, 428, NULL);
    answer = ask_if(world, "DELETE", path, token_a(world, "doctor"), NULL, "\"7\"");
    expect(&answer, 412, NULL);
    answer = drop(world, "doctor", path);
    expect(&answer, 204, NULL);
    static const char *const everybody[] = {"admin", "doctor", "receptionist", "lab_tech",
                                            "patient"};
    for (size_t i = 0; i < sizeof everybody / sizeof *everybody; i++) {
        answer = get(world, everybody[i], path, NULL);
        expect(&answer, 404, NULL);
        answer = get(world, everybody[i], report_path(world, &made, "/content"), NULL);
        expect(&answer, 404, NULL);
        answer = get(world, everybody[i],
                     path_a(world, "%s", of_patient(world, SEED_PATIENT_OWN, "reports")), NULL);
        assert_null(strstr(answer.body, answer_text(&made, "id")));
    }
    answer = drop(world, "admin", path);
    expect(&answer, 404, NULL);
    assert_int_equal(objects_now(world).objects, before.objects);
}

/* --- the trail ------------------------------------------------------------------------------ */

static void who_sent_and_who_fetched_is_in_the_trail(void **state)
{
    struct world *world = *state;
    struct answer made = report_make(world, SEED_PATIENT_OWN);
    const char *id = report_file(&made, "id");
    get(world, "doctor", report_path(world, &made, "/content"), NULL);
    get(world, "admin", report_path(world, &made, "/content"), "Range: bytes=0-9");
    set_state(world, id, "pending");
    get(world, "doctor", report_path(world, &made, "/content"), NULL);
    const struct {
        const char *operation, *entity_id;
        int status, count;
    } rows[] = {
        {"reports_create", answer_text(&made, "id"), 201, 1},
        {"files_content", id, 200, 2},
        {"files_content", NULL, 409, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(
            sql_int(world->boss,
                    "SELECT count(*) FROM clinicd.audit WHERE clinic_id = %d AND operation = '%s' "
                    "AND status = %d AND (%s entity_id = '%s') AND at >= (SELECT uploaded_at FROM "
                    "clinicd.file WHERE id = '%s')",
                    (int)seed_a.clinic_id, rows[i].operation, rows[i].status,
                    rows[i].entity_id ? "" : "true OR", rows[i].entity_id ? rows[i].entity_id : id,
                    id),
            rows[i].count);
    struct answer log =
        get(world, "patient",
            path_a(world, "%s", of_patient(world, SEED_PATIENT_OWN, "access-log?limit=6")), NULL);
    expect(&log, 200, NULL);
    assert_non_null(strstr(log.body, "files_content"));
    assert_non_null(strstr(log.body, "reports_create"));
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.audit WHERE operation = "
                "'reports_create' AND after->'file'->>'id' = '%s' AND patient_id = '%s'",
                id, id_a(world, SEED_PATIENT_OWN)),
        1);
    reports_restore(world);
}

/* --- the quota ------------------------------------------------------------------------------ */

static void allow(struct world *world, const char *members, int status)
{
    char token[TOKEN_TEXT];
    struct answer clinic = get(world, "admin", path_a(world, "%s", ""), NULL);
    struct answer answer =
        ask_if(world, "PATCH", path_a(world, "/subscription"), seed_token(NULL, "boss", token),
               members, header(world, &clinic, "ETag"));
    expect(&answer, status, status == 409 ? "quota-exceeded" : NULL);
}

static void quota_is_as_counted(struct world *world)
{
    assert_int_equal(
        sql_int(world->boss,
                "SELECT count(*) FROM clinicd.file_quota q CROSS JOIN LATERAL (SELECT count(*) AS "
                "files, coalesce(sum(f.size_bytes), 0) AS bytes FROM clinicd.file f "
                "WHERE f.clinic_id = q.clinic_id AND f.deleted_at IS NULL) n "
                "WHERE q.files <> n.files OR q.bytes <> n.bytes"),
        0);
}

static void a_full_clinic_takes_no_more_and_keeps_nothing(void **state)
{
    struct world *world = *state;
    struct objects before = objects_now(world);
    struct answer first = report_make(world, SEED_PATIENT_OWN);
    allow(world, "{\"max_files\": 3}", 409); /* there are eight */
    allow(world, "{\"max_files\": 8}", 200);
    struct answer clinic = get(world, "admin", path_a(world, "%s", ""), NULL);
    assert_int_equal(json_integer_value(json_object_get(clinic.json, "max_files")), 8);
    const char *path = of_patient(world, SEED_PATIENT_OWN, "reports");
    struct answer refused = report_send(world, "doctor", path, paper_pdf(world), NULL, NULL);
    expect(&refused, 409, "quota-exceeded");
    struct answer gone = drop(world, "doctor", report_path(world, &first, ""));
    expect(&gone, 204, NULL);
    struct answer second = report_send(world, "doctor", path, paper_pdf(world), NULL, NULL);
    expect(&second, 201, NULL);
    quota_is_as_counted(world);
    int64_t used = sql_int(world->boss, "SELECT bytes FROM clinicd.file_quota WHERE clinic_id = %d",
                           (int)seed_a.clinic_id);
    allow(world,
          arena_format(&world->arena, "{\"max_files\": 100, \"max_file_bytes\": %d}",
                       (int)used + 700),
          200);
    refused = report_send(world, "doctor", path, paper_big(&world->arena, 2000, 3), NULL, NULL);
    expect(&refused, 409, "quota-exceeded");
    assert_int_equal(objects_now(world).objects, before.objects + 2);
    quota_is_as_counted(world);
    reports_restore(world);
}

static void uploads_at_once_do_not_pass_the_quota(void **state)
{
    enum { AT_ONCE = 8, PLACES = 3 };
    struct world *world = *state;
    struct racer racers[AT_ONCE] = {0};
    struct objects before = objects_now(world);
    allow(world, "{\"max_files\": 10}", 200); /* seven are there */
    for (int i = 0; i < AT_ONCE; i++) {
        struct paper paper = paper_pdf(world);
        struct form form;
        form_begin(&form, &world->arena);
        form_file(&form, paper.name, paper.type, paper.bytes.text, paper.bytes.length);
        form_end(&form);
        racers[i].call = (struct call){
            .method = "POST",
            .path = path_a(world, "%s", of_patient(world, SEED_PATIENT_OWN + i % 2, "reports")),
            .token = token_a(world, "doctor"),
            .body = form.body.text,
            .body_length = form.body.length,
            .type = FORM_TYPE};
    }
    race(world, racers, AT_ONCE);
    assert_int_equal(race_count(racers, AT_ONCE, 201), PLACES);
    assert_int_equal(race_count(racers, AT_ONCE, 409), AT_ONCE - PLACES);
    race_forget(racers, AT_ONCE);
    assert_int_equal(objects_now(world).objects, before.objects + PLACES);
    quota_is_as_counted(world);
    reports_restore(world);
}

/* --- past the API --------------------------------------------------------------------------- */

static void the_services_role_cannot_make_a_file_what_it_is_not(void **state)
{
    struct world *world = *state;
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    const char *own = id_a(world, FILE_OWN), *other = id_a(world, SEED_PATIENT_OTHER);
    sql_run(app, "SELECT set_config('app.clinic_id', '%d', false)", (int)seed_a.clinic_id);
    const struct {
        const char *sql, *sqlstate;
    } tries[] = {
        {"UPDATE clinicd.file SET name = 'other.pdf' WHERE id = '%1$s'", "42501"},
        {"UPDATE clinicd.file SET sha256 = repeat('0', 64) WHERE id = '%1$s'", "42501"},
        {"UPDATE clinicd.file SET state = 'infected' WHERE id = '%1$s'", "23514"},
        {"UPDATE clinicd.file SET state = 'pending' WHERE id = '%1$s'", "23514"},
        {"DELETE FROM clinicd.file WHERE id = '%1$s'", "42501"},
        {"UPDATE clinicd.report SET notes = 'x' WHERE file_id = '%1$s'", "42501"},
        {"UPDATE clinicd.file_quota SET bytes = 0", "42501"},
        {"UPDATE clinicd.logo SET file_id = '%1$s', version = 9", "23514"},
        {"WITH f AS (INSERT INTO clinicd.file (clinic_id, id, patient_id, kind, name, media_type, "
         "size_bytes, sha256, uploaded_at, created_at, updated_at) SELECT clinic_id, "
         "gen_random_uuid(), patient_id, kind, name, media_type, size_bytes, sha256, uploaded_at, "
         "created_at, updated_at FROM clinicd.file WHERE id = '%1$s' RETURNING *) "
         "INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, report_type, "
         "created_at) SELECT clinic_id, gen_random_uuid(), '%2$s', kind, id, 'x', now() FROM f",
         "23503"},
        {"WITH f AS (INSERT INTO clinicd.file (clinic_id, id, patient_id, kind, name, media_type, "
         "size_bytes, sha256, uploaded_at, created_at, updated_at) SELECT clinic_id, "
         "gen_random_uuid(), patient_id, kind, name, media_type, size_bytes, sha256, uploaded_at, "
         "created_at, updated_at FROM clinicd.file WHERE id = '%1$s' RETURNING *) "
         "INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, test_type, "
         "created_at) SELECT clinic_id, gen_random_uuid(), patient_id, 'test_report', id, 'x', "
         "now() FROM f",
         "23503"},
        {"INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, created_at) "
         "SELECT clinic_id, gen_random_uuid(), patient_id, kind, id, now() FROM clinicd.file "
         "WHERE id = '%1$s'",
         "23514"},
    };
    for (size_t i = 0; i < sizeof tries / sizeof *tries; i++) {
        char sqlstate[SQLSTATE_TEXT];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        char *sql = arena_format(&world->arena, tries[i].sql, own, other);
#pragma GCC diagnostic pop
        if (sql_try(app, sqlstate, "%s", sql) != -1)
            fail_msg("it was done: %s", sql);
        if (strcmp(sqlstate, tries[i].sqlstate) != 0)
            fail_msg("%s, not %s: %s", sqlstate, tries[i].sqlstate, sql);
    }
}

static void a_file_that_says_nonsense_has_no_row(void **state)
{
    struct world *world = *state;
    static const char *const wrong[] = {
        "name = '../x.pdf'", "name = E'a\\nb.pdf'",      "name = '.x.pdf'",
        "name = ''",         "name = repeat('x', 256)",  "media_type = 'text/html'",
        "size_bytes = 0",    "sha256 = repeat('G', 64)", "kind = 'logo'",
        "patient_id = NULL", "state = 'lost'",
    };
    sql_run(world->boss, "CREATE TEMP TABLE draft AS SELECT * FROM clinicd.file WHERE id = '%s'",
            id_a(world, FILE_OWN));
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char sqlstate[SQLSTATE_TEXT];
        sql_run(world->boss, "BEGIN");
        sql_run(world->boss, "UPDATE draft SET id = gen_random_uuid(), %s", wrong[i]);
        int n = sql_try(world->boss, sqlstate, "INSERT INTO clinicd.file SELECT * FROM draft");
        sql_run(world->boss, "ROLLBACK");
        if (n != -1 || strcmp(sqlstate, "23514") != 0)
            fail_msg("%s: %s", wrong[i], n == -1 ? sqlstate : "a row was made");
    }
}

/* Whoever links a report holds it: the other waits, and is told. */
static void a_file_is_linked_or_deleted_never_both(void **state)
{
    enum { BOTH = 2, ROUNDS = 6 };
    struct world *world = *state;
    for (int round = 0; round < ROUNDS; round++) {
        struct racer racers[BOTH] = {0};
        struct answer rx = rx_make(world, SEED_PATIENT_OWN, ", \"tests\": [{" RX_TEST "}]");
        rx = rx_step(world, &rx, "doctor", RX_IS_COMPLETED);
        const char *const fields[] = {"test_type=Blood", NULL};
        struct answer report =
            report_send(world, "lab_tech", of_patient(world, SEED_PATIENT_OWN, "test-reports"),
                        paper_pdf(world), fields, NULL);
        racers[0].call =
            (struct call){.method = "POST",
                          .path = rx_path(world, &rx,
                                          arena_format(&world->arena, "/tests/%s/result",
                                                       rx_text(&rx, "tests", 0, "id"))),
                          .token = token_a(world, "lab_tech"),
                          .body = arena_format(&world->arena, "{\"report_id\": \"%s\"}",
                                               answer_text(&report, "id")),
                          .if_match = "\"1\""};
        racers[1].call = (struct call){.method = "DELETE",
                                       .path = report_path(world, &report, ""),
                                       .token = token_a(world, "admin"),
                                       .if_match = "\"1\""};
        race(world, racers, BOTH);
        bool is_linked = racers[0].answer.status == 200, is_gone = racers[1].answer.status == 204;
        assert_true(is_linked != is_gone);
        race_forget(racers, BOTH);
        assert_int_equal(
            sql_int(world->boss,
                    "SELECT count(*) FROM clinicd.lab_order o JOIN clinicd.file f ON f.clinic_id "
                    "= o.clinic_id AND f.id = o.report_file_id WHERE f.deleted_at IS NOT NULL"),
            0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_comes_back_byte_by_byte),
        cmocka_unit_test(a_download_needs_its_people),
        cmocka_unit_test(only_what_is_clean_is_handed_out),
        cmocka_unit_test(what_is_deleted_is_gone_for_everybody_and_kept),
        cmocka_unit_test(who_sent_and_who_fetched_is_in_the_trail),
        cmocka_unit_test(a_full_clinic_takes_no_more_and_keeps_nothing),
        cmocka_unit_test(uploads_at_once_do_not_pass_the_quota),
        cmocka_unit_test(the_services_role_cannot_make_a_file_what_it_is_not),
        cmocka_unit_test(a_file_that_says_nonsense_has_no_row),
        cmocka_unit_test(a_file_is_linked_or_deleted_never_both),
        cmocka_unit_test(where_there_is_a_scanner_a_file_waits_for_it),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
