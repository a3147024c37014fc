/* Treatments: what each type needs, when they were given, and how they are corrected. */
#include "tests/harness/rx.h"
#include "tests/harness/ward.h"

#include "db/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { TYPES = 8, MEMBERS = 8 };

static const char *const members[MEMBERS] = {
    "dosage",      "duration", "frequency", "oxygen_flow_rate",
    "oxygen_type", "quantity", "route",     "saline_type"};

/* As the domain says it (its 2.17), in the order of the members: 'n' needed, 'm' may be said, '.'
 * has no place. */
static const struct {
    const char *type, *says;
} types[TYPES] = {
    {"medication", "nmm...n."}, {"injection", "nmm...n."}, {"saline", ".m...n.n"},
    {"oxygen", ".m.nn..."},     {"procedure", ".m......"}, {"monitoring", "........"},
    {"therapy", "........"},    {"other", "........"},
};

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "treatments"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static struct answer begin(struct world *world)
{
    world_restore(world);
    ward_patients(world, 2);
    return ward_admit(world, 1001, "A", "");
}

static struct answer give(struct world *world, const struct answer *stay, const char *body)
{
    return ask(world, "POST", ward_path(world, stay, "/treatments"), token_a(world, "doctor"),
               body);
}

/* A body of the type with every member whose bit is set. */
static const char *body_of(struct world *world, int type, unsigned set)
{
    struct buf out;
    buf_begin(&out, &world->arena, 200);
    buf_format(&out, "{\"treatment_type\": \"%s\", \"treatment_name\": \"N\"", types[type].type);
    for (int m = 0; m < MEMBERS; m++)
        if (set & 1U << m)
            buf_format(&out, ", \"%s\": \"X\"", members[m]);
    buf_text(&out, "}");
    return out.text;
}

/* What must be said of it: each fault by its pointer. */
static const char *flaws_of(struct world *world, int type, unsigned set)
{
    struct buf out;
    buf_begin(&out, &world->arena, 200);
    for (int m = 0; m < MEMBERS; m++) {
        char says = types[type].says[m];
        bool is_set = set & 1U << m;
        if ((says == 'n' && !is_set) || (says == '.' && is_set))
            buf_format(&out, "%s#/%s %s", out.length ? ", " : "", members[m],
                       is_set ? "not-allowed" : "required");
    }
    return out.length ? out.text : "";
}

/* Every type with every set of members would be 2048 requests; one by one, all but one, none and
 * all say the same. */
static void each_type_says_what_it_needs(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    for (int type = 0; type < TYPES; type++)
        for (int i = 0; i <= 2 * MEMBERS + 1; i++) {
            unsigned one = 1U << i / 2;
            unsigned set = (i % 2 ? ~one : one) & 0xffU;
            if (i >= 2 * MEMBERS)
                set = i % 2 ? 0xffU : 0;
            const char *flaws = flaws_of(world, type, set);
            struct answer given = give(world, &stay, body_of(world, type, set));
            if (*flaws)
                assert_string_equal(ward_flaws(world, &given), flaws);
            else
                expect(&given, 201, NULL);
        }
}

/* The same by SQL as the service's role, all sets of members. */
static void the_database_knows_the_members_too(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    char sqlstate[SQLSTATE_TEXT];
    PGconn *app SQL_CLOSE = sql_connect(world->database.app_url);
    sql_run(app, "SET app.clinic_id = '7001'");
    for (int type = 0; type < TYPES; type++)
        for (unsigned set = 0; set < 1U << MEMBERS; set += 1 + set % 3) {
            struct buf values;
            buf_begin(&values, &world->arena, 200);
            for (int m = 0; m < MEMBERS; m++)
                buf_text(&values, set & 1U << m ? ", 'X'" : ", NULL");
            sql_run(app, "BEGIN");
            int rows = sql_try(
                app, sqlstate,
                "INSERT INTO clinicd.treatment (clinic_id, id, admission_id, patient_id, "
                "treatment_type, treatment_name, administered_at, created_at, updated_at, dosage, "
                "duration, frequency, oxygen_flow_rate, oxygen_type, quantity, route, saline_type) "
                "SELECT 7001, gen_random_uuid(), id, patient_id, '%s', 'N', admitted_at, "
                "admitted_at, admitted_at %s FROM clinicd.admission WHERE id = '%s'",
                types[type].type, values.text, answer_text(&stay, "id"));
            sql_run(app, "ROLLBACK");
            bool is_right = !*flaws_of(world, type, set);
            if ((rows == 1) != is_right || (rows < 0 && strcmp(sqlstate, "23514") != 0))
                fail_msg("%s %#x: %d %s", types[type].type, set, rows, sqlstate);
        }
}

static void what_is_given_is_given_now_or_since_the_admission(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    struct answer now = give(world, &stay, "{" WARD_SALINE "}");
    expect(&now, 201, NULL);
    assert_string_equal(answer_text(&now, "administered_at"), answer_text(&now, "created_at"));
    assert_string_equal(text_in(&now, "administered_by", "id"), id_a(world, SEED_DOCTOR));
    assert_non_null(strchr(text_in(&now, "administered_by", "name"), ' ')); /* no username */
    struct answer future =
        give(world, &stay, "{" WARD_SALINE ", \"administered_at\": \"2999-01-01T00:00:00Z\"}");
    assert_string_equal(ward_flaws(world, &future), "#/administered_at too-large");
    struct answer past =
        give(world, &stay, "{" WARD_SALINE ", \"administered_at\": \"2020-01-01T00:00:00Z\"}");
    assert_string_equal(ward_flaws(world, &past), "#/administered_at too-small");
    struct answer early =
        give(world, &stay,
             arena_format(&world->arena, "{" WARD_SALINE ", \"administered_at\": \"%s\"}",
                          answer_text(&stay, "admitted_at")));
    expect(&early, 201, NULL);
    struct answer nameless = give(world, &stay, "{\"treatment_type\": \"other\"}");
    assert_string_equal(ward_flaws(world, &nameless), "#/treatment_name required");
}

static void a_treatment_counts_as_a_change_of_the_admission(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    const char *before = answer_header(&world->arena, &stay, "ETag", NULL);
    struct answer given = give(world, &stay, "{" WARD_SALINE "}");
    expect(&given, 201, NULL);
    struct answer now = ward_read(world, &stay);
    assert_int_equal(json_integer_value(json_object_get(now.json, "version")), 2);
    struct answer stale = ask_if(world, "POST", ward_path(world, &stay, "/status"),
                                 token_a(world, "doctor"), "{\"status\": \"stable\"}", before);
    expect(&stale, 412, "precondition-failed");
}

static struct answer mend(struct world *world, const struct answer *stay,
                          const struct answer *given, const char *body)
{
    const char *rest = arena_format(&world->arena, "/treatments/%s", answer_text(given, "id"));
    return ask_if(world, "PATCH", ward_path(world, stay, rest), token_a(world, "doctor"), body,
                  rx_etag(world, given));
}

static void a_correction_keeps_what_was_written_before(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    struct answer given = give(world, &stay, "{" WARD_SALINE "}");
    struct answer first =
        mend(world, &stay, &given, "{\"reason\": \"Half empty\", \"quantity\": \"250 ml\"}");
    expect(&first, 200, NULL);
    assert_string_equal(answer_text(&first, "quantity"), "250 ml");
    struct answer stale =
        mend(world, &stay, &given, "{\"reason\": \"Again\", \"quantity\": \"200 ml\"}");
    expect(&stale, 412, "precondition-failed");
    struct answer second =
        mend(world, &stay, &first,
             "{\"reason\": \"Was oxygen\", \"treatment_type\": \"oxygen\", \"saline_type\": null, "
             "\"quantity\": null, \"oxygen_type\": \"CPAP\", \"oxygen_flow_rate\": \"2 l/min\"}");
    expect(&second, 200, NULL);
    assert_int_equal(rx_count(&second, "corrections"), 2);
    const json_t *was = json_object_get(rx_item(&second, "corrections", 0), "was");
    assert_string_equal(json_string_value(json_object_get(was, "quantity")), "500 ml");
    assert_int_equal(json_object_size(was), 1);
    assert_string_equal(rx_text(&second, "corrections", 0, "reason"), "Half empty");
    assert_string_equal(
        json_string_value(json_object_get(
            json_object_get(rx_item(&second, "corrections", 0), "corrected_by"), "id")),
        id_a(world, SEED_DOCTOR));
    was = json_object_get(rx_item(&second, "corrections", 1), "was");
    assert_string_equal(json_string_value(json_object_get(was, "treatment_type")), "saline");
    assert_true(json_is_null(json_object_get(was, "oxygen_type")));
    struct answer list =
        ask(world, "GET", ward_path(world, &stay, "/treatments"), token_a(world, "admin"), NULL);
    expect(&list, 200, NULL);
    assert_int_equal(json_array_size(json_object_get(rx_item(&list, "items", 0), "corrections")),
                     2);
}

static void a_correction_needs_a_reason_and_a_change(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    struct answer given = give(world, &stay, "{" WARD_SALINE "}");
    struct answer wrong = mend(world, &stay, &given, "{\"quantity\": \"1 l\", \"notes\": null}");
    assert_string_equal(ward_flaws(world, &wrong), "#/reason required");
    wrong = mend(world, &stay, &given, "{\"reason\": \"X\", \"quantity\": \"500 ml\"}");
    assert_string_equal(ward_flaws(world, &wrong), "# unchanged");
    wrong = mend(world, &stay, &given, "{\"reason\": \"X\", \"treatment_type\": \"procedure\"}");
    assert_string_equal(ward_flaws(world, &wrong),
                        "#/quantity not-allowed, #/saline_type not-allowed");
    wrong = mend(world, &stay, &given,
                 "{\"reason\": \"X\", \"administered_at\": \"2999-01-01T00:00:00Z\"}");
    assert_string_equal(ward_flaws(world, &wrong), "#/administered_at too-large");
    wrong = mend(world, &stay, &given,
                 "{\"reason\": \"X\", \"administered_at\": \"2020-01-01T00:00:00Z\"}");
    assert_string_equal(ward_flaws(world, &wrong), "#/administered_at too-small");
    struct answer other = ward_admit(world, 1002, "B", "");
    wrong = mend(world, &other, &given, "{\"reason\": \"X\", \"quantity\": \"1 l\"}");
    expect(&wrong, 404, "not-found");
    const char *path = ward_path(
        world, &stay, arena_format(&world->arena, "/treatments/%s", answer_text(&given, "id")));
    struct answer gone = ask_if(world, "DELETE", path, token_a(world, "doctor"), NULL, "\"1\"");
    expect(&gone, 405, NULL);
}

/* The writes of whoever is not quick enough. */
static void nothing_is_written_after_the_end(void **state)
{
    struct world *world = *state;
    struct answer stay = begin(world);
    struct answer given = give(world, &stay, "{" WARD_SALINE "}");
    expect(&given, 201, NULL);
    ward_end(world, &stay, "discharged");
    struct answer late = give(world, &stay, "{" WARD_SALINE "}");
    expect(&late, 409, "admission-ended");
    late = mend(world, &stay, &given, "{\"reason\": \"X\", \"quantity\": \"1 l\"}");
    expect(&late, 409, "admission-ended");
    struct answer list =
        ask(world, "GET", ward_path(world, &stay, "/treatments"), token_a(world, "doctor"), NULL);
    assert_int_equal(rx_count(&list, "items"), 1);
}

static size_t listed(struct world *world, const struct answer *stay, const char *query)
{
    struct answer list = ask(
        world, "GET", ward_path(world, stay, arena_format(&world->arena, "/treatments?%s", query)),
        token_a(world, "doctor"), NULL);
    expect(&list, 200, NULL);
    return rx_count(&list, "items");
}

static void treatments_are_found(void **state)
{
    struct world *world = *state;
    begin(world);
    struct answer stay =
        ward_admit(world, 1002, "B", ", \"admitted_at\": \"2026-02-01T00:00:00Z\"");
    for (int day = 1; day <= 3; day++) {
        struct answer given = give(
            world, &stay,
            arena_format(&world->arena, "{%s, \"administered_at\": \"2026-02-0%dT19:00:00Z\"}",
                         day == 2 ? "\"treatment_type\": \"therapy\", \"treatment_name\": \"Walk\""
                                  : WARD_SALINE,
                         day));
        expect(&given, 201, NULL);
    }
    assert_int_equal(listed(world, &stay, ""), 3);
    assert_int_equal(listed(world, &stay, "treatment_type=saline"), 2);
    /* 19:00 in UTC is the next day in Kolkata. */
    assert_int_equal(listed(world, &stay, "from=2026-02-03"), 2);
    assert_int_equal(listed(world, &stay, "to=2026-02-02"), 1);
    assert_int_equal(listed(world, &stay, "sort=administered_at&limit=2"), 2);
    struct answer none =
        ask(world, "GET", path_a(world, "/admissions/%s/treatments", id_a(world, 999)),
            token_a(world, "doctor"), NULL);
    expect(&none, 404, "not-found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_type_says_what_it_needs),
        cmocka_unit_test(the_database_knows_the_members_too),
        cmocka_unit_test(what_is_given_is_given_now_or_since_the_admission),
        cmocka_unit_test(a_treatment_counts_as_a_change_of_the_admission),
        cmocka_unit_test(a_correction_keeps_what_was_written_before),
        cmocka_unit_test(a_correction_needs_a_reason_and_a_change),
        cmocka_unit_test(nothing_is_written_after_the_end),
        cmocka_unit_test(treatments_are_found),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
