/* From outside, over every route that the program has: whoever signed in at one clinic finds
 * nothing of another. The routes are those of the document, so a new one is tried on the day it
 * comes. */
#ifndef API_APP_CROSSING_H
#define API_APP_CROSSING_H

#include "db/buf.h"

struct crossing {
    const char *url;
    const char *token, *slug; /* of one clinic, and the other's name */
    const char *other_token;  /* of the other: what it may read there must be answered */
    int tried, answered;      /* routes that were not found, and that were */
};

/* "verification-failed": `out` has a line for each that was answered otherwise than 404, or, with
 * the clinic's own token, not at all. */
enum err crossing_check(struct crossing *crossing, struct fault *fault, struct buf *out) FAILS;

#endif
