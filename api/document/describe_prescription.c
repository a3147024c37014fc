#include "api/document/describe_parts.h"
#include "api/document/dose.h"

#include <string.h>

/* A draft is no prescription, and one that was withdrawn no longer is. */
static void mark(struct draft *draft)
{
    const char *status = fact_text(draft->printed, "status");
    struct description *out = draft->out;
    if (strcmp(status, "pending") == 0) {
        out->mark = MARK_DRAFT;
        out->mark_text = say(draft, LABEL_DRAFT);
    } else if (strcmp(status, "cancelled") == 0) {
        const char *reason = fact_text(draft->printed, "cancel_reason");
        out->mark = MARK_CANCELLED;
        out->mark_text = say(draft, LABEL_CANCELLED);
        out->mark_note =
            reason ? arena_format(draft->arena, "%s: %s", say(draft, LABEL_REASON), reason) : NULL;
    }
}

/* As a number with its unit, or as it was typed when it could not be read. */
static void measure(struct draft *draft, struct fields *fields, enum label name, const char *member,
                    const char *unit)
{
    const json_t *vitals = fact(draft->facts, "vitals");
    const json_t *value = fact(vitals, member);
    const char *typed = fact_text(vitals, arena_format(draft->arena, "%s_text", member));
    if (json_is_integer(value))
        fields_add(fields, say(draft, name),
                   arena_format(draft->arena, "%d", (int)json_integer_value(value)), unit, 1);
    else if (json_is_string(value))
        fields_add(fields, say(draft, name), json_string_value(value), unit, 1);
    else
        fields_add(fields, say(draft, name), typed, NULL, 1);
}

static void vitals(struct draft *draft)
{
    const json_t *vitals = fact(draft->facts, "vitals");
    int systolic = fact_int(vitals, "bp_systolic", 0),
        diastolic = fact_int(vitals, "bp_diastolic", 0);
    struct fields fields = {.n = 0};
    if (systolic)
        fields_add(&fields, say(draft, LABEL_BLOOD_PRESSURE),
                   arena_format(draft->arena, "%d/%d", systolic, diastolic), "mmHg", 1);
    else
        fields_add(&fields, say(draft, LABEL_BLOOD_PRESSURE), fact_text(vitals, "bp_text"), NULL,
                   1);
    measure(draft, &fields, LABEL_PULSE, "pulse", say(draft, LABEL_PER_MINUTE));
    measure(draft, &fields, LABEL_TEMPERATURE, "temperature",
            say_value(draft, "TemperatureUnit", fact_text(vitals, "temperature_unit")));
    measure(draft, &fields, LABEL_SPO2, "spo2", "%");
    measure(draft, &fields, LABEL_SUGAR, "sugar",
            say_value(draft, "SugarUnit", fact_text(vitals, "sugar_unit")));
    draft_fields(draft, BLOCK_MEASURES, say(draft, LABEL_VITALS), &fields);
}

static void notes(struct draft *draft)
{
    const json_t *notes = fact(draft->facts, "notes");
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_COMPLAINT), fact_text(notes, "checkin_purpose"), NULL, 0);
    fields_add(&fields, say(draft, LABEL_FINDINGS), fact_text(notes, "observations"), NULL, 0);
    fields_add(&fields, say(draft, LABEL_DIAGNOSIS), fact_text(notes, "diagnosis"), NULL, 0);
    fields_add(&fields, say(draft, LABEL_PLAN), fact_text(notes, "treatment_plan"), NULL, 0);
    draft_fields(draft, BLOCK_TEXTS, NULL, &fields);
}

enum { MEDICINE_COLUMNS = 7 };

static void medicine(struct draft *draft, size_t number, const json_t *medicine, struct line *out)
{
    struct arena *arena = draft->arena;
    int times = fact_int(medicine, "frequency_per_day", 1);
    struct dose dose = dose_of(arena, draft->setting->document, fact_text(medicine, "schedule"),
                               times, draft->language);
    const char *type = say_value(draft, "MedicineType", fact_text(medicine, "medicine_type"));
    const char *food = say_value(draft, "FoodInstruction", fact_text(medicine, "food_instruction"));
    struct cell *cells = arena_array(arena, struct cell, MEDICINE_COLUMNS);
    cells[0].text = arena_format(arena, "%zu", number);
    cells[1] = (struct cell){fact_text(medicine, "medicine_name"),
                             WORDS_JOIN(arena, " · ", type, fact_text(medicine, "dosage"))};
    cells[2] = (struct cell){dose.text, dose.more};
    cells[3].text = arena_format(arena, "%d", times);
    cells[4].text = food ? food : "–";
    cells[5].text = fact_text(medicine, "duration");
    cells[6].text = arena_format(arena, "%d", fact_int(medicine, "quantity", 0));
    *out = (struct line){cells, fact_text(medicine, "instructions")};
}

static void medicines(struct draft *draft)
{
    const json_t *list = fact(draft->facts, "medicines");
    struct arena *arena = draft->arena;
    struct column *columns = arena_array(arena, struct column, MEDICINE_COLUMNS);
    const char *dose =
        arena_format(arena, "%s\n%s", say(draft, LABEL_DOSE), say(draft, LABEL_SLOTS));
    columns[0] = (struct column){"#", 0.045, false, false};
    columns[1] = (struct column){say(draft, LABEL_MEDICINE), 0.315, false, true};
    columns[2] = (struct column){dose, 0.18, false, true};
    columns[3] = (struct column){say(draft, LABEL_TIMES_A_DAY), 0.09, true, false};
    columns[4] = (struct column){say(draft, LABEL_FOOD), 0.15, false, false};
    columns[5] = (struct column){say(draft, LABEL_DURATION), 0.14, false, false};
    columns[6] = (struct column){say(draft, LABEL_QUANTITY), 0.08, true, false};
    struct line *lines = arena_array(arena, struct line, json_array_size(list) + 1);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) medicine(draft, i + 1, item, &lines[i]);
    struct block *block = draft_block(draft, BLOCK_TABLE, say(draft, LABEL_MEDICINES));
    block->sign = "℞";
    block->columns = columns;
    block->columns_n = MEDICINE_COLUMNS;
    block->lines = lines;
    block->lines_n = json_array_size(list);
    block->empty = say(draft, LABEL_NO_MEDICINES);
}

enum { TEST_COLUMNS = 4 };

static void tests(struct draft *draft)
{
    const json_t *list = fact(draft->facts, "tests");
    struct arena *arena = draft->arena;
    if (!json_array_size(list))
        return;
    struct column *columns = arena_array(arena, struct column, TEST_COLUMNS);
    columns[0] = (struct column){"#", 0.045, false, false};
    columns[1] = (struct column){say(draft, LABEL_TEST), 0.525, false, true};
    columns[2] = (struct column){say(draft, LABEL_TYPE), 0.215, false, false};
    columns[3] = (struct column){say(draft, LABEL_DATE), 0.215, false, false};
    struct line *lines = arena_array(arena, struct line, json_array_size(list));
    size_t i;
    json_t *test;
    json_array_foreach(list, i, test)
    {
        const char *day = words_day(arena, fact_text(test, "test_on"), draft->language);
        struct cell *cells = arena_array(arena, struct cell, TEST_COLUMNS);
        cells[0].text = arena_format(arena, "%zu", i + 1);
        cells[1].text = fact_text(test, "test_name");
        cells[2].text = say_value(draft, "TestType", fact_text(test, "test_type"));
        cells[3].text = day ? day : "–";
        lines[i] = (struct line){cells, fact_text(test, "description")};
    }
    struct block *block = draft_block(draft, BLOCK_TABLE, say(draft, LABEL_TESTS));
    block->columns = columns;
    block->columns_n = TEST_COLUMNS;
    block->lines = lines;
    block->lines_n = json_array_size(list);
}

static void advice(struct draft *draft)
{
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_ADVICE), fact_text(fact(draft->facts, "notes"), "notes"),
               NULL, 0);
    fields_add(&fields, say(draft, LABEL_FOLLOW_UP),
               words_day(draft->arena, fact_text(draft->facts, "follow_up_on"), draft->language),
               NULL, 0);
    draft_fields(draft, BLOCK_TEXTS, NULL, &fields);
}

void draft_prescription(struct draft *draft)
{
    draft->out->title = say(draft, LABEL_PRESCRIPTION);
    draft->out->date =
        words_minute(draft->arena, fact_text(draft->facts, "prescribed_local"),
                     fact_int(draft->facts, "utc_offset", 0),
                     fact_text(fact(draft->facts, "clinic"), "timezone"), draft->language);
    mark(draft);
    draft_patient(draft);
    draft_allergies(draft);
    vitals(draft);
    notes(draft);
    medicines(draft);
    tests(draft);
    advice(draft);
}
