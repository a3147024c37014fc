#include "models/prescription/vitals.h"

#include "db/arena.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* What a number with this unit can be; the database and the document say the same. In `mapped`, the
 * texts of a unit, the first one as the API says it. */
struct unit {
    const char *mapped[6];
    double least, most;
};

struct sign {
    const char *text, *number,
        *unit; /* members; unit NULL: it has one only, which may be left out */
    bool is_whole;
    struct unit units[2]; /* the second has a most of 0: there is none */
};

static const struct sign signs[] = {
    {"pulse_text", "pulse", NULL, true, {{{"bpm", "/min", "beats/min"}, 20, 300}}},
    {"spo2_text", "spo2", NULL, true, {{{"%"}, 30, 100}}},
    {"temperature_text",
     "temperature",
     "temperature_unit",
     false,
     {{{"celsius", "°C", "C", "° C", "ºC"}, 25, 45},
      {{"fahrenheit", "°F", "F", "° F", "ºF"}, 77, 113}}},
    {"sugar_text",
     "sugar",
     "sugar_unit",
     false,
     {{{"mg_dl", "mg/dl", "mg", "mg%"}, 10, 1500}, {{"mmol_l", "mmol/l", "mmol"}, 0.5, 83}}},
};

struct reader {
    struct fault *fault;
    const char *pointer;
    json_t *vitals;
};

static void refuse(const struct reader *reader, const char *member, const char *code,
                   const char *detail)
{
    const char *at = arena_format(reader->fault->arena, "%s/%s", reader->pointer, member);
    fault_add(reader->fault, at, code, "%s", detail);
}

static const char *text_of(const struct reader *reader, const char *member)
{
    return json_string_value(json_object_get(reader->vitals, member));
}

static const char *blanks_skip(const char *p)
{
    return p + strspn(p, " \t");
}

/* Digits, and a fraction of one digit or two behind a point. strtod() would know "inf" and "0x10".
 */
static const char *number_read(const char *p, bool is_whole, double *out)
{
    size_t digits = strspn(p, "0123456789");
    size_t length = digits;
    if (!is_whole && digits > 0 && p[digits] == '.') {
        size_t fraction = strspn(p + digits + 1, "0123456789");
        if (fraction == 0 || fraction > 2)
            return NULL;
        length += 1 + fraction;
    }
    if (digits == 0 || digits > 4)
        return NULL;
    char copy[16] = "";
    memcpy(copy, p, length);
    *out = strtod(copy, NULL);
    return p + length;
}

static bool unit_is(const struct unit *unit, const char *text)
{
    size_t n = sizeof unit->mapped / sizeof unit->mapped[0];
    for (size_t i = 0; i < n && unit->mapped[i]; i++)
        if (strcasecmp(unit->mapped[i], text) == 0)
            return true;
    return false;
}

static bool unit_holds(const struct unit *unit, double value)
{
    return value >= unit->least && value <= unit->most;
}

/* The unit that a text names, or the only one in which the number is possible; NULL with the
 * reason: there is none, or there are two. */
static const struct unit *unit_find(const struct sign *sign, const char *named, double value,
                                    const char **why)
{
    const struct unit *found = NULL;
    for (size_t i = 0; i < 2 && sign->units[i].most > 0; i++) {
        const struct unit *unit = &sign->units[i];
        if (*named ? !unit_is(unit, named) : !unit_holds(unit, value))
            continue;
        if (found) {
            *why = "could be of either unit: say which";
            return NULL;
        }
        found = unit;
    }
    *why = *named ? "has a unit that is not known" : "is not possible";
    return found;
}

/* Of a number that is not negative. */
static double tenths(double value)
{
    return (double)(long)(value * 10 + 0.5);
}

static bool is_other(const json_t *given, const json_t *read)
{
    if (!given || json_is_null(given))
        return false;
    if (json_is_string(read))
        return !json_equal(given, read);
    return fabs(json_number_value(given) - json_number_value(read)) > 0.001;
}

/* Takes over what a text says; a number beside it that says something else is a fault. */
static void take_over(const struct reader *reader, const char *member, json_t *read)
{
    if (is_other(json_object_get(reader->vitals, member), read))
        refuse(reader, member, "mismatch", "says something else than the text");
    json_object_set_new(reader->vitals, member, read);
}

static void sign_read_text(const struct reader *reader, const struct sign *sign, const char *text)
{
    double value;
    const char *why;
    const char *rest = number_read(blanks_skip(text), sign->is_whole, &value);
    if (!rest) {
        refuse(reader, sign->text, "format", "is not a number, with its unit");
        return;
    }
    const struct unit *unit = unit_find(sign, blanks_skip(rest), value, &why);
    if (unit && !unit_holds(unit, value)) {
        why = "is not possible";
        unit = NULL;
    }
    if (!unit) {
        refuse(reader, sign->text, "impossible", why);
        return;
    }
    take_over(reader, sign->number,
              sign->is_whole ? json_integer((json_int_t)value) : json_real(tenths(value) / 10));
    if (sign->unit)
        take_over(reader, sign->unit, json_string(unit->mapped[0]));
}

/* A number as it was given: the document checked its limits, but not against its unit. */
static void sign_check(const struct reader *reader, const struct sign *sign)
{
    const json_t *number = json_object_get(reader->vitals, sign->number);
    const char *named = sign->unit ? text_of(reader, sign->unit) : NULL;
    if (!sign->unit || (!json_is_number(number) && !named))
        return;
    if (!json_is_number(number) || !named) {
        refuse(reader, named ? sign->number : sign->unit, "required", "is needed with the other");
        return;
    }
    double value = json_number_value(number);
    const struct unit *unit =
        strcmp(named, sign->units[0].mapped[0]) == 0 ? &sign->units[0] : &sign->units[1];
    if (!unit_holds(unit, value))
        refuse(reader, sign->number, "impossible", "is not possible in this unit");
    else if (fabs(value * 10 - tenths(value)) > 0.001)
        refuse(reader, sign->number, "format", "has more than one digit behind the point");
}

static void pressure_read_text(const struct reader *reader, const char *text)
{
    double systolic, diastolic;
    const char *p = number_read(blanks_skip(text), true, &systolic);
    p = p ? blanks_skip(p) : "";
    p = *p == '/' ? number_read(blanks_skip(p + 1), true, &diastolic) : NULL;
    p = p ? blanks_skip(p) : NULL;
    if (!p || (*p && strcasecmp(p, "mmHg") != 0)) {
        refuse(reader, "bp_text", "format", "is not like 120/80");
        return;
    }
    if (systolic < 40 || systolic > 300 || diastolic < 20 || diastolic > 200 ||
        systolic <= diastolic) {
        refuse(reader, "bp_text", "impossible", "is not possible");
        return;
    }
    take_over(reader, "bp_systolic", json_integer((json_int_t)systolic));
    take_over(reader, "bp_diastolic", json_integer((json_int_t)diastolic));
}

static void pressure_check(const struct reader *reader)
{
    const json_t *systolic = json_object_get(reader->vitals, "bp_systolic");
    const json_t *diastolic = json_object_get(reader->vitals, "bp_diastolic");
    bool has_systolic = json_is_integer(systolic), has_diastolic = json_is_integer(diastolic);
    if (has_systolic != has_diastolic)
        refuse(reader, has_systolic ? "bp_diastolic" : "bp_systolic", "required",
               "is needed with the other");
    else if (has_systolic && json_integer_value(systolic) <= json_integer_value(diastolic))
        refuse(reader, "bp_systolic", "impossible", "is not above the diastolic");
}

void vitals_read(struct fault *fault, const char *pointer, json_t *vitals)
{
    const struct reader reader = {fault, pointer, vitals};
    const char *pressure = text_of(&reader, "bp_text");
    if (pressure)
        pressure_read_text(&reader, pressure);
    else
        pressure_check(&reader);
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++) {
        const char *text = text_of(&reader, signs[i].text);
        if (text)
            sign_read_text(&reader, &signs[i], text);
        else
            sign_check(&reader, &signs[i]);
    }
}
