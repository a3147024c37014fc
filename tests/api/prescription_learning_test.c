/* The catalogue and what is prescribed: entries are copied in as they stood, names are learned
 * (7.4: D3 never what a list shows, D4 never a failure, D21 with the frequency). */
#include "tests/harness/rx.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { ENTRY = 431, RETIRED = 432, TEST_ENTRY = 441 };

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "prescription_learning"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static const char *line_of(struct world *world, const char *name, const char *type,
                           const char *dosage, int frequency)
{
    return arena_format(&world->arena,
                        "{\"medicine_name\": \"%s\", \"medicine_type\": \"%s\", \"dosage\": "
                        "\"%s\", \"frequency_per_day\": %d, \"duration\": \"3 days\", "
                        "\"quantity\": 9, \"food_instruction\": \"after\"}",
                        name, type, dosage, frequency);
}

static struct answer prescribe(struct world *world, const char *line)
{
    return rx_make(world, SEED_PATIENT_OWN,
                   arena_format(&world->arena, ", \"medicines\": [%s]", line));
}

static int64_t entries(struct world *world)
{
    return sql_int(world->boss, "SELECT count(*) FROM clinicd.catalog_medicine");
}

static const char *entry(struct world *world, const char *name, const char *column)
{
    return sql_text(world->boss, &world->arena,
                    "SELECT %s FROM clinicd.catalog_medicine WHERE clinic_id = 7001 AND "
                    "medicine_name = '%s'",
                    column, name);
}

static void a_new_name_is_learned_with_how_it_is_taken(void **state)
{
    struct world *world = *state;
    prescribe(world, line_of(world, "Amoxicillin", "capsule", "250 mg", 3));
    assert_string_equal(entry(world, "Amoxicillin", "medicine_type"), "capsule");
    assert_string_equal(entry(world, "Amoxicillin", "default_dosage"), "250 mg");
    assert_string_equal(entry(world, "Amoxicillin", "frequency_per_day"), "3"); /* D21 */
    assert_string_equal(entry(world, "Amoxicillin", "default_duration"), "3 days");
    assert_string_equal(entry(world, "Amoxicillin", "food_instruction"), "after");
    assert_string_equal(
        entry(world, "Amoxicillin", "substr(id::text, 15, 1) || (is_active AND version = 1)"),
        "7true");
    struct answer found = ask(world, "GET", path_a(world, "/catalog/medicines?q=amox"),
                              token_a(world, "doctor"), NULL);
    assert_string_equal(rx_text(&found, "items", 0, "medicine_name"), "Amoxicillin");

    struct answer rx = rx_make(world, SEED_PATIENT_OWN, "");
    rx = rx_do(world, &rx, "doctor", "POST", "/tests",
               "{\"test_name\": \"Lipid profile\", \"test_type\": \"blood\"}");
    expect(&rx, 201, NULL);
    assert_int_equal(sql_int(world->boss, "SELECT count(*) FROM clinicd.catalog_test WHERE "
                                          "test_name = 'Lipid profile' AND clinic_id = 7001"),
                     1);
}

/* Also in another case, twice in one body, and when two entries differ in type only. */
static void a_known_name_is_not_learned_again_and_never_hinders(void **state)
{
    struct world *world = *state;
    prescribe(world, line_of(world, "Cetirizine", "tablet", "10 mg", 1));
    int64_t before = entries(world);
    prescribe(world, line_of(world, "  CETIRIZINE ", "tablet", "5 mg", 2));
    prescribe(world, arena_format(&world->arena, "%s, %s",
                                  line_of(world, "cetirizine", "tablet", "10 mg", 1),
                                  line_of(world, "Cetirizine", "tablet", "20 mg", 1)));
    assert_int_equal(entries(world), before);
    assert_string_equal(entry(world, "Cetirizine", "default_dosage"), "10 mg");
    prescribe(world, line_of(world, "Cetirizine", "syrup", "5 ml", 1));
    assert_int_equal(entries(world), before + 1);
    prescribe(world,
              arena_format(&world->arena, "%s, %s", line_of(world, "Nystatin", "drops", "1 ml", 4),
                           line_of(world, "nystatin", "drops", "2 ml", 4)));
    assert_int_equal(entries(world), before + 2);
}

static void what_was_retired_stays_retired(void **state)
{
    struct world *world = *state;
    prescribe(world, line_of(world, "Ranitidine", "tablet", "150 mg", 2));
    sql_run(world->boss,
            "UPDATE clinicd.catalog_medicine SET is_active = false WHERE medicine_name = "
            "'Ranitidine'");
    int64_t before = entries(world);
    prescribe(world, line_of(world, "Ranitidine", "tablet", "150 mg", 2));
    assert_int_equal(entries(world), before);
}

/* D3: what a list shows of an entry is no name; nor is a name with its own dose. */
static void what_a_list_shows_is_not_learned(void **state)
{
    struct world *world = *state;
    prescribe(world, line_of(world, "Metformin", "tablet", "500 mg", 2));
    int64_t before = entries(world);
    static const struct {
        const char *name, *dosage;
    } shown[] = {
        {"Metformin 500 mg (Tablet)", "1"},    {"Metformin - 500mg - Tablet", "500 mg"},
        {"Metformin (Tablet)", "500 mg"},      {"METFORMIN, 500 MG", "1 tablet"},
        {"Metformin Tablet 500 mg", "500 mg"}, {"Glimepiride 2 mg", "2 mg"},
        {"Glimepiride 2mg tablet", "2 mg"},
    };
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
        struct answer rx =
            prescribe(world, line_of(world, shown[i].name, "tablet", shown[i].dosage, 1));
        assert_string_equal(rx_text(&rx, "medicines", 0, "medicine_name"), shown[i].name);
        if (entries(world) != before)
            fail_msg("%s was learned", shown[i].name);
    }
    static const char *const names[] = {"Metformin SR", "Vitamin B12", "Tablet binder"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        prescribe(world, line_of(world, names[i], "tablet", "1", 1));
    assert_int_equal(entries(world), before + 3);
}

static void an_entry_is_copied_in_as_it_stands(void **state)
{
    struct world *world = *state;
    int64_t before = entries(world);
    struct answer rx =
        prescribe(world, arena_format(&world->arena,
                                      "{\"catalog_id\": \"%s\", \"quantity\": 10}, "
                                      "{\"catalog_id\": \"%s\", \"quantity\": 1, \"dosage\": "
                                      "\"250 mg\", \"schedule\": null}",
                                      id_a(world, ENTRY), id_a(world, ENTRY)));
    assert_string_equal(rx_text(&rx, "medicines", 0, "medicine_name"), "Medicine alphamark");
    assert_string_equal(rx_text(&rx, "medicines", 0, "dosage"), "500 mg");
    assert_string_equal(rx_text(&rx, "medicines", 0, "duration"), "5 days");
    assert_string_equal(rx_text(&rx, "medicines", 0, "schedule"), "morning_night");
    assert_string_equal(rx_text(&rx, "medicines", 0, "food_instruction"), "after");
    assert_string_equal(rx_text(&rx, "medicines", 1, "dosage"), "250 mg");
    assert_string_equal(rx_text(&rx, "medicines", 1, "schedule"), "");
    assert_int_equal(entries(world), before);

    struct answer renamed =
        ask_if(world, "PATCH", path_a(world, "/catalog/medicines/%s", id_a(world, ENTRY)),
               token_a(world, "admin"),
               "{\"medicine_name\": \"Renamed\", \"default_dosage\": \"1 g\"}", "\"1\"");
    expect(&renamed, 200, NULL);
    struct answer now = rx_read(world, &rx);
    assert_string_equal(now.body, rx.body);

    const char *test =
        arena_format(&world->arena, "{\"catalog_id\": \"%s\"}", id_a(world, TEST_ENTRY));
    rx = rx_do(world, &rx, "doctor", "POST", "/tests", test);
    expect(&rx, 201, NULL);
    assert_string_equal(rx_text(&rx, "tests", 0, "test_name"), "Test alphamark");
    rx = rx_do(world, &rx, "doctor", "PATCH",
               arena_format(&world->arena, "/tests/%s", rx_text(&rx, "tests", 0, "id")),
               "{\"test_name\": \"Another\"}");
    assert_string_equal(rx_text(&rx, "tests", 0, "catalog_id"), ""); /* no longer that entry */
}

/* Two ideas of one medicine are dangerous: neither is taken. */
static void a_line_that_contradicts_its_entry_is_refused(void **state)
{
    struct world *world = *state;
    const struct {
        int entry;
        const char *more;
    } wrong[] = {
        {ENTRY, ", \"medicine_name\": \"Aspirin\""},
        {ENTRY, ", \"medicine_type\": \"syrup\""},
        {RETIRED, ""},
        {TEST_ENTRY, ""},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct answer answer =
            ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
                arena_format(&world->arena,
                             "{\"patient_id\": \"%s\", \"medicines\": [{\"catalog_id\": \"%s\", "
                             "\"quantity\": 1%s}]}",
                             id_a(world, SEED_PATIENT_OWN), id_a(world, wrong[i].entry),
                             wrong[i].more));
        expect(&answer, 422, "validation-failed");
        assert_int_equal(rx_count(&answer, "errors"), 1);
        assert_string_equal(rx_text(&answer, "errors", 0, "pointer"), "#/medicines/0/catalog_id");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_new_name_is_learned_with_how_it_is_taken),
        cmocka_unit_test(a_known_name_is_not_learned_again_and_never_hinders),
        cmocka_unit_test(what_was_retired_stays_retired),
        cmocka_unit_test(what_a_list_shows_is_not_learned),
        cmocka_unit_test(a_line_that_contradicts_its_entry_is_refused),
        cmocka_unit_test(an_entry_is_copied_in_as_it_stands),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
