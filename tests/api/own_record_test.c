/* A patient's token: every operation of the document, on everything there is, shows what is the
 * patient's own, or nothing. Two things see to that: the condition on $patient in the statements,
 * and the restrictive policies. The program is built a second time with the condition taken out of
 * every query; the policies alone must then hold. */
#include "api/http/document.h"
#include "db/query.h"
#include "tests/api/matrix.h"
#include "tests/harness/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#ifdef WITHOUT_PATIENT
enum { CONDITION_STANDS = false };
#else
enum { CONDITION_STANDS = true };
#endif

/* The other patient of the clinic, signed in too, and seen by staff alone and in a list with "own".
 */
static const char other[] =
    "INSERT INTO clinicd.account (clinic_id, id, patient_id, username, role, first_name, "
    "  last_name, email, mobile_number, must_change_password, created_at, updated_at) "
    "VALUES (7001, '0190a000-0000-7000-8000-aa0000000208', '0190a000-0000-7000-8000-aa0000000102',"
    "  'other-alphamark', 'patient', 'other-alphamark', 'other-alphamark', "
    "  'other-alphamark@mail.example', '+91 8111100001102', false, '2026-01-01', '2026-01-01');"
    "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, access_expires_at, "
    "  family_hash, refresh_hash, refresh_expires_at, ends_at, idle_seconds, last_seen_at, "
    "  user_agent, created_at) "
    "SELECT clinic_id, '0190a000-0000-7000-8000-aa0000000308', "
    "  '0190a000-0000-7000-8000-aa0000000208', encode(sha256('access of other'), 'hex'), "
    "  access_expires_at, encode(sha256('family of other'), 'hex'), "
    "  encode(sha256('refresh of other'), 'hex'), refresh_expires_at, ends_at, idle_seconds, "
    "  last_seen_at, 'agent other-alphamark', created_at "
    "FROM clinicd.session WHERE id = '0190a000-0000-7000-8000-aa0000000305';"
    "INSERT INTO clinicd.audit (clinic_id, at, id, actor_kind, actor_name, actor_role, operation, "
    "  patient_id, patient_ids, status, reason) "
    "SELECT 7001, now(), gen_random_uuid(), 'account', CASE WHEN ids IS NULL THEN "
    "  'looked-at-other-alphamark' ELSE 'desk' END, 'doctor', 'patients_get', "
    "  CASE WHEN ids IS NULL THEN '0190a000-0000-7000-8000-aa0000000102'::uuid END, ids, 200, "
    "  'other-alphamark' FROM (VALUES (NULL::uuid[]), "
    "  ('{0190a000-0000-7000-8000-aa0000000101,0190a000-0000-7000-8000-aa0000000102}')) l (ids)";

/* Words that must never reach the patient; so must no id of what records.json lists as "other". */
static const char *const canaries[] = {"other-alphamark", "PT-2025-00102", "8111100001102",
                                       "hidden-alphamark", "looked-at-other-alpha"};

struct run {
    struct world world;
    char token[TOKEN_TEXT];
    struct arena arena;
    const json_t *records;
    unsigned checks, leaks, failures, own; /* own: answers with the patient's own words */
    bool is_quiet;
};

static int begin(void **state)
{
    static struct run run;
    run = (struct run){0};
    world_begin(&run.world, &(struct world_options){.name = "own_record"});
    run.records = records_read(&run.arena);
    sql_run(run.world.boss, "%s", other);
    seed_token(&seed_a, "patient", run.token);
    *state = &run;
    return 0;
}

static int end(void **state)
{
    struct run *run = *state;
    world_end(&run->world);
    arena_end(&run->arena);
    return 0;
}

static void tell(struct run *run, unsigned *count, const struct call *call,
                 const struct answer *answer, const char *what)
{
    if (++*count <= 10 && !run->is_quiet)
        print_error("%s %s: %d, %s\n  %.600s\n", call->method, call->path, answer->status, what,
                    answer->body);
}

/* Everything of the other patient, wherever a table has a patient's column. */
static char *fingerprint(struct run *run, struct arena *arena)
{
    return sql_text(
        run->world.boss, arena,
        "SELECT md5(string_agg(x::text, '' ORDER BY x::text)) FROM (SELECT "
        "query_to_xml(format('SELECT * FROM "
        "clinicd.%%I t WHERE %%I = ''0190a000-0000-7000-8000-aa0000000102'' ORDER BY t::text', "
        "c.relname, a.attname), true, false, '') AS x FROM pg_class c JOIN pg_attribute a ON "
        "a.attrelid = c.oid AND a.attname = CASE c.relname WHEN 'patient' THEN 'id' ELSE "
        "'patient_id' END WHERE c.relnamespace = 'clinicd'::regnamespace AND c.relkind = 'r' AND "
        "NOT c.relispartition) rows");
}

static bool is_permitted(const struct run *run, const struct operation *operation)
{
    return operation->is_public ||
           (document_role(run->world.document, "patient") & operation->permission);
}

static void look_for_others(struct run *run, const struct call *call, const struct answer *answer)
{
    char id[UUID_TEXT];
    size_t i;
    json_t *number;
    json_array_foreach(json_object_get(run->records, "other"), i, number)
    {
        seed_id(&seed_a, (int)json_integer_value(number), id);
        if (strstr(answer->body, id) || strstr(answer->head, id))
            tell(run, &run->leaks, call, answer, id);
    }
    for (i = 0; i < sizeof canaries / sizeof *canaries; i++)
        if (strstr(answer->body, canaries[i]) || strstr(answer->head, canaries[i]))
            tell(run, &run->leaks, call, answer, canaries[i]);
}

/* `id` is of the kind that the path names; `is_own`: and so are its parts. */
static void judge(struct run *run, const struct operation *operation, const struct call *call,
                  int id, bool is_own, const struct answer *answer)
{
    const char *why;
    run->checks++;
    look_for_others(run, call, answer);
    if (strstr(answer->body, "own-alphamark"))
        run->own++;
    if (answer->flaw)
        tell(run, &run->failures, call, answer, answer->flaw);
    if (answer->status >= 500)
        tell(run, &run->failures, call, answer, "a failure");
    if (!is_permitted(run, operation) && answer->status != 403 && answer->status != 401)
        tell(run, &run->leaks, call, answer, "not refused");
    if (!id || !is_permitted(run, operation) || !operation->row)
        return;
    bool is_refused = records_outcome(run->records, operation->id, "patient", id, &why) != NULL;
    if (is_own && !is_refused && answer->status != operation->success)
        tell(run, &run->failures, call, answer, "the own record is not shown");
    if (!is_own && answer->status != 404)
        tell(run, &run->leaks, call, answer, "not the own record");
}

static void try_one(struct run *run, const struct operation *operation, size_t index, size_t part,
                    int id)
{
    static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
    struct arena arena CLEANUP(arena_end) = {0};
    struct answer answer;
    bool refers, writes = operation->method != METHOD_GET;
    char *before = writes && is_permitted(run, operation) ? fingerprint(run, &arena) : NULL;
    struct call call = {
        .method = methods[operation->method],
        .path =
            records_path(&arena, run->records, operation->path, seed_a.slug, &seed_a, index, part),
        .token = run->token,
        .body = matrix_body(&arena, run->world.document, run->records, operation, run->checks,
                            &seed_a, &refers),
        .if_match = operation->needs_if_match ? "\"1\"" : NULL,
    };
    parts_of(&arena, operation, &call);
    http_ask(run->world.client, &arena, &call, &answer);
    judge(run, operation, &call, id, index == part && records_say(run->records, "own", id),
          &answer);
    if (before && strcmp(before, fingerprint(run, &arena)) != 0)
        tell(run, &run->leaks, &call, &answer, "rows of the other patient were changed");
    if (writes && answer.status < 400) {
        world_restore(&run->world);
        sql_run(run->world.boss, "%s", other);
    }
}

/* What the path names, each with its own part and with the next one's. */
static void try_records(struct run *run, const struct operation *operation, const json_t *ids)
{
    bool has_part = strchr(strchr(operation->path, '}') + 1, '{') != strrchr(operation->path, '{');
    size_t i;
    json_t *id;
    json_array_foreach(ids, i, id)
    {
        try_one(run, operation, i, i, (int)json_integer_value(id));
        if (has_part)
            try_one(run, operation, i, i + 1, (int)json_integer_value(id));
    }
}

static void try_all(struct run *run)
{
    const struct document *document = run->world.document;
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        const json_t *ids = records_of(run->records, operation->path);
        if (ids)
            try_records(run, operation, ids);
        else
            try_one(run, operation, 0, 0, 0);
    }
}

static void a_patients_token_shows_the_own_record_only(void **state)
{
    struct run *run = *state;
    try_all(run);
    printf("own record%s: %u checks, %u leaks, %u failures, %u answers with own words\n",
           CONDITION_STANDS ? "" : " by the policies alone", run->checks, run->leaks, run->failures,
           run->own);
    assert_true(run->checks > 100);
    assert_true(run->own >= 2); /* the record, and what hurts */
    assert_int_equal(run->leaks, 0);
    assert_int_equal(run->failures, 0);
}

/* Each of the two must be able to fail: without a policy the condition holds, and without both
 * there is a leak. */
static void a_policy_that_is_open_shows_where_nothing_else_holds(void **state)
{
    struct run *run = *state;
    run->is_quiet = true;
    sql_run(run->world.boss,
            "DO $$ DECLARE p record; BEGIN FOR p IN SELECT * FROM pg_policies WHERE schemaname = "
            "'clinicd' AND policyname = 'patient' LOOP EXECUTE format('ALTER POLICY patient ON "
            "clinicd.%%I USING (true)', p.tablename); END LOOP; END $$");
    try_all(run);
    assert_int_equal(run->leaks > 0, !CONDITION_STANDS);
}

static bool says_patient(const struct statement *form)
{
    for (int i = 0; i < form->params_n; i++)
        if (form->params[i] == RESERVED_PATIENT)
            return true;
    return false;
}

/* Spelled as db/query.h says, or the second build would not take it out. */
static void every_condition_is_spelled_so_that_it_can_be_taken_out(void **state)
{
    size_t said = 0;
    (void)state;
    for (const struct query *const *query = queries; *query; query++) {
        int forms = (*query)->sorts_n ? (*query)->sorts_n * 2 : 1;
        bool is_context = strcmp((*query)->name, "db_context") == 0;
        for (int i = 0; i < forms; i++) {
            bool says = says_patient(&(*query)->plain[i]);
            said += says && !is_context;
            if (says && !is_context && !CONDITION_STANDS)
                fail_msg("%s says $patient in another way", (*query)->source);
        }
    }
    assert_int_equal(said > 0, CONDITION_STANDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_patients_token_shows_the_own_record_only, begin, end),
        cmocka_unit_test_setup_teardown(a_policy_that_is_open_shows_where_nothing_else_holds, begin,
                                        end),
        cmocka_unit_test(every_condition_is_spelled_so_that_it_can_be_taken_out),
    };
    return cmocka_run_group_tests_name(
        CONDITION_STANDS ? "own record" : "own record, policies alone", tests, NULL, NULL);
}
