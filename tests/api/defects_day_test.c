/* Defects of the system before this one that a clinic's day could bring back (docs/defects.md):
 * how the catalogue learns from what is prescribed. */
#include "tests/harness/ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int setup(void **state)
{
    static struct world world;
    world_begin(&world, &(struct world_options){.name = "defects_day"});
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    world_end(*state);
    return 0;
}

static int fresh(void **state)
{
    world_restore(*state);
    return 0;
}

/* A prescription with one medicine, whose members are `line`. */
static struct answer prescribe(struct world *world, const char *line)
{
    return ask(world, "POST", path_a(world, "/prescriptions"), token_a(world, "doctor"),
               arena_format(&world->arena,
                            "{\"patient_id\": \"%s\", \"medicines\": [{\"quantity\": 9, %s}]}",
                            id_a(world, SEED_PATIENT_OTHER), line));
}

#define CETIRIZINE                                                                                 \
    "\"medicine_name\": \"Cetirizine\", \"medicine_type\": \"tablet\", \"dosage\": \"10 mg\", "    \
    "\"frequency_per_day\": 4, \"duration\": \"5 days\""

static const char *line_of(const struct answer *answer, const char *member)
{
    const json_t *line = json_array_get(json_object_get(answer->json, "medicines"), 0);
    const char *text = json_string_value(json_object_get(line, member));
    return text ? text : "";
}

static PGresult *learnt(struct world *world)
{
    return sql_rows(world->boss, &world->arena,
                    "SELECT id, medicine_name, frequency_per_day, default_dosage FROM "
                    "clinicd.catalog_medicine WHERE clinic_id = 7001 AND medicine_name ILIKE "
                    "'%%cetirizine%%' ORDER BY created_at");
}

static void a_name_is_learnt_as_it_is_and_never_grows(void **state)
{
    struct world *world = *state;
    struct answer first = prescribe(world, CETIRIZINE);
    expect(&first, 201, NULL);
    PGresult *entry = learnt(world);
    assert_int_equal(PQntuples(entry), 1);
    assert_string_equal(PQgetvalue(entry, 0, 1), "Cetirizine");
    assert_string_equal(PQgetvalue(entry, 0, 3), "10 mg");
    /* What was learnt is picked, prescribed, and picked again. */
    for (int i = 0; i < 3; i++) {
        struct answer again = prescribe(
            world, arena_format(&world->arena, "\"catalog_id\": \"%s\"", PQgetvalue(entry, 0, 0)));
        expect(&again, 201, NULL);
        assert_string_equal(line_of(&again, "medicine_name"), "Cetirizine");
        assert_string_equal(line_of(&again, "dosage"), "10 mg");
    }
    assert_int_equal(PQntuples(learnt(world)), 1);
}

static void how_often_a_day_is_learnt_too(void **state)
{
    struct world *world = *state;
    struct answer made = prescribe(world, CETIRIZINE);
    expect(&made, 201, NULL);
    assert_string_equal(PQgetvalue(learnt(world), 0, 2), "4");
}

/* The same name as another form, retired, and in other letters: one line, and what was retired
 * stays so. */
static void names_that_are_there_already_are_no_error(void **state)
{
    struct world *world = *state;
    sql_run(world->boss,
            "INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, "
            "  is_active, created_at, updated_at) SELECT 7001, gen_random_uuid(), name, type, "
            "  active, now(), now() FROM (VALUES ('Cetirizine', 'syrup', true), ('Cetirizine', "
            "  'tablet', false), ('CETIRIZINE', 'tablet', false)) m (name, type, active)");
    for (int i = 0; i < 2; i++) {
        struct answer made = prescribe(world, CETIRIZINE);
        expect(&made, 201, NULL);
        assert_int_equal(json_array_size(json_object_get(made.json, "medicines")), 1);
    }
    assert_int_equal(PQntuples(learnt(world)), 3);
    struct answer shouted = prescribe(
        world, "\"medicine_name\": \"cetirizine\", \"medicine_type\": \"tablet\", \"dosage\": "
               "\"5 mg\", \"frequency_per_day\": 1, \"duration\": \"1 day\"");
    expect(&shouted, 201, NULL);
    assert_int_equal(PQntuples(learnt(world)), 3);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup(name, fresh)
    const struct CMUnitTest tests[] = {
        TEST(a_name_is_learnt_as_it_is_and_never_grows),
        TEST(how_often_a_day_is_learnt_too),
        TEST(names_that_are_there_already_are_no_error),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
