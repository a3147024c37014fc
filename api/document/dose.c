#include "api/document/dose.h"

#include "api/document/labels.h"
#include "api/document/words.h"

#include <string.h>

/* What has no slots here is said in words: `sos`, none, and whatever is added one day. */
static const struct {
    const char *schedule, *slots;
} patterns[] = {
    {"morning", "1-0-0-0"},         {"afternoon", "0-1-0-0"},
    {"evening", "0-0-1-0"},         {"night", "0-0-0-1"},
    {"morning_evening", "1-0-1-0"}, {"morning_night", "1-0-0-1"},
    {"afternoon_night", "0-1-0-1"}, {"morning_afternoon_night", "1-1-0-1"},
};

static const char *slots_of(const char *schedule)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        if (strcmp(patterns[i].schedule, schedule) == 0)
            return patterns[i].slots;
    return NULL;
}

const char *dose_times(struct arena *arena, int times_a_day, enum language language)
{
    if (times_a_day == 1)
        return label(LABEL_ONCE_A_DAY, language);
    if (times_a_day == 2)
        return label(LABEL_TWICE_A_DAY, language);
    return words_count(arena, label(LABEL_N_TIMES_A_DAY, language), times_a_day);
}

struct dose dose_of(struct arena *arena, const json_t *document, const char *schedule,
                    int times_a_day, enum language language)
{
    if (!schedule)
        return (struct dose){.text = dose_times(arena, times_a_day, language)};
    if (strcmp(schedule, "sos") == 0)
        return (struct dose){.text = label(LABEL_IF_NEEDED, language)};
    const char *words = label_value(document, "DoseSchedule", schedule, language);
    const char *slots = slots_of(schedule);
    return slots ? (struct dose){.text = slots, .more = words} : (struct dose){.text = words};
}
