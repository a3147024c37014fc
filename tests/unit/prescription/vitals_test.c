/* Vital signs as people type them. */
#include "models/prescription/vitals.h"

#include "db/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    const char *body, *read; /* read: the members that must then be there */
};

static json_t *parse(const char *text)
{
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    return json;
}

static void what_people_type_becomes_numbers_and_the_text_stays(void **state)
{
    (void)state;
    static const struct sample samples[] = {
        {"{\"bp_text\": \"120/80\"}", "{\"bp_systolic\": 120, \"bp_diastolic\": 80}"},
        {"{\"bp_text\": \" 130 / 85 mmHg\"}", "{\"bp_systolic\": 130, \"bp_diastolic\": 85}"},
        {"{\"pulse_text\": \"72\"}", "{\"pulse\": 72}"},
        {"{\"pulse_text\": \"72 bpm\"}", "{\"pulse\": 72}"},
        {"{\"pulse_text\": \"72/min\"}", "{\"pulse\": 72}"},
        {"{\"temperature_text\": \"98.6 F\"}",
         "{\"temperature\": 98.6, \"temperature_unit\": \"fahrenheit\"}"},
        {"{\"temperature_text\": \"98.6\"}",
         "{\"temperature\": 98.6, \"temperature_unit\": \"fahrenheit\"}"},
        {"{\"temperature_text\": \"36.8 °C\"}",
         "{\"temperature\": 36.8, \"temperature_unit\": \"celsius\"}"},
        {"{\"temperature_text\": \"37\"}",
         "{\"temperature\": 37.0, \"temperature_unit\": \"celsius\"}"},
        {"{\"temperature_text\": \"36.85c\"}",
         "{\"temperature\": 36.9, \"temperature_unit\": \"celsius\"}"},
        {"{\"spo2_text\": \"98 %\"}", "{\"spo2\": 98}"},
        {"{\"spo2_text\": \"98\"}", "{\"spo2\": 98}"},
        {"{\"sugar_text\": \"104 mg/dL\"}", "{\"sugar\": 104.0, \"sugar_unit\": \"mg_dl\"}"},
        {"{\"sugar_text\": \"5.8 mmol/L\"}", "{\"sugar\": 5.8, \"sugar_unit\": \"mmol_l\"}"},
        {"{\"sugar_text\": \"110\"}", "{\"sugar\": 110.0, \"sugar_unit\": \"mg_dl\"}"},
        {"{\"sugar_text\": \"6.1\"}", "{\"sugar\": 6.1, \"sugar_unit\": \"mmol_l\"}"},
        /* both, when they say the same */
        {"{\"temperature_text\": \"98.6 F\", \"temperature\": 98.6, \"temperature_unit\": "
         "\"fahrenheit\", \"pulse\": null}",
         "{\"temperature\": 98.6}"},
        {"{\"bp_systolic\": 120, \"bp_diastolic\": 80, \"sugar\": 104, \"sugar_unit\": \"mg_dl\"}",
         "{\"bp_systolic\": 120}"},
        {"{}", "{}"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault fault = {.arena = &arena};
        json_t *vitals = parse(samples[i].body), *before = json_deep_copy(vitals);
        json_t *wanted = parse(samples[i].read);
        vitals_read(&fault, "#", vitals);
        if (fault.flaws_n)
            fail_msg("%s: %s %s", samples[i].body, fault.flaws[0].pointer, fault.flaws[0].detail);
        const char *name;
        json_t *value;
        json_object_foreach(wanted, name,
                            value) if (!json_equal(json_object_get(vitals, name), value))
            fail_msg("%s: %s is %.3f", samples[i].body, name,
                     json_number_value(json_object_get(vitals, name)));
        json_object_foreach(before, name, value) if (strstr(name, "_text"))
            assert_true(json_equal(json_object_get(vitals, name), value));
        json_decref(vitals);
        json_decref(before);
        json_decref(wanted);
    }
}

static void what_cannot_be_is_refused_at_its_member(void **state)
{
    (void)state;
    static const struct {
        const char *body, *pointer, *code;
    } samples[] = {
        {"{\"bp_text\": \"high\"}", "#/vitals/bp_text", "format"},
        {"{\"bp_text\": \"120\"}", "#/vitals/bp_text", "format"},
        {"{\"bp_text\": \"120/80/60\"}", "#/vitals/bp_text", "format"},
        {"{\"bp_text\": \"80/120\"}", "#/vitals/bp_text", "impossible"},
        {"{\"bp_text\": \"1200/80\"}", "#/vitals/bp_text", "impossible"},
        {"{\"bp_systolic\": 120}", "#/vitals/bp_diastolic", "required"},
        {"{\"bp_systolic\": null, \"bp_diastolic\": 80}", "#/vitals/bp_systolic", "required"},
        {"{\"bp_systolic\": 80, \"bp_diastolic\": 80}", "#/vitals/bp_systolic", "impossible"},
        {"{\"bp_text\": \"120/80\", \"bp_systolic\": 130}", "#/vitals/bp_systolic", "mismatch"},
        {"{\"pulse_text\": \"7\"}", "#/vitals/pulse_text", "impossible"},
        {"{\"pulse_text\": \"72.5\"}", "#/vitals/pulse_text", "impossible"},
        {"{\"pulse_text\": \"-72\"}", "#/vitals/pulse_text", "format"},
        {"{\"pulse_text\": \"72 %\"}", "#/vitals/pulse_text", "impossible"},
        {"{\"spo2_text\": \"101\"}", "#/vitals/spo2_text", "impossible"},
        {"{\"temperature_text\": \"60\"}", "#/vitals/temperature_text", "impossible"},
        {"{\"temperature_text\": \"98.6 C\"}", "#/vitals/temperature_text", "impossible"},
        {"{\"temperature_text\": \"98,6 F\"}", "#/vitals/temperature_text", "impossible"},
        {"{\"temperature_text\": \"98.\"}", "#/vitals/temperature_text", "format"},
        {"{\"temperature_text\": \"inf\"}", "#/vitals/temperature_text", "format"},
        {"{\"temperature_text\": \"0x62\"}", "#/vitals/temperature_text", "impossible"},
        {"{\"temperature_text\": \"99999 F\"}", "#/vitals/temperature_text", "format"},
        {"{\"temperature\": 98.6}", "#/vitals/temperature_unit", "required"},
        {"{\"temperature_unit\": \"celsius\"}", "#/vitals/temperature", "required"},
        {"{\"temperature\": 98.6, \"temperature_unit\": \"celsius\"}", "#/vitals/temperature",
         "impossible"},
        {"{\"temperature\": 36.85, \"temperature_unit\": \"celsius\"}", "#/vitals/temperature",
         "format"},
        {"{\"temperature_text\": \"98.6\", \"temperature_unit\": \"celsius\"}",
         "#/vitals/temperature_unit", "mismatch"},
        {"{\"sugar_text\": \"40\"}", "#/vitals/sugar_text", "impossible"}, /* either unit */
        {"{\"sugar_text\": \"104 g\"}", "#/vitals/sugar_text", "impossible"},
        {"{\"sugar\": 104, \"sugar_unit\": \"mmol_l\"}", "#/vitals/sugar", "impossible"},
    };
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault fault = {.arena = &arena};
        json_t *vitals = parse(samples[i].body);
        vitals_read(&fault, "#/vitals", vitals);
        if (fault.flaws_n != 1 || strcmp(fault.flaws[0].pointer, samples[i].pointer) != 0 ||
            strcmp(fault.flaws[0].code, samples[i].code) != 0)
            fail_msg("%s: %zu flaws, %s %s", samples[i].body, fault.flaws_n,
                     fault.flaws_n ? fault.flaws[0].pointer : "-",
                     fault.flaws_n ? fault.flaws[0].code : "-");
        json_decref(vitals);
    }
}

static void every_fault_is_told_at_once(void **state)
{
    (void)state;
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    json_t *vitals = parse("{\"bp_text\": \"x\", \"pulse_text\": \"x\", \"temperature_text\": "
                           "\"x\", \"spo2_text\": \"x\", \"sugar_text\": \"x\"}");
    vitals_read(&fault, "#", vitals);
    assert_int_equal(fault.flaws_n, 5);
    json_decref(vitals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_people_type_becomes_numbers_and_the_text_stays),
        cmocka_unit_test(what_cannot_be_is_refused_at_its_member),
        cmocka_unit_test(every_fault_is_told_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
