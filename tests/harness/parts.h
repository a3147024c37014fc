/* Bodies with a file, for tests that know operations by the document only. */
#ifndef TESTS_HARNESS_PARTS_H
#define TESTS_HARNESS_PARTS_H

#include "tests/harness/http.h"

/* Nothing, unless the operation takes a file: then the call's body, a JSON object, becomes parts,
 * and a small real file comes with it: a picture where a logo is wanted, else a PDF. */
void parts_of(struct arena *arena, const struct operation *operation, struct call *call);

/* What an operation that takes a file takes beside it: the required members as the document shows
 * them; a new reference. */
json_t *parts_example(const struct document *document, json_t *schema);

#endif
