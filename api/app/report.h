/* Reports of imports: their canonical text, whose hash ops.run keeps. */
#ifndef API_APP_REPORT_H
#define API_APP_REPORT_H

#include "api/app/commands.h"

#include <jansson.h>

/* One line, members in order of their names, no blanks; in the arena. */
const char *report_canonical(struct arena *arena, const json_t *report);

#endif
