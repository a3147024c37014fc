/* `clinicd clinic …` and `clinicd user …` as an operator's shell sees them. */
#include "tests/harness/home.h"
#include "tests/harness/postgres.h"
#include "tests/harness/program.h"
#include "tests/harness/sql.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { DONE = 0, FAILED = 1, USAGE = 2, PRECONDITION = 8 };

#define FILE_OF(name) " --from " SOURCE_DIR "/tests/command/" name

struct desk {
    struct postgres_database database;
    struct arena arena;
    char app[256], home[96];
    char folder[64];
    const char *environment[3];
    PGconn *boss;
};

static int begin(void **state)
{
    struct desk *desk = test_calloc(1, sizeof *desk);
    postgres_database("command_clinic", &desk->database);
    snprintf(desk->app, sizeof desk->app, "CLINICD_DATABASE_URL=%s", desk->database.app_url);
    snprintf(desk->folder, sizeof desk->folder, "/tmp/clinicd-clinic-XXXXXX");
    assert_non_null(mkdtemp(desk->folder));
    snprintf(desk->home, sizeof desk->home, "CLINICD_DATA_DIR=%s/data", desk->folder);
    desk->environment[0] = desk->app;
    desk->environment[1] = desk->home;
    desk->boss = sql_connect(desk->database.superuser_url);
    home_make(desk->boss, &desk->arena, arena_format(&desk->arena, "%s/data", desk->folder));
    *state = desk;
    return 0;
}

static int end(void **state)
{
    struct desk *desk = *state;
    const char *data = arena_format(&desk->arena, "%s/data", desk->folder);
    unlink(arena_format(&desk->arena, "%s/secrets", data));
    rmdir(arena_format(&desk->arena, "%s/postgres", data));
    rmdir(data);
    rmdir(desk->folder);
    sql_close(&desk->boss);
    postgres_drop(&desk->database);
    arena_end(&desk->arena);
    test_free(desk);
    return 0;
}

static struct program_end run(struct desk *desk, const char *arguments, int expected)
{
    struct program_end end =
        program_run(&desk->arena, arena_format(&desk->arena, CLINICD_PROGRAM " %s", arguments),
                    desk->environment);
    if (end.exit != expected)
        fail_msg("`%s` ended with %d:\n%s%s", arguments, end.exit, end.text, end.said);
    return end;
}

static json_t *result_of(struct desk *desk, const struct program_end *end)
{
    json_t *document = json_loads(end->text, JSON_REJECT_DUPLICATES, NULL);
    if (!document)
        fail_msg("no JSON: %s", end->text);
    return json_object_get(arena_json(&desk->arena, document), "result");
}

/* The guide's own object, to the letter. */
static void the_guide_s_clinic_is_made_once(void **state)
{
    struct desk *desk = *state;
    const char *slug, *phone, *username, *password;
    int doctors;
    struct program_end end =
        run(desk, "clinic create santkrupa --json" FILE_OF("clinic.json"), DONE);
    assert_int_equal(json_unpack(result_of(desk, &end), "{s:{s:s, s:s, s:i}, s:{s:s, s:s}}",
                                 "clinic", "slug", &slug, "phone_number", &phone, "max_doctors",
                                 &doctors, "admin", "username", &username, "one_time_password",
                                 &password),
                     0);
    assert_string_equal(slug, "santkrupa");
    assert_string_equal(phone, "+91-80-XXXX-XXXX");
    assert_string_equal(username, "santkrupa_admin");
    assert_int_equal(doctors, 50);
    assert_true(strlen(password) == 24);
    end = run(desk, "clinic create santkrupa --if-not-exists" FILE_OF("clinic.json"), DONE);
    assert_string_equal(end.text, "there is already the clinic santkrupa\n");
    end = run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), PRECONDITION);
    assert_non_null(strstr(end.said, "slug"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic"), 1);
    assert_int_equal(sql_int(desk->boss,
                             "SELECT count(*) FROM clinicd.platform_audit WHERE operation = "
                             "'clinic create' AND status = 201") +
                         sql_int(desk->boss, "SELECT count(*) FROM clinicd.audit WHERE operation "
                                             "= 'clinic create' AND status = 201"),
                     1);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.account WHERE "
                                         "must_change_password AND password_hash LIKE "
                                         "'$argon2id$%%'"),
                     1);
}

static void a_phone_of_33_characters_names_its_field(void **state)
{
    struct desk *desk = *state;
    struct program_end end =
        run(desk, "clinic create santkrupa" FILE_OF("clinic_long_phone.json"), USAGE);
    assert_non_null(strstr(end.said, "#/phone_number: "));
    run(desk, "clinic create Sant_Krupa" FILE_OF("clinic.json"), USAGE);
    run(desk, "clinic create santkrupa --from /nowhere.json", USAGE);
    run(desk, "clinic create santkrupa", USAGE);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic"), 0);
}

static void a_clinic_is_suspended_and_opened_again(void **state)
{
    struct desk *desk = *state;
    run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), DONE);
    run(desk, "clinic suspend santkrupa", DONE);
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'suspended'"), 1);
    struct program_end end = run(desk, "clinic list", DONE);
    assert_non_null(strstr(end.text, "closed"));
    run(desk, "clinic activate santkrupa", DONE);
    end = run(desk, "clinic list", DONE);
    assert_non_null(
        strstr(end.text, "santkrupa                      active     Santkrupa Hospital\n"));
    end = run(desk, "clinic show santkrupa --json", DONE);
    assert_string_equal(json_string_value(json_object_get(result_of(desk, &end), "city")),
                        "Bangalore");
    end = run(desk, "clinic suspend nobody", USAGE);
    assert_non_null(strstr(end.said, "there is no clinic nobody"));
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.audit WHERE operation IN "
                                         "('clinic suspend', 'clinic activate') AND status = 200 "
                                         "AND before <> after"),
                     2);
}

/* Half of a hospital is shown to nobody: the import opens it when it is whole. */
static void a_clinic_that_is_moving_in_is_not_opened(void **state)
{
    struct desk *desk = *state;
    run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), DONE);
    sql_run(desk->boss, "UPDATE clinicd.clinic SET status = 'importing'");
    struct program_end end = run(desk, "clinic activate santkrupa", PRECONDITION);
    assert_non_null(strstr(end.said, "is being imported"));
    run(desk, "clinic suspend santkrupa", PRECONDITION);
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'importing'"), 1);
}

static void a_password_is_reset_by_name(void **state)
{
    struct desk *desk = *state;
    run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), DONE);
    char *before = sql_text(desk->boss, &desk->arena, "SELECT password_hash FROM clinicd.account");
    struct program_end end = run(desk, "user list --clinic santkrupa", DONE);
    assert_non_null(strstr(end.text, "santkrupa_admin                admin          active"));
    end = run(desk, "user reset Santkrupa_Admin --clinic santkrupa --json", DONE);
    const char *password =
        json_string_value(json_object_get(result_of(desk, &end), "one_time_password"));
    assert_true(strlen(password) == 24);
    assert_string_not_equal(
        sql_text(desk->boss, &desk->arena, "SELECT password_hash FROM clinicd.account"), before);
    run(desk, "user reset santkrupa --clinic santkrupa", USAGE);
    run(desk, "user reset santkrupa_admin", USAGE);
    run(desk, "user list --clinic nobody", USAGE);
}

static int trail_of(struct desk *desk, const char *command)
{
    return (int)sql_int(
        desk->boss,
        "SELECT count(*) FROM clinicd.audit WHERE operation = '%s' AND status = 200 "
        "AND actor_name = 'clinicd' AND before IS NOT NULL",
        command);
}

static const char *file_of(struct desk *desk, const char *text)
{
    const char *path = arena_format(&desk->arena, "%s/patch.json", desk->folder);
    FILE *file = fopen(path, "we");
    fputs(text, file);
    fclose(file);
    return path;
}

static void a_clinic_is_changed_by_a_file_and_archived(void **state)
{
    struct desk *desk = *state;
    run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), DONE);
    const char *path = file_of(desk, "{\"city\": \"Mysuru\", \"website\": null}");
    const char *line = arena_format(&desk->arena, "clinic update santkrupa --json --from %s", path);
    struct program_end end = run(desk, line, DONE);
    assert_string_equal(json_string_value(json_object_get(result_of(desk, &end), "city")),
                        "Mysuru");
    assert_int_equal(trail_of(desk, "clinic update"), 1);
    file_of(desk, "{\"phone_number\": \"+91-80-5550-0101-0102-0103-0104-0105\", \"town\": \"x\"}");
    end = run(desk, line, USAGE);
    assert_non_null(strstr(end.text, "#/phone_number"));
    assert_non_null(strstr(end.text, "#/town"));
    run(desk, "clinic update santkrupa", USAGE);
    unlink(path);
    end = run(desk, "clinic archive santkrupa", DONE);
    assert_non_null(strstr(end.text, "closed"));
    assert_int_equal(
        sql_int(desk->boss, "SELECT count(*) FROM clinicd.clinic WHERE status = 'inactive'"), 1);
    assert_int_equal(trail_of(desk, "clinic archive"), 1);
    run(desk, "clinic archive nobody", USAGE);
}

static void an_account_is_closed_and_opened_and_its_sessions_end(void **state)
{
    struct desk *desk = *state;
    run(desk, "clinic create santkrupa" FILE_OF("clinic.json"), DONE);
    sql_run(desk->boss,
            "INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, "
            "must_change_password, created_at, updated_at) SELECT clinic_id, gen_random_uuid(), "
            "'second_admin', 'admin', 'S', 'A', false, now(), now() FROM clinicd.clinic");
    sql_run(
        desk->boss,
        "INSERT INTO clinicd.session (clinic_id, id, account_id, access_hash, refresh_hash, "
        "family_hash, created_at, last_seen_at, access_expires_at, refresh_expires_at, ends_at, "
        "idle_seconds) SELECT clinic_id, gen_random_uuid(), id, md5(username) || md5(username), "
        "md5(username) || md5(username), "
        "md5(username) || md5(username), now(), now(), now() + interval '1 h', now() + interval '1 "
        "h', now() + "
        "interval '1 h', 3600 FROM clinicd.account");
    struct program_end end =
        run(desk, "user sessions revoke second_admin --clinic santkrupa", DONE);
    assert_string_equal(end.text, "1 sessions of second_admin have ended\n");
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.session WHERE revoked_at IS "
                                         "NOT NULL"),
                     1);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.audit WHERE operation = "
                                         "'user sessions revoke' AND entity = 'account'") > 0,
                     1);
    run(desk, "user disable second_admin --clinic santkrupa", DONE);
    assert_int_equal(trail_of(desk, "user disable"), 1);
    end = run(desk, "user list --clinic santkrupa", DONE);
    assert_non_null(strstr(end.text, "second_admin                   admin          closed"));
    end = run(desk, "user disable santkrupa_admin --clinic santkrupa", PRECONDITION); /* the last */
    assert_string_equal(end.text, "");
    run(desk, "user disable second_admin --clinic santkrupa", PRECONDITION);
    run(desk, "user enable second_admin --clinic santkrupa", DONE);
    assert_int_equal(sql_int(desk->boss, "SELECT count(*) FROM clinicd.account WHERE is_active"),
                     2);
    run(desk, "user disable nobody --clinic santkrupa", USAGE);
    run(desk, "user disable second_admin", USAGE);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
    const struct CMUnitTest tests[] = {
        TEST(the_guide_s_clinic_is_made_once),
        TEST(a_phone_of_33_characters_names_its_field),
        TEST(a_clinic_is_suspended_and_opened_again),
        TEST(a_clinic_that_is_moving_in_is_not_opened),
        TEST(a_password_is_reset_by_name),
        TEST(a_clinic_is_changed_by_a_file_and_archived),
        TEST(an_account_is_closed_and_opened_and_its_sessions_end),
    };
    return cmocka_run_group_tests_name("clinic commands", tests, NULL, NULL);
}
