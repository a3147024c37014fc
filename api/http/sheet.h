/* A body as text/csv (RFC 4180): another spelling of a JSON object whose one member is a list of
 * flat objects. The first line names members, each further line is an element. A cell without text
 * is a member that is absent; a list stands in one cell, its values separated by semicolons. A byte
 * order mark and blank lines are passed over; commas separate cells, quotes may embrace them.
 *
 * What the cells mean is then checked against the very schema that the JSON would be; the faults
 * name the line of the file (of the element's first, if it has several) and the column.
 */
#ifndef API_HTTP_SHEET_H
#define API_HTTP_SHEET_H

#include "api/http/schema.h"

#include <stddef.h>

struct sheet {
    const char *list; /* "#/medicines/": how pointers to its elements begin */
    size_t rows_n;
    int *lines; /* where element i stands in the file; 1 is the first line */
};

enum { SHEET_FLAWS_MAX = 1000 }; /* of one file that are told */

/* Is this a schema that text/csv can spell? */
bool sheet_fits(const struct schema *schema);

/* The body, unchecked, as a new reference, and where its elements stand. NULL: "malformed-csv" when
 * it is no CSV in UTF-8; "validation-failed" when the first line does not name the columns or there
 * are more lines than the schema's list may have. Memory is the fault's arena's. */
json_t *sheet_read(const struct schema *schema, const char *bytes, size_t length,
                   struct fault *fault, const struct sheet **out);

/* A fault's JSON pointer as a place in the file: "line:5:frequency_per_day"; another pointer as it
 * is. */
const char *sheet_place(const struct sheet *sheet, const char *pointer, struct arena *arena);

#endif
