/* The press: prints descriptions as PDF. One for the process, used by its own threads; the same
 * description gives the same bytes on any machine, in any environment, at any time. */
#ifndef API_DOCUMENT_PRESS_H
#define API_DOCUMENT_PRESS_H

#include "api/document/description.h"
#include "db/buf.h"

struct press;

/* So many may print at a time; more wait for one another. */
enum err press_start(int threads, struct fault *fault, struct press **out) FAILS;
void press_stop(struct press *press);

/* On "A4" or "A5". Writes into `out`, which is begun. */
enum err press_print(struct press *press, const struct description *description, const char *sheet,
                     struct fault *fault, struct buf *out) FAILS;

#endif
