/* The row that a keyed request left behind, as rows again.
 *
 * A POST with an Idempotency-Key that is one statement keeps its own result (query.h, `keyed:`), in
 * the statement, as the JSON object that row_to_json() makes of it: names and values of all
 * columns, in order, `_` columns too. What the client saw was made of that row by C, and so it is
 * made again: kept_rows() gives the row to the same handler, which renders it by the same code, for
 * the role that asks now.
 *
 * The bytes are the same because the text of a value is: json keeps digits and objects as they were
 * spelled, and a column's type only matters to row.c where JSON still tells it (bool, number, json,
 * text). The one that it does not tell is the instant; as everywhere in the API its name ends in
 * `_at`, and no other's does. tests/db/queries_test.c holds every keyed query to that, and to types
 * that JSON spells as text does: no arrays, no composites.
 *
 * The row says its own columns and nothing is looked up in today's query. So an answer outlives a
 * deploy: a column that was added since is not in it (it is answered as it was), one that was taken
 * away still is. A handler that reads a column which is new gets NULL for it from a kept row, where
 * elsewhere an unknown column aborts.
 *
 * Sealed columns are kept sealed. A secret that C made (a one-time password) is no column; it is
 * kept beside the row, sealed under the raw key (api/http/replay.h).
 */
#ifndef DB_KEPT_H
#define DB_KEPT_H

#include "db/row.h"

/* `members` is a JSON array of [name, JSON type, text or null], as idempotency_find gives it. False
 * when it is not that. The rows live in the arena and have no query yet. */
bool kept_rows(struct arena *arena, const char *members, struct rows *out);

#endif
