/* Bad requests by the thousand, made from the document: a request as its examples show it, and then
 * something wrong with it: a member, the query, a header, the path, the token, the bytes.
 *
 * The same seed makes the same requests.
 */
#ifndef TESTS_HARNESS_MUTANT_H
#define TESTS_HARNESS_MUTANT_H

#include "tests/harness/http.h"
#include "tests/harness/records.h"

#include "db/buf.h"

#include <stdint.h>

/* What a mutant may pretend to be. */
struct mutant_tokens {
    const char *of_clinic; /* somebody of `slug` who may do everything */
    const char *of_platform;
    const char *slug;
    const char *victim;      /* another clinic, which may be closed by a request that was good */
    const struct seed *home; /* whose records are named */
    const json_t *records;   /* records_read() */
};

struct mutant {
    uint64_t state; /* of the generator; begin with the seed */
    const struct document *document;
    const struct mutant_tokens *tokens;
};

/* The next request: its bytes into `out`, and what it is into `call` (method and path are what the
 * judge needs); everything in out's arena. */
void mutant_next(struct mutant *mutant, struct buf *out, struct call *call);

#endif
