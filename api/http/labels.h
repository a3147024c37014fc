/* What people call the values of a list: the x-labels of a schema that has an enum, one text a
 * value in each language, in the order of the values. A null in the list has none. */
#ifndef API_HTTP_LABELS_H
#define API_HTTP_LABELS_H

#include "api/http/language.h"
#include "db/buf.h"

#include <jansson.h>

/* What is wrong with the x-labels of a schema, for a sentence; NULL: nothing. */
const char *labels_fault(const json_t *schema);

/* Writes [{"value": …, "label": …}, …] of a schema whose x-labels are right. */
void labels_render(struct buf *out, const json_t *schema, enum language language);

#endif
