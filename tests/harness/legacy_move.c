#include "tests/harness/legacy_move.h"

#include "tests/harness/die.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

enum { FILE_MOST = 1024 * 1024 };

void move_begin(struct move *move, const char *name)
{
    *move = (struct move){.options = {.most_rejects = -1}};
    postgres_database(name, &move->database);
    move->boss = sql_connect(move->database.superuser_url);
    move->fault.arena = &move->arena;
    snprintf(move->path, sizeof move->path, "%s/clinicd-legacy-XXXXXX", P_tmpdir);
    int fd = mkstemp(move->path);
    if (fd < 0)
        die("no place for a legacy file");
    close(fd);
    move->options.file = move->path;
    snprintf(move->media, sizeof move->media, "%s-media", move->path);
    snprintf(move->folder, sizeof move->folder, "%s-store", move->path);
    move->store = (struct store_options){.folder = move->folder};
    move->options.store = &move->store;
    move->options.file_most = FILE_MOST;
    move->options.url = move->database.migrator_url;
}

static int remove_one(const char *path, const struct stat *about, int kind, struct FTW *at)
{
    (void)about;
    (void)kind;
    (void)at;
    return remove(path);
}

void move_end(struct move *move)
{
    unlink(move->path);
    nftw(move->media, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    nftw(move->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    sql_close(&move->boss);
    postgres_drop(&move->database);
    arena_end(&move->arena);
}

void move_pack(struct move *move, enum legacy_generation generation, enum legacy_flaw flaw,
               int patients)
{
    const struct legacy_plan plan = {
        .generation = generation, .flaw = flaw, .patients = patients, .seed = 20260506};
    legacy_make(&plan, move->path);
}

void move_pack_files(struct move *move, enum legacy_generation generation, enum legacy_flaw flaw,
                     int patients)
{
    const struct legacy_plan plan = {.generation = generation,
                                     .flaw = flaw,
                                     .patients = patients,
                                     .seed = 20260506,
                                     .media = move->media};
    legacy_make(&plan, move->path);
    move->options.files = move->media;
}

/* What is met in the store, clinic by clinic, and what the row of each says. */
struct count {
    struct move *move;
    int64_t clinic;
    int64_t objects, spools;
};

static bool object_count(void *user, const struct store_object *object)
{
    struct count *count = user;
    count->spools += object->is_spool;
    if (object->is_spool)
        return true;
    assert_int_equal(sql_int(count->move->boss,
                             "SELECT count(*) FROM clinicd.file WHERE clinic_id = %lld AND id = "
                             "'%s' AND size_bytes = %lld",
                             (long long)count->clinic, object->name, (long long)object->size),
                     1);
    count->objects++;
    return true;
}

int64_t move_store_agrees(struct move *move)
{
    struct store *store = NULL;
    struct count count = {.move = move};
    assert_int_equal(store_open(&move->store, &move->fault, &store), ERR_NONE);
    int64_t last = sql_int(move->boss, "SELECT last_value FROM clinicd.clinic_number");
    for (count.clinic = 0; count.clinic <= last; count.clinic++)
        assert_int_equal(store_walk(store, count.clinic, object_count, &count, &move->fault),
                         ERR_NONE);
    store_close(store);
    assert_int_equal(count.objects, sql_int(move->boss, "SELECT count(*) FROM clinicd.file"));
    assert_int_equal(sql_int(move->boss,
                             "SELECT count(*) FROM clinicd.file_quota q WHERE (files, bytes) <> "
                             "(SELECT count(*), coalesce(sum(size_bytes), 0) FROM clinicd.file f "
                             "WHERE f.clinic_id = q.clinic_id AND f.deleted_at IS NULL)"),
                     0);
    return count.spools;
}

void move_undo(struct move *move, int64_t id)
{
    fault_reset(&move->fault);
    enum err err = import_undo(move->database.migrator_url, &move->store, id, &move->fault,
                               &move->text, &move->json);
    if (err)
        print_error("%s: %s\n", move->fault.code, move->fault.detail);
    assert_int_equal(err, ERR_NONE);
}

enum err move_import(struct move *move)
{
    fault_reset(&move->fault);
    buf_begin(&move->text, &move->arena, 0);
    buf_begin(&move->json, &move->arena, 0);
    return import_run(&move->options, &move->fault, &move->text, &move->json, &move->result);
}

/* Words and figures included: what triggers made must be the same, too. */
char *move_digest(struct move *move)
{
    static const char *const tables[] = {"pharmacy",
                                         "account",
                                         "doctor",
                                         "patient",
                                         "patient_word",
                                         "name_word",
                                         "catalog_medicine",
                                         "catalog_test",
                                         "catalog_word",
                                         "visit",
                                         "visit_change",
                                         "prescription",
                                         "prescription_medicine",
                                         "prescription_test",
                                         "prescription_vitals",
                                         "prescription_notes",
                                         "admission_recommendation",
                                         "lab_order",
                                         "prescription_figure",
                                         "template",
                                         "template_medicine",
                                         "template_test",
                                         "prescription_paper",
                                         "admission",
                                         "admission_change",
                                         "treatment",
                                         "admission_paper",
                                         "file",
                                         "report",
                                         "file_quota",
                                         "quota",
                                         "counter"};
    struct buf all;
    buf_begin(&all, &move->arena, 0);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
        buf_format(
            &all, "%s %s\n", tables[i],
            sql_text(
                move->boss, &move->arena,
                "SELECT count(*) || ' ' || coalesce(sum(('x' || left(md5((to_jsonb(t) - 'clinic_id'"
                " || jsonb_build_object('clinic', c.slug))::text), 14))::bit(56)::bigint), 0)"
                " FROM clinicd.%s t JOIN clinicd.clinic c USING (clinic_id)",
                tables[i]));
    return all.text;
}

void move_clinic(struct move *move, const char *slug)
{
    sql_run(move->boss,
            "INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, "
            "zip_code, phone_number,"
            " email, registration_number, status, created_at, updated_at) VALUES "
            "(nextval('clinicd.clinic_number'),"
            " gen_random_uuid(), '%s', 'Chosen', '', '', '', '', '', '', 'REG "
            "%s', 'active',"
            " '2026-01-01', '2026-01-01')",
            slug, slug);
}

void move_well(struct move *move)
{
    enum err err = move_import(move);
    if (err)
        print_error("%s: %s\n", move->fault.code, move->fault.detail);
    assert_int_equal(err, ERR_NONE);
}

static json_t *report_of(struct move *move)
{
    json_t *report = json_loadb(move->json.text, move->json.length, 0, NULL);
    assert_non_null(report);
    return arena_json(&move->arena, report);
}

/* A number of the report's step. */
int64_t move_step(struct move *move, const char *name, const char *member)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report_of(move), "steps"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0)
            return json_integer_value(json_object_get(one, member));
    }
    return -1;
}

int64_t move_changed(struct move *move, const char *name, const char *code)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report_of(move), "changes"), i, one)
    {
        if (strcmp(json_string_value(json_object_get(one, "name")), name) == 0 &&
            strcmp(json_string_value(json_object_get(one, "code")), code) == 0)
            return json_integer_value(json_object_get(one, "rows"));
    }
    return 0;
}

void move_adds_up(struct move *move)
{
    size_t i;
    json_t *one;
    json_array_foreach(json_object_get(report_of(move), "steps"), i, one)
    {
        int64_t parts = 0;
        static const char *const members[] = {"loaded", "merged", "skipped", "rejected", "already"};
        for (int k = 0; k < 5; k++)
            parts += json_integer_value(json_object_get(one, members[k]));
        assert_int_equal(parts, json_integer_value(json_object_get(one, "source_rows")));
        assert_true(json_is_true(json_object_get(one, "is_whole")));
    }
    assert_true(i > 0);
}

int move_setup(void **state)
{
    struct move *move = test_calloc(1, sizeof *move);
    move_begin(move, "import");
    *state = move;
    return 0;
}

int move_teardown(void **state)
{
    struct move *move = *state;
    move_end(move);
    test_free(move);
    return 0;
}
