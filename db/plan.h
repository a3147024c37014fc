/* The statements that one query means on its way to the database: context, lock, the statement
 * itself, its count, its audit row. For tx.c. */
#ifndef DB_PLAN_H
#define DB_PLAN_H

#include "db/pipeline.h"
#include "db/tx.h"

struct plan {
    struct step steps[STEPS_MAX + 2];
    int n, main, count, guard; /* positions; -1: not there */
    const char *reserved[RESERVED_COUNT];
};

/* Text of every reserved parameter, from the transaction's scope; in its arena. */
void plan_reserved(const struct tx *tx, const char *reserved[RESERVED_COUNT]);

void plan_add(struct plan *plan, const struct query *query, const void *args);

/* The form of a query that the page asks for: plain or audited. NULL: no such sort or form. */
const struct statement *plan_form(const struct query *query, const struct statement *forms,
                                  const struct page *page);

/* What an audit row says about a result, by the query's audit rule. */
void plan_note(const struct tx *tx, const struct query *query, const void *args, PGresult *result,
               struct audit_note *out);

/* The audit row of a read as a JSON object, for the batch. */
void plan_audit_json(const struct tx *tx, const char *const *reserved, int status,
                     const struct audit_note *note, struct buf *out);

#endif
