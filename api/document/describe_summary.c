#include "api/document/describe_parts.h"

#include <string.h>

enum { TREATMENT_COLUMNS = 5 };

static const char *minute(struct draft *draft, const char *local, const char *offset)
{
    return words_minute(draft->arena, fact_text(draft->facts, local),
                        fact_int(draft->facts, offset, 0),
                        fact_text(fact(draft->facts, "clinic"), "timezone"), draft->language);
}

/* While the patient is there it is no discharge summary yet. */
static void title(struct draft *draft)
{
    struct description *out = draft->out;
    bool is_over = fact_text(draft->printed, "outcome");
    out->title = say(draft, is_over ? LABEL_DISCHARGE_SUMMARY : LABEL_INTERIM_SUMMARY);
    out->date = is_over ? minute(draft, "ended_local", "ended_offset")
                        : minute(draft, "admitted_local", "admitted_offset");
    if (!is_over) {
        out->mark = MARK_INTERIM;
        out->mark_text = say(draft, LABEL_INTERIM);
    }
}

static const char *days(struct draft *draft)
{
    int n = fact_int(draft->facts, "days", -1);
    if (n < 0)
        return NULL;
    if (n == 0)
        return say(draft, LABEL_SAME_DAY);
    return n == 1 ? say(draft, LABEL_ONE_DAY)
                  : words_count(draft->arena, say(draft, LABEL_N_DAYS), n);
}

static void stay(struct draft *draft)
{
    const char *status = fact_text(draft->printed, "status");
    bool is_over = fact_text(draft->printed, "outcome");
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_ADMITTED),
               minute(draft, "admitted_local", "admitted_offset"), NULL, 2);
    fields_add(&fields, say(draft, LABEL_ENDED), minute(draft, "ended_local", "ended_offset"), NULL,
               2);
    fields_add(&fields, say(draft, is_over ? LABEL_OUTCOME : LABEL_STATUS),
               say_value(draft, "AdmissionStatus", status), NULL, 1);
    fields_add(&fields, say(draft, LABEL_STAY), days(draft), NULL, 1);
    fields_add(&fields, say(draft, LABEL_WARD),
               say_value(draft, "AdmissionType", fact_text(draft->facts, "admission_type")), NULL,
               1);
    fields_add(&fields, say(draft, LABEL_BED),
               WORDS_JOIN(draft->arena, " / ", fact_text(draft->facts, "room_number"),
                          fact_text(draft->facts, "bed_number")),
               NULL, 1);
    draft_fields(draft, BLOCK_FIELDS, NULL, &fields);
}

static void history(struct draft *draft)
{
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_REASON_FOR_ADMISSION),
               fact_text(draft->facts, "reason_for_admission"), NULL, 0);
    fields_add(&fields, say(draft, LABEL_HISTORY), fact_text(draft->facts, "medical_history"), NULL,
               0);
    fields_add(&fields, say(draft, LABEL_ALLERGIES_SAID), fact_text(draft->facts, "allergies_said"),
               NULL, 0);
    draft_fields(draft, BLOCK_TEXTS, NULL, &fields);
}

static void treatment(struct draft *draft, const json_t *given, struct line *out)
{
    struct arena *arena = draft->arena;
    struct cell *cells = arena_array(arena, struct cell, TREATMENT_COLUMNS);
    const char *local = fact_text(given, "administered_local");
    const char *time = local && strlen(local) >= 16 ? arena_copy_n(arena, local + 11, 5) : NULL;
    cells[0] = (struct cell){words_day(arena, local, draft->language), time};
    cells[1].text = fact_text(given, "treatment_name");
    cells[2].text = say_value(draft, "TreatmentType", fact_text(given, "treatment_type"));
    cells[3].text = WORDS_JOIN(arena, " · ", fact_text(given, "dosage"), fact_text(given, "route"),
                               fact_text(given, "frequency"), fact_text(given, "saline_type"),
                               fact_text(given, "quantity"), fact_text(given, "oxygen_type"),
                               fact_text(given, "oxygen_flow_rate"), fact_text(given, "duration"));
    cells[4].text = fact_text(given, "administered_by");
    *out = (struct line){
        cells, WORDS_JOIN(arena, "\n", fact_text(given, "description"), fact_text(given, "notes"))};
}

static void treatments(struct draft *draft)
{
    const json_t *list = fact(draft->facts, "treatments");
    struct arena *arena = draft->arena;
    struct column *columns = arena_array(arena, struct column, TREATMENT_COLUMNS);
    columns[0] = (struct column){say(draft, LABEL_DATE), 0.16, false, false};
    columns[1] = (struct column){say(draft, LABEL_TREATMENT), 0.27, false, true};
    columns[2] = (struct column){say(draft, LABEL_TYPE), 0.15, false, false};
    columns[3] = (struct column){say(draft, LABEL_DETAILS), 0.24, false, false};
    columns[4] = (struct column){say(draft, LABEL_GIVEN_BY), 0.18, false, false};
    struct line *lines = arena_array(arena, struct line, json_array_size(list) + 1);
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item) treatment(draft, item, &lines[i]);
    struct block *block = draft_block(draft, BLOCK_TABLE, say(draft, LABEL_TREATMENTS));
    block->columns = columns;
    block->columns_n = TREATMENT_COLUMNS;
    block->lines = lines;
    block->lines_n = json_array_size(list);
    block->empty = say(draft, LABEL_NO_TREATMENTS);
}

static void end(struct draft *draft)
{
    const json_t *printed = draft->printed;
    struct arena *arena = draft->arena;
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_FINAL_DIAGNOSIS), fact_text(printed, "final_diagnosis"),
               NULL, 0);
    fields_add(&fields, say(draft, LABEL_DISCHARGE_NOTES), fact_text(printed, "discharge_notes"),
               NULL, 0);
    fields_add(&fields, say(draft, LABEL_FOLLOW_UP),
               WORDS_JOIN(arena, "\n",
                          words_day(arena, fact_text(printed, "follow_up_on"), draft->language),
                          fact_text(printed, "follow_up_instructions")),
               NULL, 0);
    draft_fields(draft, BLOCK_TEXTS, NULL, &fields);
}

void draft_summary(struct draft *draft)
{
    title(draft);
    draft_patient(draft);
    stay(draft);
    draft_allergies(draft);
    history(draft);
    treatments(draft);
    end(draft);
}
