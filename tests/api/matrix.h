/* Who may do what to whose things: every operation of the document, by everybody, on everything.
 *
 * What must come out is worked out from the document alone (x-permission, x-roles, x-row; decisions
 * 11 and 12), by code of the tests' own (matrix_expect.c); what does come out is compared with
 * that. A leak is what must never be: another clinic's words in an answer, a success where a
 * refusal was due, a row of clinic B changed by somebody of clinic A, a "not found" that tells "not
 * yours" from "not there". Everything else that differs is a failure.
 */
#ifndef TESTS_API_MATRIX_H
#define TESTS_API_MATRIX_H

#include "tests/harness/records.h"
#include "tests/harness/world.h"

enum { MATRIX_WORD = 24 };

struct matrix_report {
    unsigned checks, leaks, failures, fingerprints;
};

struct matrix_options {
    const char *only; /* operationIds that contain this; NULL: all */
    const char *as;   /* principals whose name contains this; NULL: all */
    bool is_quiet;    /* say nothing: a planted defect is expected to show */
};

/* `world->document` is what is believed; the service may have been given another one. */
void matrix_run(struct world *world, const struct matrix_options *options,
                struct matrix_report *report);

/* ---- shared between matrix.c and matrix_expect.c ---- */

enum matrix_kind { WHO_NOBODY, WHO_GARBAGE, WHO_OVER, WHO_MEMBER, WHO_PLATFORM };

struct matrix_who {
    const char *name; /* "A doctor" */
    enum matrix_kind kind;
    const struct seed *home; /* of a member, or of a session that is over; NULL: none */
    const char *account;     /* for seed_token() */
    const char *role;        /* as x-roles says; NULL: none */
    bool must_change;
};

struct matrix_where {
    const char *slug;        /* NULL: the operation is in no clinic */
    const struct seed *seed; /* NULL: there is no such clinic for anybody */
};

struct matrix_what {
    int id;                   /* as seed_id() */
    size_t index;             /* where in the list of its kind (records.json) */
    const struct seed *owner; /* whose id it is; NULL: the operation names no record */
};

struct matrix_check {
    const struct operation *operation;
    const struct matrix_who *who;
    struct matrix_where where;
    struct matrix_what what;
    bool is_head;
    bool refers_elsewhere; /* the body names records of another clinic */
};

enum { EXPECTED_MAX = 4 };

/* The statuses that may come out; 0 ends. */
struct matrix_expected {
    int status[EXPECTED_MAX];
    const char *why;
};

struct matrix_expected matrix_expect(const struct document *document, const json_t *records,
                                     const struct matrix_check *check);

/* The body to send, from the document's example, made fit to succeed; NULL: none. `n` makes what
 * must be unique. What it refers to are rows of `owner`; `*refers` says whether it does. In the
 * arena. */
const char *matrix_body(struct arena *arena, const struct document *document, const json_t *records,
                        const struct operation *operation, unsigned n, const struct seed *owner,
                        bool *refers);

#endif
