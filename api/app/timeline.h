/* The timeline of the legacy guide as a table: of `migrate plan` and `migrate report`. */
#ifndef API_APP_TIMELINE_H
#define API_APP_TIMELINE_H

#include "db/buf.h"
#include "db/migrate.h"

void timeline_text(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS]);
void timeline_markdown(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS]);
void timeline_json(struct buf *out, const struct timeline_row rows[TIMELINE_ROWS]); /* an array */

#endif
