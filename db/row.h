/* What a query gave back: typed reads for C, JSON text for the client.
 *
 * Rows live in the arena of the transaction's fault owner (the request) and need no free. Columns
 * are found by name. Rendering goes from PGresult straight to text, by column name and type:
 * bool and integers bare, numeric bare, json as it is, timestamptz as RFC 3339 with milliseconds
 * and Z, everything else a string; `_` columns left out. Columns `account.id`, `account.email`, one
 * after the other, are members of one object `account`, and can be hidden one by one.
 */
#ifndef DB_ROW_H
#define DB_ROW_H

#include "db/buf.h"
#include "db/query.h"

#include <stdbool.h>

struct rows {
    struct pg_result *result; /* libpq's; NULL: no rows */
    const struct query *query;
    struct arena *arena;
    int count;
    bool is_kept; /* db/kept.h: may lack a column that is new since */
};

/* NULL when NULL or when there is no such row. An unknown column aborts: it is a bug (but in
 * a kept row). */
const char *rows_text(const struct rows *rows, int row, const char *column);
int64_t rows_int(const struct rows *rows, int row, const char *column, int64_t absent);
bool rows_bool(const struct rows *rows, int row, const char *column, bool absent);
bool rows_has(const struct rows *rows, const char *column);

/* How rows are shown to one principal; from the document's x-hide and x-mask. */
struct view {
    const char *const *hidden; /* NULL-terminated member names, or NULL */
    const char *const *masked; /* members shown as their last four characters */
    int64_t clinic_id;         /* whose key opens `:sealed` columns */
};

/* Appends one object, or a comma list of objects for rows [from, to). */
void rows_render(struct buf *out, const struct rows *rows, int row, const struct view *view);
void rows_render_list(struct buf *out, const struct rows *rows, int from, int to,
                      const struct view *view);

#endif
