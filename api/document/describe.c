#include "api/document/describe_parts.h"

#include "db/buf.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

void fields_add(struct fields *fields, const char *label, const char *value, const char *note,
                int span)
{
    if (value && *value && fields->n < FIELDS_MAX)
        fields->all[fields->n++] =
            (struct field){.label = label, .value = value, .note = note, .span = span};
}

struct block *draft_block(struct draft *draft, enum block_kind kind, const char *heading)
{
    struct block *block = &draft->blocks[draft->out->blocks_n++];
    *block = (struct block){.kind = kind, .heading = heading};
    return block;
}

void draft_fields(struct draft *draft, enum block_kind kind, const char *heading,
                  const struct fields *fields)
{
    if (!fields->n)
        return;
    struct field *kept = arena_array(draft->arena, struct field, fields->n);
    memcpy(kept, fields->all, fields->n * sizeof *kept);
    struct block *block = draft_block(draft, kind, heading);
    block->fields = kept;
    block->fields_n = fields->n;
}

static const char *address_of(struct arena *arena, const json_t *place)
{
    const char *town =
        WORDS_JOIN(arena, " ", fact_text(place, "city"), fact_text(place, "zip_code"));
    return WORDS_JOIN(arena, ", ", fact_text(place, "address"), town, fact_text(place, "state"));
}

static const char *weight_of(struct arena *arena, const json_t *patient)
{
    int grams = fact_int(patient, "weight_grams", 0);
    if (grams <= 0)
        return NULL;
    if (grams % 1000 == 0)
        return arena_format(arena, "%d kg", grams / 1000);
    char text[32];
    int length = snprintf(text, sizeof text, "%d.%03d", grams / 1000, grams % 1000);
    while (text[length - 1] == '0')
        text[--length] = '\0';
    return arena_format(arena, "%s kg", text);
}

void draft_patient(struct draft *draft)
{
    struct arena *arena = draft->arena;
    const json_t *patient = fact(draft->facts, "patient");
    int years = fact_int(patient, "age_years", -1);
    const char *age = years >= 0 ? words_count(arena, say(draft, LABEL_YEARS), years) : NULL;
    const char *gender = say_value(draft, "Gender", fact_text(patient, "gender"));
    struct fields fields = {.n = 0};
    fields_add(&fields, say(draft, LABEL_PATIENT), fact_text(patient, "name"), NULL, 2);
    fields.all[0].is_strong = true;
    fields_add(&fields, say(draft, LABEL_PATIENT_NUMBER), fact_text(patient, "patient_number"),
               NULL, 1);
    fields_add(&fields, say(draft, LABEL_AGE_GENDER), WORDS_JOIN(arena, " / ", age, gender), NULL,
               1);
    fields_add(&fields, say(draft, LABEL_BIRTH),
               words_day(arena, fact_text(patient, "date_of_birth"), draft->language), NULL, 1);
    fields_add(&fields, say(draft, LABEL_WEIGHT), weight_of(arena, patient), NULL, 1);
    fields_add(&fields, say(draft, LABEL_PHONE), fact_text(patient, "phone_number"), NULL, 1);
    fields_add(&fields, say(draft, LABEL_ADDRESS), address_of(arena, patient), NULL, 4);
    draft_fields(draft, BLOCK_FIELDS, NULL, &fields);
    draft->out->patient =
        WORDS_JOIN(arena, " · ", fact_text(patient, "name"), fact_text(patient, "patient_number"));
}

void draft_allergies(struct draft *draft)
{
    const json_t *allergies = fact(draft->facts, "allergies");
    size_t n = json_array_size(allergies), i;
    struct field *fields = arena_array(draft->arena, struct field, n + 1);
    json_t *allergy;
    json_array_foreach(allergies, i, allergy)
    {
        const char *severity = say_value(draft, "AllergySeverity", fact_text(allergy, "severity"));
        fields[i].value = fact_text(allergy, "substance");
        fields[i].note = WORDS_JOIN(draft->arena, ", ", severity, fact_text(allergy, "reaction"));
    }
    struct block *block = draft_block(draft, BLOCK_ALERT, say(draft, LABEL_ALLERGIES));
    block->fields = fields;
    block->fields_n = n;
    block->empty = say(draft, LABEL_NO_ALLERGIES);
}

static void draft_issuer(struct draft *draft)
{
    struct arena *arena = draft->arena;
    const json_t *clinic = fact(draft->facts, "clinic");
    const char *registration = fact_text(clinic, "registration_number");
    draft->out->issuer = (struct issuer){
        .name = fact_text(clinic, "name"),
        .address = address_of(arena, clinic),
        .contact = WORDS_JOIN(arena, "  ·  ", fact_text(clinic, "phone_number"),
                              fact_text(clinic, "email"), fact_text(clinic, "website")),
        .registration = registration ? arena_format(arena, "%s %s", say(draft, LABEL_REGISTRATION),
                                                    registration)
                                     : NULL,
    };
    draft->out->footer = fact_text(clinic, "footer");
    const json_t *pharmacy = fact(draft->facts, "pharmacy");
    const char *shop =
        WORDS_JOIN(arena, ", ", fact_text(pharmacy, "name"), fact_text(pharmacy, "address"),
                   fact_text(pharmacy, "phone_number"));
    if (shop)
        draft->out->pharmacy = arena_format(arena, "%s: %s", say(draft, LABEL_PHARMACY), shop);
}

/* With the title, which some write as part of their name. */
static const char *titled(const struct draft *draft, const char *name)
{
    bool has_title = strncasecmp(name, "dr.", 3) == 0 || strncasecmp(name, "dr ", 3) == 0 ||
                     strncmp(name, "डॉ", strlen("डॉ")) == 0;
    return has_title ? name : arena_format(draft->arena, "%s %s", say(draft, LABEL_DOCTOR), name);
}

static void draft_doctor(struct draft *draft)
{
    struct arena *arena = draft->arena;
    const json_t *doctor = fact(draft->facts, "doctor");
    const char *licence = fact_text(doctor, "license_number");
    draft->out->doctor = (struct signatory){
        .name = titled(draft, fact_text(doctor, "name")),
        .profession = WORDS_JOIN(arena, ", ", fact_text(doctor, "qualification"),
                                 fact_text(doctor, "specialization")),
        .licence =
            licence ? arena_format(arena, "%s %s", say(draft, LABEL_LICENCE), licence) : NULL,
        .caption = say(draft, LABEL_SIGNATURE),
    };
}

/* U+FDD0 to U+FDEF, and the last two of every plane. */
static bool is_noncharacter(int32_t code)
{
    return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
}

static bool is_turn(int32_t code)
{
    return (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

json_t *describe_read(struct arena *arena, const char *text)
{
    struct buf out;
    buf_begin(&out, arena, strlen(text) + 1);
    for (const utf8proc_uint8_t *p = (const utf8proc_uint8_t *)text; *p;) {
        utf8proc_int32_t code = 0;
        utf8proc_ssize_t n = utf8proc_iterate(p, -1, &code);
        if (n < 1 || is_noncharacter(code))
            buf_text(&out, "\xef\xbf\xbd");
        else if (!is_turn(code))
            buf_add(&out, (const char *)p, (size_t)n);
        p += n < 1 ? 1 : n;
    }
    return arena_json(arena, json_loadb(out.text, out.length, 0, NULL));
}

struct description *describe(struct arena *arena, enum paper_kind kind, const json_t *printed,
                             const struct paper_setting *setting)
{
    struct draft *draft = arena_new(arena, struct draft);
    struct description *out = arena_new(arena, struct description);
    *draft = (struct draft){.arena = arena,
                            .setting = setting,
                            .language = setting->language,
                            .printed = printed,
                            .facts = fact(printed, "facts"),
                            .out = out};
    out->kind = kind;
    out->language = setting->language;
    out->number = fact_text(draft->facts, "number");
    out->changed_at = fact_text(printed, "changed_at");
    out->blocks = draft->blocks;
    out->logo = setting->logo;
    out->logo_length = setting->logo_length;
    if (setting->check_url) {
        out->check_url = setting->check_url;
        out->check_label = say(draft, LABEL_CHECK);
    }
    draft_issuer(draft);
    draft_doctor(draft);
    if (kind == PAPER_PRESCRIPTION)
        draft_prescription(draft);
    else
        draft_summary(draft);
    return out;
}
