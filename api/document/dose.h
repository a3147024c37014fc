/* When a medicine is taken, so that nobody can read it wrongly: four slots (morning, afternoon,
 * evening, night), or words where slots would say nothing. It never says 0-0-0. */
#ifndef API_DOCUMENT_DOSE_H
#define API_DOCUMENT_DOSE_H

#include "api/http/language.h"
#include "db/arena.h"

#include <jansson.h>

struct dose {
    const char *text; /* "1-0-0-1", or "If needed", or "3 times a day" */
    const char *more; /* "Morning and night"; NULL: the text is in words already */
};

/* `schedule` is one of the document's DoseSchedule, or NULL. */
struct dose dose_of(struct arena *arena, const json_t *document, const char *schedule,
                    int times_a_day, enum language language);

/* "Twice a day". */
const char *dose_times(struct arena *arena, int times_a_day, enum language language);

#endif
