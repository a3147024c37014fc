/* A query: one SQL statement in one .sql file, made into a const table by db/embed.c.
 *
 * models/patient/find.sql becomes `q_patient_find` and, for the parameters that are its own,
 * `struct q_patient_find_args` of `const char *` members (text; NULL is SQL NULL). query_run() is
 * the one door to libpq. No C line builds SQL text.
 *
 * The file begins with its header, in comments:
 *
 *     -- What it is for, in a sentence or two.
 *     -- kind: read | write
 *     -- rows: none | one | optional | many      optional: 0 rows is "not found"
 *     -- audit: entity=patient id=id patient=id before=_before after=row    (may be absent)
 *     -- lock: patients                           (may be absent: counter row locked first)
 *     -- keyed: yes         (may be absent: the one query of a POST that takes an Idempotency-Key)
 *     -- sort: name | name_key:text asc, id:uuid asc   (lists only, a line a sort order, default
 *     -- sort: -registered_on | registered_on:date desc, id:uuid desc    first; no asc with desc)
 *     -- faults: duplicate-phone precondition-failed   (codes that its _fault column may say)
 *
 * then one statement. Parameters are named: `$name::type`. Reserved ones (enum reserved) are filled
 * by the floor from the scope of the transaction and carry their type already: `$clinic`, `$now`;
 * to convert one, `($clinic)::text`.
 * `clinic_id = $clinic` is wall 1: every statement on a tenant's table says it for every such table
 * (`p.clinic_id = $clinic`), and tests take it out by its spelling to see that wall 2 (row level
 * security) holds alone. So they do with `($patient IS NULL OR p.id = $patient)`.
 *
 * Columns that begin with `_` are for C and never rendered:
 *   _fault    not NULL: the statement did nothing, and this is the API code why
 *   _detail   json: one more member of that problem (named after the code's x-member)
 *   _flaws    json: what of the input is wrong, beside that _fault: [{pointer, code, detail}, …]
 *   _before   json: the row before a change, for the audit
 *   _etag     text, 16 hexadecimal digits: tells apart what the row shows beside its version
 *   _key_1 …  text: the sort keys of a list's row, for the cursor
 * A column `account.email` is rendered as the member `email` of an object `account`.
 * A column `name:sealed` holds a value sealed by db/keys.h and is rendered as `name`, opened.
 *
 * Lists say `{keyset}` where the position of the cursor is compared and end in `{page}`; embed.c
 * makes a first and a next form for each sort order, and a count form. A list's SELECT must give
 * _key_1 … itself, in every order the same number, by `{keys}` in its select list.
 *
 * A list of what belongs to one record has `faults: not-found`: one row that says so when the
 * record is not there.
 *
 * audit: `id=` and `patient=` name result columns; for rows: many, patient= collects into
 * patient_ids; one row that shows several patients names its uuid[] of them by `patients=`.
 * `patient=$id` takes a parameter of the query's own: whom the request named, also
 * when there are no rows. `after=row` takes the rendered row (without `_` columns), `before=` names
 * a column.
 * embed.c wraps the statement once more as
 *     WITH _result AS MATERIALIZED (statement), _audit AS (INSERT INTO audit …)
 *     SELECT * FROM _result
 * for the operations that are one trip. With `keyed: yes` there is a third form, which beside the
 * audit row also keeps its own result under the request's Idempotency-Key (db/kept.h); without that
 * line a keyed request takes two trips.
 */
#ifndef DB_QUERY_H
#define DB_QUERY_H

#include "db/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum query_kind { QUERY_READ, QUERY_WRITE };
enum query_rows { ROWS_NONE, ROWS_ONE, ROWS_OPTIONAL, ROWS_MANY };

/* Parameters that the floor fills; the spelling in SQL is the lower-case name: $clinic. */
enum reserved {
    RESERVED_CLINIC,         /* bigint   clinic of the scope; 0 is no clinic */
    RESERVED_PATIENT,        /* uuid     the patient whose token it is; NULL for staff */
    RESERVED_NOW,            /* timestamptz */
    RESERVED_ACTOR_KIND,     /* text     account platform anonymous system */
    RESERVED_ACTOR_ID,       /* uuid */
    RESERVED_ACTOR_NAME,     /* text */
    RESERVED_ACTOR_ROLE,     /* text */
    RESERVED_OPERATION,      /* text     operationId */
    RESERVED_REQUEST_ID,     /* uuid */
    RESERVED_CLIENT_ADDRESS, /* text */
    RESERVED_IF_MATCH,       /* bigint   version that If-Match named */
    RESERVED_AFTER_1,        /* text     keys of the cursor; cast them where used */
    RESERVED_AFTER_2,
    RESERVED_AFTER_3,
    RESERVED_LIMIT,         /* bigint   rows of the page plus one */
    RESERVED_AUDIT_ID,      /* uuid     the audit row's own id */
    RESERVED_AUDIT_STATUS,  /* int      status of success */
    RESERVED_KEY_PRINCIPAL, /* text    whose Idempotency-Key */
    RESERVED_KEY_HASH,
    RESERVED_KEY_DIGEST, /* text       of the request that it came with */
    RESERVED_KEY_SECRET, /* text       what the answer holds and the row does not, sealed */
    RESERVED_COUNT
};

enum { PARAM_OWN = 64, PARAMS_MAX = 64, QUERY_KEYS_MAX = 3 };

/* One prepared form. params[i] is a reserved number, or PARAM_OWN + index into the args struct. */
struct statement {
    const char *name; /* unique; the name it is PREPAREd under */
    const char *sql;
    const uint8_t *params;
    uint8_t params_n;
};

struct query_audit {
    const char *entity; /* NULL: no audit rule */
    const char *id;     /* result column or NULL */
    const char *patient;
    const char *patients; /* a uuid[] column of the one row */
    const char *before;
    bool after_row;
};

struct query {
    const char *name;   /* "patient_find" */
    const char *source; /* "models/patient/find.sql" */
    enum query_kind kind;
    enum query_rows rows;
    const char *lock; /* counter kind, or NULL */
    struct query_audit audit;
    uint8_t args_n; /* members of q_…_args */
    const char *const *arg_names;
    uint8_t sorts_n;                 /* 0: not a list */
    uint8_t keys_n;                  /* lists: number of _key_ columns */
    const char *const *sorts;        /* "name", "-registered_on"; the first is the default */
    const struct statement *plain;   /* [1], or lists: [sort * 2 + is_next] */
    const struct statement *audited; /* same shape, or NULL */
    const struct statement *keyed;   /* [1], or NULL */
    const struct statement *count;   /* lists: SELECT count(*) … AS total; else NULL */
    const char *const *faults;       /* NULL-terminated, or NULL */
};

/* Every query of the program, NULL-terminated; made by embed.c. */
extern const struct query *const queries[];

#endif
