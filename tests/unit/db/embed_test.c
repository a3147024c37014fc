/* The build tool, run as the build runs it: files in, C or a refusal out. */
#include "db/arena.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* A folder with input files, and the tool. */
struct bench {
    struct arena arena;
    char dir[32];
    const char *tool;
};

/* The tool lies in the build folder, above the folder of this program. */
static const char *tool_find(struct arena *arena)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
    assert_true(length > 0);
    path[length] = '\0';
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        *slash = '\0';
        const char *tool = arena_format(arena, "%s/embed", path);
        struct stat found;
        if (stat(tool, &found) == 0 && S_ISREG(found.st_mode) && access(tool, X_OK) == 0)
            return tool;
    }
    fail_msg("no embed above %s", path);
    return NULL;
}

static int begin(void **state)
{
    struct bench *bench = test_calloc(1, sizeof *bench);
    strcpy(bench->dir, "/tmp/embed-XXXXXX");
    assert_non_null(mkdtemp(bench->dir));
    bench->tool = tool_find(&bench->arena);
    *state = bench;
    return 0;
}

static int entry_remove(const char *path, const struct stat *found, int kind, struct FTW *at)
{
    (void)found, (void)kind, (void)at;
    return remove(path);
}

static int end(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(nftw(bench->dir, entry_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
    arena_end(&bench->arena);
    test_free(bench);
    return 0;
}

static void file_write(struct bench *bench, const char *path, const char *text)
{
    char *whole = arena_format(&bench->arena, "%s/%s", bench->dir, path);
    for (char *c = whole + strlen(bench->dir) + 1; *c; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        mkdir(whole, 0700);
        *c = '/';
    }
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

static const char *file_read(struct bench *bench, const char *path)
{
    FILE *file = fopen(arena_format(&bench->arena, "%s/%s", bench->dir, path), "r");
    assert_non_null(file);
    char *text = arena_take(&bench->arena, 65536);
    size_t length = fread(text, 1, 65535, file);
    assert_true(length < 65535);
    fclose(file);
    return text;
}

/* Status of the tool; what it said is in the file "said". */
static int run(struct bench *bench, const char *arguments)
{
    const char *command =
        arena_format(&bench->arena, "cd %s && '%s' %s 2>said", bench->dir, bench->tool, arguments);
    int status = system(command);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void assert_says(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}

/* The C of one query file that must be good. */
static const char *made_from(struct bench *bench, const char *path, const char *text)
{
    file_write(bench, path, text);
    if (run(bench, arena_format(&bench->arena, "queries --out . %s", path)) != 0)
        fail_msg("refused: %s", file_read(bench, "said"));
    return file_read(bench, "queries.c");
}

#define READ_ONE "-- Why.\n-- kind: read\n-- rows: one\n"
#define READ_MANY "-- Why.\n-- kind: read\n-- rows: many\n"
#define WRITE_ONE "-- Why.\n-- kind: write\n-- rows: one\n"

static void no_files_make_valid_c(void **state)
{
    struct bench *bench = *state;
    assert_int_equal(run(bench, "queries --out ."), 0);
    assert_says(file_read(bench, "queries.c"),
                "const struct query *const queries[] = {\n    NULL,");
    assert_int_equal(run(bench, "migrations --out ."), 0);
    assert_says(file_read(bench, "migrations.c"), "{.version = 0}");
}

static void names_come_from_folder_and_file(void **state)
{
    struct bench *bench = *state;
    assert_says(made_from(bench, "models/patient/find.sql", READ_ONE "SELECT 1 AS one"),
                "const struct query q_patient_find = {\n    .name = \"patient_find\",\n"
                "    .source = \"models/patient/find.sql\",");
    assert_says(made_from(bench, "db/sql/context.sql", READ_ONE "SELECT 1 AS one"), "q_db_context");
}

static void parameters_are_numbered_by_first_use(void **state)
{
    struct bench *bench = *state;
    const char *c =
        made_from(bench, "models/a/b.sql",
                  READ_ONE "SELECT $x::text, $clinic, $id::uuid, $x, $now, ($clinic)::text");
    assert_says(
        c, "\"SELECT $1::text, $2::bigint, $3::uuid, $1, $4::timestamptz, ($2::bigint)::text\"");
    assert_says(c, "{PARAM_OWN + 0, RESERVED_CLINIC, PARAM_OWN + 1, RESERVED_NOW}");
    assert_says(file_read(bench, "queries.h"),
                "struct q_a_b_args {\n    const char *x;\n    const char *id;\n};");
}

static void quotes_and_comments_hide_parameters(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(
        bench, "models/a/b.sql",
        READ_ONE "SELECT '$a''$b', E'\\'$c', $$ $d; $$, $q$ $$ $e $q$, \"$f\" /* $g /* $h */ ; */\n"
                 "  -- $i {page};\n"
                 "     , $x::int[] AS y;\n");
    assert_says(c, "\"SELECT '$a''$b', E'\\\\'$c', $$ $d; $$, $q$ $$ $e $q$, \\\"$f\\\"\\n\"\n"
                   "        \"     , $1::int[] AS y\"");
    assert_says(c, ".params_n = 1}");
}

static void a_list_has_its_forms(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/list.sql",
                              READ_MANY "-- sort: name | p.name_key:text asc, p.id:uuid asc\n"
                                        "-- sort: -day | (p.at)::date:date desc, p.id:uuid desc\n"
                                        "SELECT p.id, {keys} FROM p WHERE {keyset} {page}");
    assert_says(
        c, "list.name.first\",\n     .sql =\n        \"SELECT p.id, p.name_key::text AS _key_1, "
           "p.id::text AS _key_2 FROM p WHERE TRUE ORDER BY p.name_key, p.id LIMIT $1::bigint\"");
    assert_says(c, "WHERE (p.name_key, p.id) > ($1::text, $2::uuid) ORDER BY p.name_key, p.id "
                   "LIMIT $3::bigint\"");
    assert_says(c, "((p.at)::date)::text AS _key_1");
    assert_says(c, "WHERE ((p.at)::date, p.id) < ($1::date, $2::uuid) ORDER BY (p.at)::date DESC, "
                   "p.id DESC LIMIT $3::bigint\"");
    assert_says(
        c, "\"SELECT count(*) AS total FROM (\\n\"\n        \"SELECT p.id, p.name_key::text AS "
           "_key_1, p.id::text AS _key_2 FROM p WHERE TRUE \\n\"\n        \") c\"");
    assert_says(c, ".sorts_n = 2,\n    .keys_n = 2,");
    assert_says(c, "a_list_sorts[] = {\"name\", \"-day\"}");
}

static void all_pages_are_counted(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/list.sql",
                              READ_MANY "-- sort: name | f.rank:int asc\n"
                                        "SELECT {keys} FROM f($after_1::int, $limit) f\n"
                                        " WHERE f.clinic_id = $clinic AND {keyset} {page}");
    assert_says(c, "f($1::int, $2::bigint) f\\n\"");
    assert_says(c,
                "f(NULL::int, NULL::bigint) f\\n\"\n        \" WHERE f.clinic_id = $1::bigint AND "
                "TRUE \\n\"");
}

static void an_audited_write_opens_its_with_list(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/change.sql",
                              WRITE_ONE "-- audit: entity=patient id=id before=_before after=row\n"
                                        "-- faults: precondition-failed\n"
                                        "-- lock: patients\n"
                                        "WITH n (id) AS (SELECT 1), w AS (UPDATE t SET a = 1)\n"
                                        "SELECT id, a AS _fault, b AS \"_before\" FROM n");
    assert_says(c, "\"WITH n (id) AS (SELECT 1), w AS (UPDATE t SET a = 1),\\n\"\n"
                   "        \"_result AS MATERIALIZED (\\n\"\n        \"SELECT id,");
    assert_says(c, "to_jsonb(_result) - ARRAY['_fault', '_before']");
    assert_says(c, "FROM _result WHERE _result._fault IS NULL\\n");
    assert_says(c, "a_change_faults[] = {\"precondition-failed\", NULL}");
    assert_says(c, ".lock = \"patients\"");
}

static void a_keyed_write_keeps_its_row_when_it_did_something(void **state)
{
    struct bench *bench = *state;
    static const char sql[] =
        WRITE_ONE "-- audit: entity=patient id=id\n-- keyed: yes\n-- faults: conflict\n"
                  "SELECT id, a AS _fault FROM n";
    const char *c = made_from(bench, "models/a/make.sql", sql);
    assert_says(c, "{.name = \"a_make.keyed\"");
    assert_says(c, "_kept AS (\\n\"\n        \"    INSERT INTO idempotency (clinic_id, ");
    assert_says(c, "row_to_json(_result), ");
    assert_says(c, "FROM _result WHERE _result._fault IS NULL\\n\"\n        \")\\n\"\n        "
                   "\"SELECT * FROM _result\"");
    assert_says(c, ".keyed = a_make_keyed");
}

static void an_audited_read_is_noted_also_when_nothing_was_found(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/find.sql",
                              "-- Why.\n-- kind: read\n-- rows: optional\n"
                              "-- audit: entity=patient id=id patient=id\nSELECT id FROM t");
    assert_says(c, "CASE WHEN EXISTS (SELECT 1 FROM _result) THEN $10::int ELSE 404 END");
    assert_says(
        c, "'patient',\\n\"\n        \"        (SELECT id FROM _result), (SELECT id FROM _result)");
    assert_says(c, ")\\n\"\n        \"SELECT * FROM _result\"");
}

static void one_row_names_all_whom_it_shows(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/board.sql",
                              READ_ONE "-- audit: entity=board patients=_shown\n"
                                       "SELECT ARRAY[t.id] AS _shown FROM t");
    assert_says(c, "NULL, NULL, (SELECT _shown FROM _result),");
    assert_says(c, ".audit.patients = \"_shown\"");
}

static void a_list_of_something_absent_is_noted_as_not_found(void **state)
{
    struct bench *bench = *state;
    const char *c = made_from(bench, "models/a/list.sql",
                              READ_MANY "-- audit: entity=thing patient=$whose\n"
                                        "-- faults: not-found\n"
                                        "SELECT t.id, 'not-found' AS _fault FROM t"
                                        " WHERE t.patient_id = $whose::uuid");
    assert_says(c, "CASE WHEN EXISTS (SELECT 1 FROM _result WHERE _fault IS NOT NULL) THEN 404");
    assert_says(c, "'thing',\\n\"\n        \"        NULL, $1, NULL,");
    assert_says(c, ".audit.patient = \"$whose\"");
}

static void wall_1_comes_out_by_its_spelling(void **state)
{
    struct bench *bench = *state;
    static const char sql[] =
        READ_ONE "SELECT 1 FROM p JOIN v ON v.clinic_id = p.clinic_id AND v.clinic_id=$clinic\n"
                 " WHERE p.clinic_id = $clinic AND clinic_id\n = $clinic AND x_clinic_id = $clinic";
    assert_says(made_from(bench, "models/a/b.sql", sql), "WHERE p.clinic_id = $1::bigint AND");
    assert_int_equal(run(bench, "queries --without-wall-1 --out . models/a/b.sql"), 0);
    assert_says(
        file_read(bench, "queries.c"),
        "\"SELECT 1 FROM p JOIN v ON v.clinic_id = p.clinic_id AND $1::bigint IS NOT NULL\\n\"\n"
        "        \" WHERE $1::bigint IS NOT NULL AND $1::bigint IS NOT NULL AND x_clinic_id = "
        "$1::bigint\"");
}

static void the_patients_condition_comes_out_by_its_spelling(void **state)
{
    struct bench *bench = *state;
    static const char sql[] = READ_ONE
        "SELECT ($patient)::text FROM p WHERE p.clinic_id = $clinic AND ($patient IS NULL OR p.id ="
        " $patient)\n AND ($patient IS NULL\n OR patient_id=$patient) AND ($patient IS NULL OR "
        "true)";
    made_from(bench, "models/a/b.sql", sql);
    assert_int_equal(run(bench, "queries --without-patient --out . models/a/b.sql"), 0);
    assert_says(file_read(bench, "queries.c"),
                "\"SELECT ($1::uuid)::text FROM p WHERE p.clinic_id = $2::bigint AND TRUE\\n\"\n"
                "        \" AND TRUE AND ($1::uuid IS NULL OR true)\"");
}

/* A file that must be refused, and the words in which. */
struct refusal {
    const char *path;
    const char *text;
    const char *says;
};

static const struct refusal query_refusals[] = {
    {"models/a/b-c.sql", READ_ONE "SELECT 1", "models/a/b-c.sql:1: a query's name has only"},
    {"b.sql", READ_ONE "SELECT 1", "b.sql:1: a query is called"},
    {"models/a/b.sql", "-- rows: one\nSELECT 1", ":1: the header has no kind:"},
    {"models/a/b.sql", "-- kind: read\nSELECT 1", ":1: the header has no rows:"},
    {"models/a/b.sql", "-- kind: look\n-- rows: one\nSELECT 1", ":1: kind: is read or write"},
    {"models/a/b.sql", READ_ONE "-- rows: many\nSELECT 1", ":4: rows: is said twice"},
    {"models/a/b.sql", "-- kind: read\n-- rows: two\nSELECT 1", ":2: rows: is none, one"},
    {"models/a/b.sql", READ_ONE "-- cache: yes\nSELECT 1", ":4: unknown header key \"cache:\""},
    {"models/a/b.sql", READ_ONE "-- audit: id=id\nSELECT 1", ":4: audit: has no entity="},
    {"models/a/b.sql", READ_ONE "-- audit: entity=x on=y\nSELECT 1", "not \"on=y\""},
    {"models/a/b.sql", READ_ONE "-- lock: patients\nSELECT 1", "lock: is for kind: write"},
    {"models/a/b.sql", READ_ONE "-- keyed: yes\nSELECT 1", "keyed: is for an audited write"},
    {"models/a/b.sql", WRITE_ONE "-- keyed: yes\nSELECT 1", "keyed: is for an audited write"},
    {"models/a/b.sql", WRITE_ONE "-- keyed: no\nSELECT 1", ":4: keyed: is yes"},
    {"models/a/b.sql", READ_ONE, ":1: there is no statement"},
    {"models/a/b.sql", READ_ONE "SELECT 1;\nSELECT 2", ":5: a second statement"},
    {"models/a/b.sql", READ_ONE "SELECT 'a\n", ":4: this quote is never closed"},
    {"models/a/b.sql", READ_ONE "SELECT 1 /* a\n", ":4: this comment is never closed"},
    {"models/a/b.sql", READ_ONE "SELECT $clinic::int", "$clinic is reserved and has its type"},
    {"models/a/b.sql", READ_ONE "SELECT $id", "$id does not say its type the first time"},
    {"models/a/b.sql", READ_ONE "SELECT $1::int", "cannot be a parameter's name"},
    {"models/a/b.sql", READ_ONE "SELECT $default::int", "cannot be a parameter's name"},
    {"models/a/b.sql", READ_ONE "SELECT $Id::int", "cannot be a parameter's name"},
    {"models/a/b.sql", READ_ONE "SELECT\n now()", ":5: now is not the program's clock"},
    {"models/a/b.sql", READ_ONE "SELECT current_date", "current_date is not the program's clock"},
    {"models/a/b.sql", READ_ONE "SELECT pg_catalog.clock_timestamp ( )", "clock_timestamp is not"},
    {"models/a/b.sql", READ_ONE "SELECT 'now'::timestamptz", "'now' is not the program's clock"},
    {"models/a/b.sql", READ_ONE "DELETE FROM a RETURNING 1", ":4: kind: read, but it says DELETE"},
    {"models/a/b.sql", READ_ONE "WITH x AS (\nupdate a SET b = 1) SELECT 1",
     ":5: kind: read, but it says UPDATE"},
    {"models/a/b.sql", READ_MANY "SELECT 1 {page}", "{page}, but the header has no sort:"},
    {"models/a/b.sql", READ_ONE "SELECT {pages}", "unknown placeholder {pages}"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:text asc\nSELECT {keys} WHERE {keyset}",
     "a list, but it has no {page}"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:text asc\nSELECT {keys} {page}",
     "a list, but it has no {keyset}"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:text asc\nSELECT 1 WHERE {keyset} {page}",
     "a list, but it has no {keys}"},
    {"models/a/b.sql", READ_ONE "-- sort: a | a:text asc\nSELECT {keys} WHERE {keyset} {page}",
     "sort: is for rows: many"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:text asc, b:uuid desc\nSELECT 1",
     ":4: sort: \"a\" mixes asc and desc"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a asc\nSELECT 1", ":4: sort: \"a asc\" is not of"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:text\nSELECT 1", ":4: sort: \"a:text\" is not of"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:t asc, b:t asc, c:t asc, d:t asc\nSELECT 1",
     "sort: has more than 3 keys"},
    {"models/a/b.sql", READ_MANY "-- sort: a | a:t asc\n-- sort: b | b:t asc, c:t asc\nSELECT 1",
     ":5: sort: \"b\" has 2 keys, the first order has 1"},
    {"models/a/b.sql", WRITE_ONE "SELECT 'gone' AS _fault", "the header has no faults:"},
    {"models/a/b.sql", WRITE_ONE "-- faults: gone\nSELECT '_fault' AS a",
     "there is no _fault column"},
    {"models/a/b.sql", WRITE_ONE "-- faults: Gone\nSELECT 1 AS _fault",
     "\"Gone\" is not an API code"},
    {"models/a/b.sql",
     WRITE_ONE "-- audit: entity=a\nDELETE FROM t WHERE a IN (SELECT 1 RETURNING)",
     "RETURNING is missing"},
    {"models/a/b.sql", READ_ONE "-- audit: entity=a after=row\nSELECT 1", "kind: is read"},
    {"models/a/b.sql", READ_MANY "-- audit: entity=a id=id\nSELECT 1", "rows: is many"},
    {"models/a/b.sql", READ_MANY "-- audit: entity=a patient=$b\nSELECT 1", "$b is no parameter"},
    {"models/a/b.sql", READ_MANY "-- audit: entity=a\n-- faults: gone\nSELECT 1 AS _fault",
     "no fault but a list's not-found"},
    {"models/a/b.sql", READ_ONE "-- audit: entity=a\n-- faults: not-found\nSELECT 1 AS _fault",
     "no fault but a list's not-found"},
};

static void bad_queries_are_refused_with_their_place(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof query_refusals / sizeof query_refusals[0]; i++) {
        const struct refusal *refusal = &query_refusals[i];
        file_write(bench, refusal->path, refusal->text);
        int status = run(bench, arena_format(&bench->arena, "queries --out . %s", refusal->path));
        if (status != 1)
            fail_msg("not refused: %s", refusal->text);
        assert_says(file_read(bench, "said"), refusal->says);
        assert_int_equal(access(arena_format(&bench->arena, "%s/queries.c", bench->dir), F_OK), -1);
    }
}

static void locking_is_not_writing(void **state)
{
    struct bench *bench = *state;
    made_from(bench, "models/a/b.sql", READ_ONE "SELECT 1 FROM a FOR NO KEY UPDATE");
    made_from(bench, "models/a/b.sql", READ_ONE "SELECT a.update FROM a FOR UPDATE");
}

static void more_than_64_parameters_are_refused(void **state)
{
    struct bench *bench = *state;
    char *sql = arena_copy(&bench->arena, READ_ONE "SELECT 1");
    for (int i = 0; i < 64; i++)
        sql = arena_format(&bench->arena, "%s, $p%d::int", sql, i);
    made_from(bench, "models/a/b.sql", sql);
    file_write(bench, "models/a/b.sql", arena_format(&bench->arena, "%s, $clinic", sql));
    assert_int_equal(run(bench, "queries --out . models/a/b.sql"), 1);
    assert_says(file_read(bench, "said"), "needs more than 64 parameters");
}

static void twins_are_refused(void **state)
{
    struct bench *bench = *state;
    file_write(bench, "models/a/b_c.sql", READ_ONE "SELECT 1");
    file_write(bench, "models/a_b/c.sql", READ_ONE "SELECT 1");
    assert_int_equal(run(bench, "queries --out . models/a/b_c.sql models/a_b/c.sql"), 1);
    assert_says(file_read(bench, "said"), "another file makes q_a_b_c too: models/a/b_c.sql");
}

#define HEADER "-- 0001_one.sql\n-- migrate: kind=expand tx=yes\n"
#define UP "-- section up\nSELECT 1;\n"
#define VERIFY "-- section verify\nSELECT true;\n"

static void migrations_are_split_into_statements(void **state)
{
    struct bench *bench = *state;
    file_write(bench, "0001_one.sql",
               HEADER
               "-- section up\n"
               "CREATE TABLE a (b text DEFAULT ';');; -- a; comment\n"
               "/* ; /* ; */ ; */\n"
               "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 1; SELECT $$;$$ $f$;\n"
               "CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
               "SELECT 2; END;\n"
               "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2);\n" VERIFY
               "-- section down loss=rows\nDROP TABLE a;\n-- section loss\n"
               "SELECT count(*) FROM a;\n");
    file_write(bench, "roles.sql", "-- Roles.\nDO $$ BEGIN NULL; END $$;\nGRANT a TO b;\n");
    if (run(bench, "migrations --out . roles.sql 0001_one.sql") != 0)
        fail_msg("refused: %s", file_read(bench, "said"));
    const char *c = file_read(bench, "migrations.c");
    assert_says(
        c,
        "m0001_up[] = {\n"
        "    \"CREATE TABLE a (b text DEFAULT ';')\",\n"
        "    \"CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $f$ SELECT 1; SELECT $$;$$ $f$\",\n"
        "    \"CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; "
        "SELECT 2; END\",\n"
        "    \"CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)\",\n    NULL,\n};");
    assert_says(c, "m0001_down[] = {\n    \"DROP TABLE a\",\n    NULL,\n};");
    assert_says(c, "m0001_loss[] = {\n    \"SELECT count(*) FROM a\",\n    NULL,\n};");
    assert_says(
        c, "migration_roles[] = {\n    \"DO $$ BEGIN NULL; END $$\",\n    \"GRANT a TO b\",\n");
    assert_says(
        c, "{.version = 1,\n     .name = \"one\",\n     .kind = \"expand\",\n     .in_tx = true,");
}

#define BACKFILL "-- 0001_one.sql\n-- migrate: kind=backfill tx=no\n"
#define CHUNK "-- section chunk\nSELECT 'a', 2;\nSELECT $1;\n"

static void a_backfill_is_an_end_and_a_piece(void **state)
{
    struct bench *bench = *state;
    file_write(bench, "0001_one.sql", BACKFILL CHUNK VERIFY);
    if (run(bench, "migrations --out . 0001_one.sql") != 0)
        fail_msg("refused: %s", file_read(bench, "said"));
    const char *c = file_read(bench, "migrations.c");
    assert_says(c, "m0001_up[] = {\n    NULL,\n};");
    assert_says(c, "m0001_chunk[] = {\n    \"SELECT 'a', 2\",\n    \"SELECT $1\",\n    NULL,\n};");
    assert_says(c, ".chunk = m0001_chunk,\n");
}

/* The text with `part` in the place of its %s. */
static const char *filled(struct bench *bench, const char *text, const char *part)
{
    const char *at = strstr(text, "%s");
    return arena_format(&bench->arena, "%.*s%s%s", (int)(at - text), text, part, at + 2);
}

#define PRECHECK "-- section precheck\n-- finds: rows without a name\n-- cure: name them\n"

static void a_precheck_says_what_it_counts_and_the_cure(void **state)
{
    struct bench *bench = *state;
    file_write(bench, "0001_one.sql", HEADER UP VERIFY);
    file_write(bench, "0002_two.sql",
               "-- 0002_two.sql\n-- migrate: kind=expand tx=yes needs=0001\n" PRECHECK
               "SELECT count(*), array_agg(id) FROM a WHERE b IS NULL;\n" UP VERIFY);
    if (run(bench, "migrations --out . 0002_two.sql 0001_one.sql") != 0)
        fail_msg("refused: %s", file_read(bench, "said"));
    const char *c = file_read(bench, "migrations.c");
    assert_says(c, "m0002_precheck[] = {\n"
                   "    {.sql = \"SELECT count(*), array_agg(id) FROM a WHERE b IS NULL\",\n"
                   "     .finds = \"rows without a name\",\n     .cure = \"name them\"},\n"
                   "    {.sql = NULL},\n};");
    assert_says(c, "m0002_needs[] = {1, 0};");
    assert_says(c, ".precheck = m0002_precheck,\n     .needs = m0002_needs,\n");
}

static void a_file_needs_files_that_come_before_it(void **state)
{
    struct bench *bench = *state;
    static const struct {
        const char *one, *two, *says;
    } cases[] = {
        {"", " needs=0003", "0002_two.sql:1: needs=0003, which is not there"},
        {"", " needs=0002", "0002_two.sql:1: needs=0002, which is not applied before it"},
        {" needs=0002", " needs=0001", "0001_one.sql:1: needs=0002, which is not applied before"},
        {"", " needs=1", "0002_two.sql:2: the header knows"},
        {"", " needs=0001,", "0002_two.sql:2: the header knows"},
        {"", " needs=", "0002_two.sql:2: the header knows"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *one = "-- 0001_one.sql\n-- migrate: kind=expand tx=yes%s\n" UP VERIFY;
        const char *two = "-- 0002_two.sql\n-- migrate: kind=expand tx=yes%s\n" UP VERIFY;
        file_write(bench, "0001_one.sql", filled(bench, one, cases[i].one));
        file_write(bench, "0002_two.sql", filled(bench, two, cases[i].two));
        assert_int_equal(run(bench, "migrations --out . 0001_one.sql 0002_two.sql"), 1);
        assert_says(file_read(bench, "said"), cases[i].says);
    }
}

static const struct refusal migration_refusals[] = {
    {"0001_one.sql", HEADER PRECHECK "DELETE FROM a;\n" UP VERIFY, ":6: a precheck only asks"},
    {"0001_one.sql", HEADER "-- section precheck\nSELECT 1;\n" UP VERIFY, ":4: a precheck says"},
    {"0001_one.sql", HEADER CHUNK VERIFY, "section chunk is for kind=backfill tx=no"},
    {"0001_one.sql", BACKFILL "-- section chunk\nSELECT 1;\n" VERIFY,
     "section chunk is two statements"},
    {"0001_one.sql", BACKFILL CHUNK, "section verify is missing"},
    {"0001_one.sql", BACKFILL VERIFY, "section up is missing"},
    {"0002_two.sql", "-- 0002_two.sql\n-- migrate: kind=expand tx=yes\n" UP VERIFY, "have a gap"},
    {"one.sql", HEADER UP VERIFY, "a migration is called NNNN_what.sql"},
    {"0001_two.sql", HEADER UP VERIFY, ":1: the first line is not \"-- 0001_two.sql\""},
    {"0001_one.sql", "-- 0001_one.sql\n" UP VERIFY, "-- migrate: kind=… tx=…\" is missing"},
    {"0001_one.sql", "-- 0001_one.sql\n-- migrate: kind=expand\n" UP VERIFY,
     ":2: the header has no tx="},
    {"0001_one.sql", "-- 0001_one.sql\n-- migrate: tx=yes\n" UP VERIFY,
     ":2: the header has no kind="},
    {"0001_one.sql", "-- 0001_one.sql\n-- migrate: kind=expand tx=yes speed=9\n" UP VERIFY,
     ":2: the header knows"},
    {"0001_one.sql", "-- 0001_one.sql\n-- migrate: kind=expanded tx=yes\n" UP VERIFY,
     ":2: the header knows"},
    {"0001_one.sql", HEADER UP, "section verify is missing"},
    {"0001_one.sql", HEADER VERIFY, "section up is missing"},
    {"0001_one.sql", HEADER UP "-- section verify\n", "section verify is empty"},
    {"0001_one.sql", HEADER UP VERIFY UP, ":7: section up is there twice"},
    {"0001_one.sql", HEADER UP VERIFY "-- section sideways\nSELECT 1;\n",
     ":7: a section is precheck"},
    {"0001_one.sql", HEADER UP VERIFY "-- section down\nSELECT 1;\n", ":7: a section is precheck"},
    {"0001_one.sql", HEADER UP VERIFY "-- section down loss=rows\nSELECT 1;\n", "belong together"},
    {"0001_one.sql",
     HEADER UP VERIFY "-- section down loss=none\nSELECT 1;\n-- section loss\nSELECT 1;\n",
     "belong together"},
    {"0001_one.sql", HEADER "-- section up\nSELECT 1\n" VERIFY,
     ":5: the statement before this section has no ';'"},
    {"0001_one.sql", HEADER "SELECT 1;\n" UP VERIFY, ":3: a statement stands in no section"},
    {"0001_one.sql", HEADER "-- section up\nCREATE INDEX concurrently i ON t (a);\n" VERIFY,
     ":4: tx=yes, but concurrently cannot be in a transaction"},
    {"0001_one.sql", HEADER "-- section up\nBEGIN;\n" VERIFY, ":4: the runner begins and ends"},
    {"0001_one.sql", HEADER "-- section up\nSET row_security = on;\n" VERIFY,
     ":4: row_security is"},
    {"0001_one.sql",
     HEADER
     "-- section up\nDO $$ BEGIN PERFORM set_config('row_security', 'on', true); END $$;\n" VERIFY,
     ":4: row_security is"},
    {"0001_one.sql", HEADER "-- section up\nSELECT $$;\n" VERIFY, ":4: this quote is never closed"},
};

static void bad_migrations_are_refused_with_their_place(void **state)
{
    struct bench *bench = *state;
    for (size_t i = 0; i < sizeof migration_refusals / sizeof migration_refusals[0]; i++) {
        const struct refusal *refusal = &migration_refusals[i];
        file_write(bench, refusal->path, refusal->text);
        int status =
            run(bench, arena_format(&bench->arena, "migrations --out . %s", refusal->path));
        if (status != 1)
            fail_msg("not refused: %s", refusal->text);
        assert_says(file_read(bench, "said"), refusal->says);
    }
}

static void two_migrations_of_one_number_are_refused(void **state)
{
    struct bench *bench = *state;
    file_write(bench, "0001_one.sql", HEADER UP VERIFY);
    file_write(bench, "0001_uno.sql",
               "-- 0001_uno.sql\n-- migrate: kind=expand tx=yes\n" UP VERIFY);
    assert_int_equal(run(bench, "migrations --out . 0001_one.sql 0001_uno.sql"), 1);
    assert_says(file_read(bench, "said"), "number 1 is taken by another file");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(no_files_make_valid_c),
        TEST(names_come_from_folder_and_file),
        TEST(parameters_are_numbered_by_first_use),
        TEST(quotes_and_comments_hide_parameters),
        TEST(a_list_has_its_forms),
        TEST(all_pages_are_counted),
        TEST(an_audited_write_opens_its_with_list),
        TEST(a_keyed_write_keeps_its_row_when_it_did_something),
        TEST(an_audited_read_is_noted_also_when_nothing_was_found),
        TEST(one_row_names_all_whom_it_shows),
        TEST(a_list_of_something_absent_is_noted_as_not_found),
        TEST(the_patients_condition_comes_out_by_its_spelling),
        TEST(wall_1_comes_out_by_its_spelling),
        TEST(bad_queries_are_refused_with_their_place),
        TEST(locking_is_not_writing),
        TEST(more_than_64_parameters_are_refused),
        TEST(twins_are_refused),
        TEST(migrations_are_split_into_statements),
        TEST(a_backfill_is_an_end_and_a_piece),
        TEST(a_precheck_says_what_it_counts_and_the_cure),
        TEST(a_file_needs_files_that_come_before_it),
        TEST(bad_migrations_are_refused_with_their_place),
        TEST(two_migrations_of_one_number_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
