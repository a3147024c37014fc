#include "models/lab/lab.h"

#include <string.h>

static bool is_said(const json_t *value, const char *member)
{
    const json_t *said = json_object_get(value, member);
    return said && !json_is_null(said);
}

static double number(const json_t *value, const char *member)
{
    return json_number_value(json_object_get(value, member));
}

static void add(struct fault *fault, size_t i, const char *member, const char *code,
                const char *detail)
{
    char pointer[64];
    snprintf(pointer, sizeof pointer, "#/result_values/%zu/%s", i, member);
    fault_add(fault, pointer, code, "%s", detail);
}

/* What the reference range says of the number; NULL: nothing. */
static const char *range_says(const json_t *value)
{
    bool has_low = is_said(value, "reference_low"), has_high = is_said(value, "reference_high");
    if (!is_said(value, "value") || (!has_low && !has_high))
        return NULL;
    if (has_low && number(value, "value") < number(value, "reference_low"))
        return "low";
    if (has_high && number(value, "value") > number(value, "reference_high"))
        return "high";
    return has_low && has_high ? "normal" : NULL; /* half a range does not make it normal */
}

/* Only the plain three are the range's business: a value within it may be critical for this
 * patient, one outside may be called abnormal, but none is called low that is high. */
static bool contradicts(const char *said, const char *range)
{
    static const char *const plain[] = {"low", "normal", "high"};
    bool is_plain = false;
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++)
        is_plain |= strcmp(said, plain[i]) == 0;
    return is_plain && strcmp(said, range) != 0;
}

static void judge_one(struct fault *fault, size_t i, json_t *value)
{
    if (!is_said(value, "value") && !is_said(value, "value_text"))
        add(fault, i, "value", "required", "is missing, and so is value_text");
    if (is_said(value, "unit") && !is_said(value, "value"))
        add(fault, i, "unit", "needless", "is of a number, and there is none");
    if (is_said(value, "reference_low") && is_said(value, "reference_high") &&
        number(value, "reference_low") > number(value, "reference_high"))
        add(fault, i, "reference_high", "too-small", "is below reference_low");
    const char *range = range_says(value);
    const char *said = json_string_value(json_object_get(value, "interpretation"));
    if (range && said && contradicts(said, range))
        add(fault, i, "interpretation", "contradicts", "contradicts the reference range");
    if (range && !said)
        json_object_set_new(value, "interpretation", json_string(range));
}

void lab_judge(struct fault *fault, json_t *values)
{
    static const char *const members[] = {"value",         "value_text",     "unit",
                                          "reference_low", "reference_high", "reference_text",
                                          "interpretation"};
    size_t i;
    json_t *value;
    json_array_foreach(values, i, value)
    {
        judge_one(fault, i, value);
        for (size_t m = 0; m < sizeof members / sizeof members[0]; m++)
            if (!json_object_get(value, members[m]))
                json_object_set_new(value, members[m], json_null());
    }
}
