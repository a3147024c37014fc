/* Failures are values.
 *
 * A function that can fail returns `enum err` and is tagged FAILS; the story of the failure (which
 * API code, which faults in the input, what PostgreSQL said) travels beside it in a `struct fault`
 * that belongs to whoever began the work: the request, the command, the test. Nothing here logs,
 * prints or exits; the one place that renders a fault is api/http/problem.c, the one that logs it
 * api/http/dispatch.c.
 *
 * Not here: HTTP. A fault names an API code ("license-taken"); which status and title a code has
 * stands in the OpenAPI document (x-problems).
 */
#ifndef DB_ERROR_H
#define DB_ERROR_H

#include <stddef.h>

#define FAILS __attribute__((warn_unused_result))
#define CLEANUP(function) __attribute__((cleanup(function)))
#define PRINTF(text, first) __attribute__((format(printf, text, first)))

/* What the caller can do about it. Everything finer is the fault's code. */
enum err {
    ERR_NONE = 0,
    ERR_INPUT,       /* the client's fault: 4xx other than the ones below */
    ERR_NOT_FOUND,   /* no such thing for this principal */
    ERR_CONFLICT,    /* a rule or a constraint said no */
    ERR_RETRY,       /* 40001, 40P01: run the handler again */
    ERR_REPLAY,      /* this Idempotency-Key was answered before */
    ERR_TIMEOUT,     /* a deadline passed */
    ERR_UNAVAILABLE, /* no database, pool full, draining */
    ERR_INTERNAL,    /* a bug or a broken installation */
};

/* One fault in the input: a JSON pointer ("#/name") or "query:limit", "header:If-Match". */
struct flaw {
    const char *pointer;
    const char *code; /* kebab-case, as in the document */
    const char *detail;
};

enum { FLAWS_MAX = 20 }; /* of most inputs */

/* The story. All text is literal or lives in the owner's arena. */
struct fault {
    struct arena *arena; /* where the texts go; set by the owner */
    enum err err;
    const char *code;          /* API code; NULL: the default of err */
    const char *detail;        /* for the client; NULL: the title says it all */
    const char *reason;        /* for the log only: PostgreSQL's own words, errno */
    const char *extra;         /* JSON text of the extra member that the code has, or NULL */
    long retry_after_s;        /* > 0: Retry-After */
    size_t flaws_n, flaws_max; /* how many are told at most; 0: FLAWS_MAX */
    struct flaw *flaws;
};

/* Tells the story and returns err, so that `return fail(…)` reads as one thought. The first story
 * wins: what goes wrong while cleaning up does not hide the cause. `detail` may be NULL. */
enum err fail(struct fault *fault, enum err err, const char *code, const char *detail, ...)
    PRINTF(4, 5);

/* As fail(), for what only the log may know. The client gets the code's title. */
enum err fail_quietly(struct fault *fault, enum err err, const char *code, const char *reason, ...)
    PRINTF(4, 5);

/* Adds one fault of the input; past the most that are told they are dropped. pointer and detail are
 * copied. */
void fault_add(struct fault *fault, const char *pointer, const char *code, const char *detail, ...)
    PRINTF(4, 5);

/* Forgets the story, keeps the arena: before a handler is run again. */
void fault_reset(struct fault *fault);

#endif
