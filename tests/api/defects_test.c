/* Defects of the system that this one replaces, in who may touch what: docs/defects.md says which
 * number each test stands for. Most are caught by the matrix; here is what it does not say. */
#include "tests/harness/answer.h"
#include "tests/harness/world.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "defects"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer ask(struct world *world, const char *method, const char *path,
                         const char *token, const char *body)
{
    struct answer answer;
    http_send(world->client, &world->arena,
              &(struct call){.method = method, .path = path, .token = token, .body = body},
              &answer);
    return answer;
}

static const char *token(struct world *world, const struct seed *seed, const char *who)
{
    return seed_token(seed, who, arena_array(&world->arena, char, TOKEN_TEXT));
}

static bool is_in(const char *const *list, const char *text)
{
    while (*list && strcmp(*list, text) != 0)
        list++;
    return *list;
}

/* ---- I2: a name that is no clinic's widened what was shown ---- */

static void an_unknown_clinic_shows_nothing_to_anybody(void **state)
{
    struct world *world = *state;
    static const char *const people[] = {"admin",    "doctor",  "receptionist",
                                         "lab_tech", "patient", "boss"};
    static const char *const slugs[] = {"no-such-clinic", "clinic-i", "clinic", "clinic-a-",
                                        "clinic-a%00",    "%20",      "*",      "0"};
    static const char *const paths[] = {
        "/patients", "/patients?q=patient", "/staff",     "/doctors",
        "/audit",    "/settings",           "/pharmacies"};
    for (size_t p = 0; p < sizeof people / sizeof *people; p++) {
        bool is_boss = strcmp(people[p], "boss") == 0;
        const char *bearer = token(world, is_boss ? NULL : &seed_a, people[p]);
        for (size_t s = 0; s < sizeof slugs / sizeof *slugs; s++)
            for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
                struct answer answer = ask(
                    world, "GET", arena_format(&world->arena, "/clinics/%s%s", slugs[s], paths[i]),
                    bearer, NULL);
                if (answer.status != 404 && answer.status != 400)
                    fail_msg("%s at %s%s: %d", people[p], slugs[s], paths[i], answer.status);
                assert_null(strstr(answer.body, seed_a.mark));
                assert_null(strstr(answer.body, seed_b.mark));
            }
    }
}

/* ---- I4, I8, I9: what was open to everybody ---- */

static void what_is_open_to_everybody_is_on_this_list(void **state)
{
    struct world *world = *state;
    static const char *const open[] = {
        "health_live", "health_ready", "version_get", "document_get", "docs_get", "docs_asset",
        "platform_login", "platform_refresh", "auth_login", "auth_refresh",
        /* the answer is always the same, whoever there is */
        "auth_password_reset",
        /* needs the token that was handed over */
        "auth_password_reset_confirm",
        /* makes a request that the platform decides, and nothing else */
        "clinic_applications_create", "meta_enums",
        /* the directory: four members of open clinics */
        "clinics_list", "clinics_get",
        /* what stands on the door, too */
        "logo_get",
        /* needs a link that somebody who may sent, or the code on a paper */
        "shared_get", "papers_check", NULL};
    const struct document *document = world->document;
    size_t n = 0;
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        if (operation->is_public != is_in(open, operation->id))
            fail_msg("%s is %sopen to everybody", operation->id,
                     operation->is_public ? "" : "not ");
        n += operation->is_public;
    }
    assert_int_equal(n, sizeof open / sizeof *open - 1);
}

/* ---- I6: a number of another clinic's patient was found ---- */

static void a_number_or_phone_of_another_clinic_finds_nobody(void **state)
{
    struct world *world = *state;
    sql_run(world->boss,
            "UPDATE clinicd.patient SET patient_number = 'PT-2025-77777', phone_key = "
            "'+917777777777' WHERE clinic_id = %ld AND id::text LIKE '%%101'",
            (long)seed_b.clinic_id);
    static const char *const queries_[] = {"PT-2025-77777", "pt-2025-77777", "7777777777",
                                           "%2B917777777777", "canaryb7f3"};
    for (size_t i = 0; i < sizeof queries_ / sizeof *queries_; i++) {
        struct answer here = ask(
            world, "GET",
            arena_format(&world->arena, "/clinics/clinic-a/patients?count=exact&q=%s", queries_[i]),
            token(world, &seed_a, "receptionist"), NULL);
        assert_int_equal(here.status, 200);
        assert_int_equal(json_integer_value(json_object_get(here.json, "total")), 0);
        struct answer there = ask(
            world, "GET",
            arena_format(&world->arena, "/clinics/clinic-b/patients?count=exact&q=%s", queries_[i]),
            token(world, &seed_b, "receptionist"), NULL);
        assert_true(json_integer_value(json_object_get(there.json, "total")) > 0);
    }
    world_restore(world);
}

/* ---- I10, S13: a flag of the account gave powers over the platform ---- */

static void powers_over_the_platform_come_from_the_platforms_token_alone(void **state)
{
    struct world *world = *state;
    char sqlstate[SQLSTATE_TEXT];
    assert_int_equal(sql_try(world->boss, sqlstate,
                             "UPDATE clinicd.account SET role = 'super_admin' WHERE username = "
                             "'admin-aa'"),
                     -1);
    struct answer made =
        ask(world, "POST", "/clinics/clinic-a/staff", token(world, &seed_a, "admin"),
            "{\"role\": \"super_admin\", \"username\": \"riser\", \"first_name\": \"R\", "
            "\"last_name\": \"R\"}");
    assert_int_equal(made.status, 422);
    const struct document *document = world->document;
    size_t n = 0;
    for (size_t i = 0; i < document->operations_n; i++) {
        const struct operation *operation = &document->operations[i];
        if (operation->in_clinic || operation->is_public || strchr(operation->path, '{'))
            continue;
        static const char *const methods[METHOD_COUNT] = {"GET", "POST", "PUT", "PATCH", "DELETE"};
        struct answer answer = ask(world, methods[operation->method], operation->path,
                                   token(world, &seed_a, "admin"), operation->body ? "{}" : NULL);
        if (answer.status != 401 && answer.status != 403)
            fail_msg("a clinic's admin at %s: %d", operation->id, answer.status);
        n++;
    }
    assert_true(n >= 6);
}

/* ---- I11: the clinic of one thread was that of another ---- */

enum { RUNNERS = 8, ROUNDS = 100 };

struct runner {
    struct world *world;
    const struct seed *home;
    const char *own, *foreign; /* what every id of a clinic's holds */
    unsigned wrong;
};

static void *runner_run(void *user)
{
    struct runner *runner = user;
    struct client *client =
        client_make(service_port(runner->world->service), runner->world->document);
    static const char *const rest[] = {"/patients", "/staff", "/audit", "/auth/me"};
    char bearer[TOKEN_TEXT];
    seed_token(runner->home, "admin", bearer);
    for (int i = 0; i < ROUNDS; i++) {
        struct arena arena = {0};
        struct answer answer;
        http_ask(client, &arena,
                 &(struct call){
                     .path = arena_format(&arena, "/clinics/%s%s", runner->home->slug, rest[i % 4]),
                     .token = bearer},
                 &answer);
        runner->wrong += answer.status != 200 || !strstr(answer.body, runner->own) ||
                         strstr(answer.body, runner->foreign);
        arena_end(&arena);
    }
    client_free(client);
    return NULL;
}

static void clinics_that_ask_at_once_are_never_mixed(void **state)
{
    struct runner runners[RUNNERS];
    pthread_t threads[RUNNERS];
    for (int i = 0; i < RUNNERS; i++) {
        runners[i] = (struct runner){.world = *state,
                                     .home = i % 2 ? &seed_a : &seed_b,
                                     .own = i % 2 ? "-8000-aa0" : "-8000-bb0",
                                     .foreign = i % 2 ? "-8000-bb0" : "-8000-aa0"};
        assert_int_equal(pthread_create(&threads[i], NULL, runner_run, &runners[i]), 0);
    }
    for (int i = 0; i < RUNNERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(runners[i].wrong, 0);
    }
}

/* ---- I14: printing and sharing by a number alone ---- */

/* Whoever they are, and whatever they know of it: number, id, address. */
static const struct stranger {
    const struct seed *home; /* NULL: the platform, or nobody */
    const char *who;
} strangers[] = {
    {NULL, NULL},          {NULL, "boss"},        {&seed_b, "admin"},
    {&seed_b, "doctor"},   {&seed_b, "patient"},  {&seed_b, "receptionist"},
    {&seed_b, "lab_tech"}, {&seed_a, "lab_tech"}, {&seed_expired, "admin"},
    {&seed_a, "newcomer"},
};

static void a_number_alone_prints_and_shares_nothing(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    const char *const names[] = {arena_copy(&world->arena, seed_id(&seed_a, 701, id)),
                                 "RX-2025-00101", "1"};
    static const struct {
        const char *method, *rest, *body;
    } deeds[] = {{"GET", "document", NULL},
                 {"GET", "document?format=html", NULL},
                 {"GET", "document?format=json", NULL},
                 {"GET", "share-links", NULL},
                 {"POST", "share-links", "{}"}};
    int64_t links = sql_int(world->boss, "SELECT count(*) FROM clinicd.share_link");
    for (size_t s = 0; s < sizeof strangers / sizeof *strangers; s++)
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            for (size_t d = 0; d < sizeof deeds / sizeof *deeds; d++) {
                const struct stranger *stranger = &strangers[s];
                struct answer answer =
                    ask(world, deeds[d].method,
                        arena_format(&world->arena, "/clinics/clinic-a/prescriptions/%s/%s",
                                     names[i], deeds[d].rest),
                        stranger->who ? token(world, stranger->home, stranger->who) : NULL,
                        deeds[d].body);
                if (answer.status != 401 && answer.status != 403 && answer.status != 404)
                    fail_msg("%s %s of %s as %s: %d", deeds[d].method, deeds[d].rest, names[i],
                             stranger->who ? stranger->who : "nobody", answer.status);
                assert_null(strstr(answer.body, seed_a.mark));
            }
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.share_link"), links);
    /* A number, even a right one, is no address either for those who may. */
    struct answer answer =
        ask(world, "GET", "/clinics/clinic-a/prescriptions/RX-2025-00101/document",
            token(world, &seed_a, "doctor"), NULL);
    assert_int_equal(answer.status, 404);
}

static void only_who_prescribed_is_printed(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    sql_run(world->boss,
            "INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, "
            "must_change_password, created_at, updated_at) VALUES (7001, '%s', 'other-doctor', "
            "'doctor', 'Otherwise', 'Unconcerned', false, now(), now()); INSERT INTO "
            "clinicd.doctor (clinic_id, id, specialization, license_number) VALUES (7001, '%s', "
            "'Medicine', 'LIC-Unconcerned')",
            seed_id(&seed_a, 222, id), id);
    struct answer answer =
        ask(world, "GET",
            arena_format(&world->arena, "/clinics/clinic-a/prescriptions/%s/document?format=json",
                         seed_id(&seed_a, 701, id)),
            token(world, &seed_a, "doctor"), NULL);
    assert_int_equal(answer.status, 200);
    assert_non_null(strstr(answer.body, "Firstalphamark Lastalphamark"));
    assert_non_null(strstr(answer.body, "LIC-alphamark"));
    assert_null(strstr(answer.body, "Unconcerned"));
    world_restore(world);
}

/* ---- I16: a doctor without a profile crashed what the role let in ---- */

static void a_doctor_without_a_profile_breaks_nothing(void **state)
{
    struct world *world = *state;
    char id[UUID_TEXT];
    sql_run(world->boss,
            "SET session_replication_role = replica; DELETE FROM clinicd.doctor WHERE id = '%s'; "
            "RESET session_replication_role",
            seed_id(&seed_a, SEED_DOCTOR, id));
    for (size_t i = 0; i < world->document->operations_n; i++) {
        const struct operation *operation = &world->document->operations[i];
        if (operation->method != METHOD_GET || !operation->in_clinic)
            continue;
        const char *path = operation->path + strlen("/clinics/{slug}");
        const char *brace = strstr(path, "{id}");
        path = brace ? arena_format(&world->arena, "/clinics/clinic-a%.*s%s%s", (int)(brace - path),
                                    path, id, brace + 4)
                     : arena_format(&world->arena, "/clinics/clinic-a%s", path);
        struct answer answer = ask(world, "GET", path, token(world, &seed_a, "doctor"), NULL);
        if (answer.status >= 500)
            fail_msg("%s: %d", operation->id, answer.status);
    }
    assert_int_equal(ask(world, "GET",
                         arena_format(&world->arena, "/clinics/clinic-a/doctors/%s", id),
                         token(world, &seed_a, "admin"), NULL)
                         .status,
                     404);
    world_restore(world);
    struct answer made =
        ask(world, "POST", "/clinics/clinic-a/staff", token(world, &seed_a, "admin"),
            "{\"role\": \"doctor\", \"username\": \"bare\", \"first_name\": \"B\", \"last_name\": "
            "\"B\"}");
    assert_int_equal(made.status, 422); /* a doctor is made with the profile */
}

/* ---- S4, S6: what only reads changed something ---- */

static void reading_changes_nothing(void **state)
{
    struct world *world = *state;
    static const char *const people[] = {"admin", "patient"};
    for (size_t p = 0; p < sizeof people / sizeof *people; p++) {
        const char *bearer = token(world, &seed_a, people[p]);
        ask(world, "GET", "/clinics/clinic-a/auth/me", bearer, NULL); /* the idle clock, once */
        char *before = world_checksum(world, &world->arena, seed_a.clinic_id);
        for (size_t i = 0; i < world->document->operations_n; i++) {
            const struct operation *operation = &world->document->operations[i];
            char id[UUID_TEXT];
            seed_id(&seed_a, SEED_PATIENT_OWN, id);
            if (operation->method != METHOD_GET || !operation->in_clinic)
                continue;
            const char *path = operation->path + strlen("/clinics/{slug}");
            const char *brace = strstr(path, "{id}");
            path = brace ? arena_format(&world->arena, "/clinics/clinic-a%.*s%s%s",
                                        (int)(brace - path), path, id, brace + 4)
                         : arena_format(&world->arena, "/clinics/clinic-a%s", path);
            ask(world, "GET", path, bearer, NULL);
        }
        assert_string_equal(world_checksum(world, &world->arena, seed_a.clinic_id), before);
    }
}

/* ---- S5: a redirect to wherever the address said ---- */

static void nobody_is_sent_anywhere_else(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < world->document->operations_n; i++) {
        const struct operation *operation = &world->document->operations[i];
        for (size_t r = 0; r < operation->responses_n; r++) {
            int status = operation->responses[r].status;
            bool is_of_clinic = strncmp(operation->path, "/clinics/{slug}", 15) == 0;
            if (status == 308 && is_of_clinic)
                continue; /* to the clinic's own new slug: moved_in_test.c says where */
            if (status >= 300 && status < 400 && status != 304)
                fail_msg("%s answers %d", operation->id, status);
        }
    }
    struct answer answer =
        ask(world, "POST", "/clinics/clinic-a/auth/login?next=https://elsewhere.example/", NULL,
            "{\"username\": \"doctor-aa\", \"password\": \"" SEED_PASSWORD "\"}");
    assert_int_equal(answer.status, 400);
    assert_null(strstr(answer.head, "elsewhere"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_clinic_shows_nothing_to_anybody),
        cmocka_unit_test(what_is_open_to_everybody_is_on_this_list),
        cmocka_unit_test(a_number_or_phone_of_another_clinic_finds_nobody),
        cmocka_unit_test(powers_over_the_platform_come_from_the_platforms_token_alone),
        cmocka_unit_test(clinics_that_ask_at_once_are_never_mixed),
        cmocka_unit_test(a_number_alone_prints_and_shares_nothing),
        cmocka_unit_test(only_who_prescribed_is_printed),
        cmocka_unit_test(a_doctor_without_a_profile_breaks_nothing),
        cmocka_unit_test(reading_changes_nothing),
        cmocka_unit_test(nobody_is_sent_anywhere_else),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
