/* The statements of models/patient and models/clinic, through the floor, as the service's own role.
 */
#include "db/clock.h"
#include "db/database.h"
#include "db/keys.h"
#include "db/row.h"
#include "models/audit/trail.h"
#include "models/clinic/clinic.h"
#include "models/clinic/directory.h"
#include "models/patient/patient.h"
#include "tests/harness/postgres.h"
#include "tests/harness/seed.h"
#include "tests/harness/sql.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char kolkata[] = "Asia/Kolkata";
static const struct clinic_entry here = {.timezone = kolkata, .country_code = "91"};

struct state {
    struct postgres_database where;
    struct database *database;
    PGconn *boss;
    struct keys *keys;
    struct arena arena;
};

/* One transaction on behalf of a receptionist. */
struct act {
    struct arena arena;
    struct fault fault;
    struct scope scope;
    struct tx tx;
    struct rows rows;
    int64_t total;
    enum err err;
};

static void act_begin(struct act *act, const struct state *it, const struct seed *seed)
{
    *act = (struct act){.total = -1};
    act->fault.arena = &act->arena;
    act->scope = (struct scope){.clinic_id = seed->clinic_id,
                                .actor_kind = "account",
                                .actor_id = "01900000-0000-7000-8000-000000000001",
                                .actor_name = "desk",
                                .actor_role = "receptionist",
                                .operation = "test",
                                .now_us = clock_now_us(),
                                .page.limit = 50};
    tx_begin(&act->tx, it->database, &act->scope, TX_SINGLE, &act->fault);
    act->tx.audit_into = AUDIT_CLINIC;
    act->tx.audit_status = 200;
}

static enum err act_end(struct act *act)
{
    if (!act->err)
        act->err = tx_commit(&act->tx, NULL);
    tx_end(&act->tx);
    return act->err;
}

static json_t *body_of(struct act *act, const char *text)
{
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    return arena_json(&act->arena, body);
}

static enum err register_one(struct act *act, const struct state *it, const struct seed *seed,
                             const char *body)
{
    act_begin(act, it, seed);
    act->err = patient_create(&act->tx, &here, body_of(act, body), NULL, &act->rows);
    return act_end(act);
}

static const char *shown(struct act *act, const char *column)
{
    return rows_text(&act->rows, 0, column);
}

static int setup(void **state)
{
    struct state *it = calloc(1, sizeof *it);
    struct fault fault = {.arena = &it->arena};
    char path[] = "/tmp/clinicd-keys-XXXXXX";
    postgres_database("patients", &it->where);
    it->boss = sql_connect(it->where.superuser_url);
    seed_clinic(it->boss, &seed_a);
    seed_clinic(it->boss, &seed_b);
    int fd = mkstemp(path);
    close(fd);
    unlink(path);
    assert_int_equal(keys_load(path, &fault, &it->keys), ERR_NONE);
    unlink(path);
    keys_use(it->keys);
    const struct database_options options = {.url = it->where.app_url,
                                             .read_connections = 2,
                                             .write_connections = 4,
                                             .transaction_connections = 4,
                                             .acquire_timeout_ms = 2000,
                                             .statement_timeout_ms = 5000,
                                             .lock_timeout_ms = 4000};
    enum err err = database_open(&options, &fault, &it->database);
    if (err)
        print_error("%s %s\n", fault.detail ? fault.detail : "", fault.reason ? fault.reason : "");
    assert_int_equal(err, ERR_NONE);
    *state = it;
    return 0;
}

static int teardown(void **state)
{
    struct state *it = *state;
    database_close(it->database);
    PQfinish(it->boss);
    postgres_drop(&it->where);
    keys_free(it->keys);
    arena_end(&it->arena);
    free(it);
    return 0;
}

static void a_patient_is_registered_with_the_next_number(void **state)
{
    struct act act;
    enum err err = register_one(&act, *state, &seed_a,
                                "{\"name\": \"Asha Number\", \"age_years\": 30, \"phone_number\": "
                                "\"098800 11111\", \"address\": \"x\", \"weight_kg\": 61.25}");
    if (err)
        print_error("%s: %s\n", act.fault.code, act.fault.reason ? act.fault.reason : "");
    assert_int_equal(err, ERR_NONE);
    assert_string_equal(shown(&act, "name"), "Asha Number");
    assert_string_equal(shown(&act, "age_years"), "30");
    assert_string_equal(shown(&act, "weight_kg"), "61.25");
    assert_string_equal(shown(&act, "status"), "registered");
    assert_string_equal(shown(&act, "has_login"), "f");
    assert_non_null(strstr(shown(&act, "registered_by"), "desk"));
    assert_memory_equal(shown(&act, "patient_number"), "PT-20", 5);
    assert_int_equal(strlen(shown(&act, "patient_number")), strlen("PT-2026-00001"));
    arena_end(&act.arena);
}

static void the_same_phone_names_its_patients_until_confirmed(void **state)
{
    struct act act;
    assert_int_equal(register_one(&act, *state, &seed_a,
                                  "{\"name\": \"Twin One\", \"age_years\": 40, \"phone_number\": "
                                  "\"+91 98800-22222\", \"address\": \"x\"}"),
                     ERR_NONE);
    arena_end(&act.arena);
    int64_t used =
        sql_int(((struct state *)*state)->boss,
                "SELECT used FROM clinicd.quota WHERE clinic_id = %ld AND kind = 'patient'",
                (long)seed_a.clinic_id);
    assert_int_equal(register_one(&act, *state, &seed_a,
                                  "{\"name\": \"Twin Two\", \"age_years\": 4, \"phone_number\": "
                                  "\"09880022222\", \"address\": \"x\"}"),
                     ERR_CONFLICT);
    assert_string_equal(act.fault.code, "duplicate-phone");
    assert_non_null(strstr(act.fault.extra, "Twin One"));
    arena_end(&act.arena);
    assert_int_equal(used, sql_int(((struct state *)*state)->boss,
                                   "SELECT used FROM clinicd.quota WHERE clinic_id = %ld AND kind "
                                   "= 'patient'",
                                   (long)seed_a.clinic_id));
    assert_int_equal(
        register_one(&act, *state, &seed_a,
                     "{\"name\": \"Twin Two\", \"age_years\": 4, \"phone_number\": "
                     "\"09880022222\", \"address\": \"x\", \"confirm_duplicate\": true}"),
        ERR_NONE);
    arena_end(&act.arena);
    assert_int_equal(register_one(&act, *state, &seed_b,
                                  "{\"name\": \"Elsewhere\", \"age_years\": 4, \"phone_number\": "
                                  "\"09880022222\", \"address\": \"x\"}"),
                     ERR_NONE);
    arena_end(&act.arena);
}

static void what_cannot_be_true_is_refused_with_its_pointer(void **state)
{
    static const struct {
        const char *members, *pointer, *code;
    } wrong[] = {
        {"\"date_of_birth\": \"2999-01-01\"", "#/date_of_birth", "validation-failed"},
        {"\"city\": \"x\"", "#/age_years", "validation-failed"},
        {"\"age_years\": 3, \"id\": \"6a1e5a3e-6a0c-4b52-8d3e-5f4f6f2f9a11\"", "#/id",
         "validation-failed"},
        {"\"age_years\": 3, \"identification_number\": \"9999 4105 7058\"",
         "#/identification_number", "identification-refused"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct act act;
        char body[400];
        snprintf(body, sizeof body,
                 "{\"name\": \"No\", \"phone_number\": \"98800%05zu\", \"address\": \"x\", %s}", i,
                 wrong[i].members);
        assert_int_equal(register_one(&act, *state, &seed_a, body), ERR_INPUT);
        assert_string_equal(act.fault.code, wrong[i].code);
        assert_int_equal(act.fault.flaws_n, 1);
        assert_string_equal(act.fault.flaws[0].pointer, wrong[i].pointer);
        assert_null(act.fault.extra);
        arena_end(&act.arena);
    }
}

static void an_identification_number_is_sealed_for_its_clinic(void **state)
{
    struct state *it = *state;
    struct act act;
    assert_int_equal(register_one(&act, it, &seed_a,
                                  "{\"name\": \"Sealed\", \"age_years\": 9, \"phone_number\": "
                                  "\"9880033333\", \"address\": \"x\", \"identification_number\": "
                                  "\"Z7654321\"}"),
                     ERR_NONE);
    struct buf json;
    buf_begin(&json, &act.arena, 512);
    rows_render(&json, &act.rows, 0, &(struct view){.clinic_id = seed_a.clinic_id});
    assert_non_null(strstr(json.text, "\"identification_number\":\"Z7654321\""));
    json.length = 0;
    rows_render(&json, &act.rows, 0, &(struct view){.clinic_id = seed_b.clinic_id});
    assert_non_null(strstr(json.text, "\"identification_number\":null"));
    assert_int_equal(0, sql_int(it->boss, "SELECT count(*) FROM clinicd.patient p WHERE "
                                          "p::text LIKE '%%Z7654321%%'"));
    assert_int_equal(0, sql_int(it->boss, "SELECT count(*) FROM clinicd.audit p WHERE "
                                          "p::text LIKE '%%Z7654321%%'"));
    arena_end(&act.arena);
}

static void an_id_is_taken_only_once(void **state)
{
    static const char body[] = "{\"id\": \"019345f2-7c1a-7d30-8a5e-2f6b1c9d0e48\", \"name\": "
                               "\"Own Id\", \"age_years\": 1, \"phone_number\": \"9880044444\", "
                               "\"address\": \"x\"}";
    struct act act;
    assert_int_equal(register_one(&act, *state, &seed_a, body), ERR_NONE);
    assert_string_equal(shown(&act, "id"), "019345f2-7c1a-7d30-8a5e-2f6b1c9d0e48");
    arena_end(&act.arena);
    assert_int_equal(register_one(&act, *state, &seed_a, body), ERR_CONFLICT);
    assert_string_equal(act.fault.code, "id-taken");
    arena_end(&act.arena);
}

struct registrar {
    struct state *it;
    int first, failed;
};

static void *registrar_run(void *user)
{
    struct registrar *me = user;
    for (int i = 0; i < 10; i++) {
        struct act act;
        char body[200];
        snprintf(body, sizeof body,
                 "{\"name\": \"Parallel %d\", \"age_years\": 1, \"phone_number\": \"70000%05d\", "
                 "\"address\": \"x\"}",
                 me->first + i, me->first + i);
        me->failed += register_one(&act, me->it, &seed_b, body) != ERR_NONE;
        arena_end(&act.arena);
    }
    return NULL;
}

static void fifty_parallel_registrations_get_fifty_consecutive_numbers(void **state)
{
    struct state *it = *state;
    struct registrar all[5];
    pthread_t threads[5];
    for (int i = 0; i < 5; i++) {
        all[i] = (struct registrar){.it = it, .first = i * 10};
        assert_int_equal(pthread_create(&threads[i], NULL, registrar_run, &all[i]), 0);
    }
    for (int i = 0; i < 5; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(all[i].failed, 0);
    }
    assert_int_equal(sql_int(it->boss, "SELECT count(*) FROM clinicd.patient WHERE name LIKE "
                                       "'Parallel %%'"),
                     50);
    assert_int_equal(sql_int(it->boss, "SELECT max(right(patient_number, 5)::int) - "
                                       "min(right(patient_number, 5)::int) FROM clinicd.patient "
                                       "WHERE name LIKE 'Parallel %%'"),
                     49);
}

static void parallel_registrations_of_one_phone_make_one_patient(void **state)
{
    struct state *it = *state;
    struct registrar twins[4];
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        twins[i] = (struct registrar){.it = it, .first = 900};
        assert_int_equal(pthread_create(&threads[i], NULL, registrar_run, &twins[i]), 0);
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(sql_int(it->boss, "SELECT count(*) FROM clinicd.patient WHERE phone_key LIKE "
                                       "'+9170000009%%'"),
                     10);
}

static void the_quota_holds(void **state)
{
    struct state *it = *state;
    struct act act;
    sql_run(it->boss,
            "UPDATE clinicd.quota SET allowed = used WHERE clinic_id = %ld AND kind = "
            "'patient'",
            (long)seed_b.clinic_id);
    assert_int_equal(register_one(&act, it, &seed_b,
                                  "{\"name\": \"Too Many\", \"age_years\": 1, \"phone_number\": "
                                  "\"7100000001\", \"address\": \"x\"}"),
                     ERR_CONFLICT);
    assert_string_equal(act.fault.code, "quota-exceeded");
    arena_end(&act.arena);
    sql_run(it->boss, "UPDATE clinicd.quota SET allowed = 100000 WHERE clinic_id = %ld",
            (long)seed_b.clinic_id);
}

static enum err patch(struct act *act, struct state *it, const char *id, int64_t version,
                      const char *body)
{
    act_begin(act, it, &seed_a);
    act->tx.scope.has_if_match = true;
    act->tx.scope.if_match = version;
    act->err = patient_update(&act->tx, &here, id, body_of(act, body), &act->rows);
    return act_end(act);
}

static void a_patch_changes_what_it_names_if_the_version_is_right(void **state)
{
    struct state *it = *state;
    char id[UUID_TEXT];
    struct act act;
    seed_id(&seed_a, SEED_PATIENT_OTHER, id);
    assert_int_equal(patch(&act, it, id, 7, "{\"city\": \"Pune\"}"), ERR_CONFLICT);
    assert_string_equal(act.fault.code, "precondition-failed");
    arena_end(&act.arena);
    assert_int_equal(
        patch(&act, it, id, 1,
              "{\"city\": \"Pune\", \"email\": null, \"phone_number\": \"9880055555\"}"),
        ERR_NONE);
    assert_string_equal(shown(&act, "city"), "Pune");
    assert_string_equal(shown(&act, "version"), "2");
    assert_null(shown(&act, "email"));
    assert_non_null(shown(&act, "address"));
    assert_non_null(strstr(shown(&act, "_before"), "\"version\":1"));
    arena_end(&act.arena);
    assert_int_equal(patch(&act, it, id, 2, "{\"date_of_birth\": null}"), ERR_INPUT);
    assert_string_equal(act.fault.flaws[0].pointer, "#/age_years");
    arena_end(&act.arena);
    assert_int_equal(patch(&act, it, id, 2, "{\"date_of_birth\": null, \"age_years\": 50}"),
                     ERR_NONE);
    assert_string_equal(shown(&act, "age_years"), "50");
    arena_end(&act.arena);
    assert_int_equal(
        patch(&act, it, seed_id(&seed_b, SEED_PATIENT_OTHER, id), 1, "{\"city\": \"Pune\"}"),
        ERR_NOT_FOUND);
    arena_end(&act.arena);
}

struct editor {
    struct state *it;
    char id[UUID_TEXT];
    int64_t version;
    bool has_won;
};

static void *editor_run(void *user)
{
    struct editor *editor = user;
    struct act act;
    editor->has_won =
        patch(&act, editor->it, editor->id, editor->version, "{\"city\": \"Thane\"}") == ERR_NONE;
    arena_end(&act.arena);
    return NULL;
}

static void of_changes_at_once_to_one_version_one_wins(void **state)
{
    enum { EDITORS = 4, ROUNDS = 10 };
    struct state *it = *state;
    char id[UUID_TEXT];
    seed_id(&seed_a, SEED_PATIENT_OWN, id);
    for (int64_t version = 1; version <= ROUNDS; version++) {
        struct editor editors[EDITORS];
        pthread_t threads[EDITORS];
        int winners = 0;
        for (int i = 0; i < EDITORS; i++) {
            editors[i] = (struct editor){.it = it, .version = version};
            memcpy(editors[i].id, id, sizeof id);
            assert_int_equal(pthread_create(&threads[i], NULL, editor_run, &editors[i]), 0);
        }
        for (int i = 0; i < EDITORS; i++) {
            pthread_join(threads[i], NULL);
            winners += editors[i].has_won;
        }
        assert_int_equal(winners, 1);
    }
    assert_int_equal(ROUNDS + 1,
                     sql_int(it->boss, "SELECT version FROM clinicd.patient WHERE id = '%s'", id));
}

static enum err search(struct act *act, struct state *it, const char *q, int limit)
{
    const struct patient_filters filters = {.q = q};
    act_begin(act, it, &seed_a);
    act->tx.scope.page.limit = limit;
    act->tx.scope.page.count = true;
    act->err = patient_list(&act->tx, &here, &filters, &act->rows, &act->total);
    return act_end(act);
}

static void a_hidden_patient_is_not_found_until_restored(void **state)
{
    struct state *it = *state;
    struct act act;
    assert_int_equal(
        register_one(&act, it, &seed_a,
                     "{\"name\": \"Hidden Zzyzx\", \"age_years\": 1, \"phone_number\": "
                     "\"9880066666\", \"address\": \"x\"}"),
        ERR_NONE);
    char id[UUID_TEXT];
    snprintf(id, sizeof id, "%s", shown(&act, "id"));
    arena_end(&act.arena);

    act_begin(&act, it, &seed_a);
    act.tx.scope.if_match = 1;
    act.tx.scope.has_if_match = true;
    act.err = patient_delete(&act.tx, id, &act.rows);
    assert_int_equal(act_end(&act), ERR_NONE);
    arena_end(&act.arena);

    act_begin(&act, it, &seed_a);
    act.err = patient_find(&act.tx, &here, id, &act.rows);
    assert_int_equal(act_end(&act), ERR_NOT_FOUND);
    arena_end(&act.arena);
    assert_int_equal(search(&act, it, "zzyzx", 50), ERR_NONE);
    assert_int_equal(act.rows.count, 0);
    arena_end(&act.arena);

    act_begin(&act, it, &seed_a);
    act.err = patient_restore(&act.tx, &here, id, &act.rows);
    assert_int_equal(act_end(&act), ERR_NONE);
    assert_string_equal(shown(&act, "version"), "3");
    assert_null(shown(&act, "deleted_at"));
    arena_end(&act.arena);
    assert_int_equal(search(&act, it, "zzyzx", 50), ERR_NONE);
    assert_int_equal(act.rows.count, 1);
    arena_end(&act.arena);

    act_begin(&act, it, &seed_a);
    act.err = patient_restore(&act.tx, &here, id, &act.rows);
    assert_int_equal(act_end(&act), ERR_CONFLICT);
    assert_string_equal(act.fault.code, "not-deleted");
    arena_end(&act.arena);
}

static void a_search_finds_parts_in_any_order_and_forgives_one_error(void **state)
{
    static const char *const names[] = {"Sunita Deshmukh", "Anita Kulkarni", "Suñita D'Souza",
                                        "Deshpande Sunil", "राम कुलकर्णी"};
    static const struct {
        const char *q;
        const char *found[4];
    } cases[] = {
        {"sunita", {"Sunita Deshmukh", "Suñita D'Souza"}},
        {"desh sun", {"Deshpande Sunil", "Sunita Deshmukh"}},
        {"nita", {"Anita Kulkarni", "Sunita Deshmukh", "Suñita D'Souza"}},
        {"sunta", {"Sunita Deshmukh", "Suñita D'Souza"}},  /* one left out */
        {"suniita deshm", {"Sunita Deshmukh"}},            /* one too many */
        {"kulkarmi", {"Anita Kulkarni"}},                  /* another */
        {"suinta", {"Sunita Deshmukh", "Suñita D'Souza"}}, /* two swapped */
        {"snta", {NULL}},                                  /* two left out */
        {"dsouza", {"Suñita D'Souza"}},
        {"कुलक", {"राम कुलकर्णी"}},
        {"55512", {"Sunita Deshmukh"}},
        {"098765 55512", {"Sunita Deshmukh"}},
        {"%_", {NULL}},
    };
    struct state *it = *state;
    struct act act;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char body[300];
        snprintf(body, sizeof body,
                 "{\"name\": \"%s\", \"age_years\": 1, \"phone_number\": \"987655551%zu\", "
                 "\"address\": \"x\"}",
                 names[i], i + 2);
        assert_int_equal(register_one(&act, it, &seed_a, body), ERR_NONE);
        arena_end(&act.arena);
    }
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        assert_int_equal(search(&act, it, cases[c].q, 50), ERR_NONE);
        int n = 0;
        while (n < 4 && cases[c].found[n])
            n++;
        if (act.rows.count != n)
            print_error("q=%s gave %d\n", cases[c].q, act.rows.count);
        assert_int_equal(act.rows.count, n);
        assert_int_equal(act.total, n);
        for (int i = 0; i < n; i++)
            assert_string_equal(rows_text(&act.rows, i, "name"), cases[c].found[i]);
        arena_end(&act.arena);
    }
}

static void a_number_is_found_whole_and_begun(void **state)
{
    struct state *it = *state;
    struct act act;
    assert_int_equal(search(&act, it, "pt-2025-00101", 50), ERR_NONE);
    assert_int_equal(act.rows.count, 1);
    arena_end(&act.arena);
    assert_int_equal(search(&act, it, "PT-2025-001", 50), ERR_NONE);
    assert_int_equal(act.rows.count, 2); /* the third is hidden */
    arena_end(&act.arena);
}

static void pages_of_a_search_neither_skip_nor_repeat(void **state)
{
    struct state *it = *state;
    struct act act;
    char last[3][200] = {{0}};
    char seen[40][UUID_TEXT];
    int n = 0, all = 0;
    assert_int_equal(search(&act, it, "ni", 100), ERR_NONE);
    all = act.rows.count;
    assert_true(all >= 4);
    assert_int_equal(act.total, all);
    arena_end(&act.arena);
    for (int page = 0; page < 40; page++) {
        act_begin(&act, it, &seed_a);
        act.tx.scope.page.limit = 1;
        act.tx.scope.page.has_after = page > 0;
        for (int k = 0; k < 3; k++)
            act.tx.scope.page.after[k] = page > 0 ? last[k] : NULL;
        act.err = patient_list(&act.tx, &here, &(struct patient_filters){.q = "ni"}, &act.rows,
                               &act.total);
        assert_int_equal(act_end(&act), ERR_NONE);
        if (act.rows.count == 0) {
            arena_end(&act.arena);
            break;
        }
        snprintf(last[0], sizeof last[0], "%s", rows_text(&act.rows, 0, "_key_1"));
        snprintf(last[1], sizeof last[1], "%s", rows_text(&act.rows, 0, "_key_2"));
        snprintf(last[2], sizeof last[2], "%s", rows_text(&act.rows, 0, "_key_3"));
        for (int i = 0; i < n; i++)
            assert_string_not_equal(seen[i], rows_text(&act.rows, 0, "id"));
        snprintf(seen[n++], UUID_TEXT, "%s", rows_text(&act.rows, 0, "id"));
        arena_end(&act.arena);
    }
    assert_int_equal(n, all);
}

static void a_patients_token_finds_itself_only(void **state)
{
    struct state *it = *state;
    struct act act;
    char own[UUID_TEXT], other[UUID_TEXT];
    seed_id(&seed_a, SEED_PATIENT_OWN, own);
    seed_id(&seed_a, SEED_PATIENT_OTHER, other);
    act_begin(&act, it, &seed_a);
    act.tx.scope.patient_id = own;
    act.err = patient_find(&act.tx, &here, other, &act.rows);
    assert_int_equal(act_end(&act), ERR_NOT_FOUND);
    arena_end(&act.arena);
    act_begin(&act, it, &seed_a);
    act.tx.scope.patient_id = own;
    act.err = patient_list(&act.tx, &here, &(struct patient_filters){.q = "patient"}, &act.rows,
                           &act.total);
    assert_int_equal(act_end(&act), ERR_NONE);
    assert_int_equal(act.rows.count, 1);
    assert_string_equal(shown(&act, "id"), own);
    arena_end(&act.arena);
}

static void the_trail_is_filtered_by_patient_and_list(void **state)
{
    struct state *it = *state;
    struct act act;
    char id[UUID_TEXT];
    seed_id(&seed_a, SEED_PATIENT_OTHER, id);
    act_begin(&act, it, &seed_a);
    act.tx.audit_into = AUDIT_NONE;
    act.tx.scope.page.limit = 200;
    act.err = trail_list(&act.tx, &(struct trail_filters){.patient_id = id}, &act.rows, &act.total);
    assert_int_equal(act_end(&act), ERR_NONE);
    assert_true(act.rows.count >= 3);
    bool has_list = false;
    for (int i = 0; i < act.rows.count; i++) {
        const char *ids = rows_text(&act.rows, i, "patient_ids");
        const char *one = rows_text(&act.rows, i, "patient_id");
        has_list = has_list || ids;
        assert_true((ids && strstr(ids, id)) || (one && strcmp(one, id) == 0));
        if (i > 0)
            assert_true(strcmp(rows_text(&act.rows, i - 1, "_key_1"),
                               rows_text(&act.rows, i, "_key_1")) >= 0);
    }
    assert_true(has_list);
    arena_end(&act.arena);
}

static const char lakeside[] =
    "{\"name\": \"Lakeside Clinic\", \"slug\": \"lakeside-clinic\", \"address\": \"5 Lake View\", "
    "\"city\": \"Bengaluru\", \"state\": \"Karnataka\", \"zip_code\": \"560001\", "
    "\"phone_number\": \"+91-80-XXXX-XXXX\", \"email\": \"desk@lakeside.example\", "
    "\"website\": \"https://lakeside.example\", \"registration_number\": \"REG-2026-014\", "
    "\"subscription_status\": \"active\", \"max_doctors\": 50, \"max_patients\": 1000, "
    "\"max_receptionists\": 10, \"is_active\": true, \"timezone\": \"%s\", \"language\": \"en\", "
    "\"pharmacy\": {\"name\": \"Lake Pharmacy\", \"address\": \"6 Lake View\"}}";

static enum err open_clinic(struct act *act, struct state *it, const char *timezone)
{
    act_begin(act, it, &(struct seed){.clinic_id = 0});
    tx_end(&act->tx);
    act->scope.actor_kind = "platform";
    tx_begin(&act->tx, it->database, &act->scope, TX_MANUAL, &act->fault);
    act->tx.audit_into = AUDIT_PLATFORM;
    act->tx.audit_status = 201;
    const json_t *body = body_of(act, arena_format(&act->arena, lakeside, timezone));
    act->err =
        clinic_create(&act->tx, body, clinic_admin_username(&act->arena, body), "hash", &act->rows);
    return act_end(act);
}

static void a_clinic_opens_with_quotas_admin_and_pharmacy(void **state)
{
    struct state *it = *state;
    struct act act;
    assert_int_equal(open_clinic(&act, it, "Asia/Atlantis"), ERR_INPUT);
    assert_string_equal(act.fault.flaws[0].pointer, "#/timezone");
    arena_end(&act.arena);
    enum err err = open_clinic(&act, it, kolkata);
    if (err)
        print_error("%s: %s\n", act.fault.code, act.fault.reason ? act.fault.reason : "");
    assert_int_equal(err, ERR_NONE);
    assert_string_equal(shown(&act, "slug"), "lakeside-clinic");
    assert_string_equal(shown(&act, "max_doctors"), "50");
    assert_string_equal(shown(&act, "is_active"), "t");
    int64_t clinic = act.tx.scope.clinic_id;
    arena_end(&act.arena);
    assert_int_equal(1, sql_int(it->boss,
                                "SELECT count(*) FROM clinicd.account WHERE clinic_id = %ld AND "
                                "username = 'lakeside-clinic_admin' AND email = "
                                "'desk@lakeside.example' AND must_change_password",
                                (long)clinic));
    assert_int_equal(1, sql_int(it->boss,
                                "SELECT count(*) FROM clinicd.pharmacy WHERE clinic_id = "
                                "%ld AND is_primary",
                                (long)clinic));
    assert_int_equal(1, sql_int(it->boss, "SELECT count(*) FROM clinicd.platform_audit WHERE "
                                          "entity = 'clinic' AND after->>'slug' = "
                                          "'lakeside-clinic'"));
    assert_int_equal(open_clinic(&act, it, kolkata), ERR_CONFLICT);
    assert_string_equal(act.fault.code, "slug-taken");
    arena_end(&act.arena);
}

static void a_subscription_opens_closes_and_sets_quotas(void **state)
{
    struct state *it = *state;
    struct act act;
    const struct {
        const char *body, *column, *value;
    } steps[] = {
        {"{\"is_active\": false}", "is_active", "f"},
        {"{\"is_active\": true}", "subscription_status", "active"},
        {"{\"subscription_status\": \"expired\", \"max_doctors\": 7}", "max_doctors", "7"},
        {"{\"max_patients\": 0}", NULL, "quota-exceeded"},
        {"{\"subscription_status\": \"suspended\"}", "is_active", "f"},
        {"{\"subscription_status\": \"trial\"}", "is_active", "t"},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        act_begin(&act, it, &seed_b);
        act.tx.scope.has_if_match = true;
        act.tx.scope.if_match = sql_int(it->boss,
                                        "SELECT version FROM clinicd.clinic WHERE "
                                        "clinic_id = %ld",
                                        (long)seed_b.clinic_id);
        act.err = clinic_set_subscription(&act.tx, body_of(&act, steps[i].body), &act.rows);
        assert_int_equal(act_end(&act), steps[i].column ? ERR_NONE : ERR_CONFLICT);
        assert_string_equal(steps[i].column ? shown(&act, steps[i].column) : act.fault.code,
                            steps[i].value);
        arena_end(&act.arena);
    }
}

static void a_clinic_is_changed_only_at_its_version(void **state)
{
    struct state *it = *state;
    struct act act;
    for (int version = 90; version >= 1; version -= 89) {
        act_begin(&act, it, &seed_a);
        act.tx.scope.has_if_match = true;
        act.tx.scope.if_match = version;
        act.err = clinic_update(&act.tx, body_of(&act, "{\"city\": \"Nashik\", \"website\": null}"),
                                &act.rows);
        assert_int_equal(act_end(&act), version == 1 ? ERR_NONE : ERR_CONFLICT);
        if (version == 1)
            assert_string_equal(shown(&act, "city"), "Nashik");
        else
            assert_string_equal(act.fault.code, "precondition-failed");
        arena_end(&act.arena);
    }
    assert_int_equal(1, sql_int(it->boss,
                                "SELECT count(*) FROM clinicd.news WHERE kind = 'clinic' "
                                "AND key = '%ld'",
                                (long)seed_a.clinic_id));
}

static void the_directory_shows_open_clinics(void **state)
{
    struct state *it = *state;
    struct act act;
    act_begin(&act, it, &(struct seed){.clinic_id = 0});
    act.tx.audit_into = AUDIT_NONE;
    act.tx.scope.page.count = true;
    act.tx.scope.page.limit = 1;
    act.err = clinic_directory(&act.tx, &(struct clinic_filters){.q = NULL}, &act.rows, &act.total);
    assert_int_equal(act_end(&act), ERR_NONE);
    assert_int_equal(act.rows.count, 2); /* one more than is shown */
    assert_true(act.total >= 3);
    arena_end(&act.arena);
    act_begin(&act, it, &(struct seed){.clinic_id = 0});
    act.tx.audit_into = AUDIT_NONE;
    act.err =
        clinic_list_all(&act.tx, &(struct clinic_filters){.q = "LAKE"}, &act.rows, &act.total);
    assert_int_equal(act_end(&act), ERR_NONE);
    assert_int_equal(act.rows.count, 1);
    assert_string_equal(shown(&act, "max_patients"), "1000");
    arena_end(&act.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_patient_is_registered_with_the_next_number),
        cmocka_unit_test(the_same_phone_names_its_patients_until_confirmed),
        cmocka_unit_test(what_cannot_be_true_is_refused_with_its_pointer),
        cmocka_unit_test(an_identification_number_is_sealed_for_its_clinic),
        cmocka_unit_test(an_id_is_taken_only_once),
        cmocka_unit_test(fifty_parallel_registrations_get_fifty_consecutive_numbers),
        cmocka_unit_test(parallel_registrations_of_one_phone_make_one_patient),
        cmocka_unit_test(the_quota_holds),
        cmocka_unit_test(a_search_finds_parts_in_any_order_and_forgives_one_error),
        cmocka_unit_test(a_number_is_found_whole_and_begun),
        cmocka_unit_test(pages_of_a_search_neither_skip_nor_repeat),
        cmocka_unit_test(a_patients_token_finds_itself_only),
        cmocka_unit_test(a_patch_changes_what_it_names_if_the_version_is_right),
        cmocka_unit_test(of_changes_at_once_to_one_version_one_wins),
        cmocka_unit_test(a_hidden_patient_is_not_found_until_restored),
        cmocka_unit_test(the_trail_is_filtered_by_patient_and_list),
        cmocka_unit_test(a_clinic_opens_with_quotas_admin_and_pharmacy),
        cmocka_unit_test(a_subscription_opens_closes_and_sets_quotas),
        cmocka_unit_test(a_clinic_is_changed_only_at_its_version),
        cmocka_unit_test(the_directory_shows_open_clinics),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
