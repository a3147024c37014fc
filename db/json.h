/* What is asked of JSON everywhere: its text, and one member's. */
#ifndef DB_JSON_H
#define DB_JSON_H

#include "db/arena.h"

#include <jansson.h>

/* Compact text, in the arena; NULL stays NULL. Numbers have at most fifteen digits, which give back
 * the decimal that was sent: 98.6, not 98.599999999999994. */
const char *json_text(struct arena *arena, const json_t *json);

/* The member's text, borrowed; NULL: it is absent, null or no text. */
const char *json_member(const json_t *object, const char *member);

#endif
