/* A description as HTML and as JSON. Both are text in `out`, which is begun. */
#ifndef API_DOCUMENT_RENDER_H
#define API_DOCUMENT_RENDER_H

#include "api/document/description.h"
#include "db/buf.h"

/* One page that needs nothing else: its style is in it, it has no script, and everything that came
 * from people is escaped. `sheet` is "A4" or "A5", for whoever prints it. */
void paper_html(const struct description *description, const char *sheet, struct buf *out);

/* What may be done with that page: nothing but to show it. */
extern const char paper_html_policy[];

/* The description itself (the document's schema Paper). */
void paper_json(const struct description *description, struct buf *out);

#endif
