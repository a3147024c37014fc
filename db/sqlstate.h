/* What a failed statement means: SQLSTATE and constraint name to an error and an API code. One
 * table; a code that is in no row is our bug (500), whatever PostgreSQL said. */
#ifndef DB_SQLSTATE_H
#define DB_SQLSTATE_H

#include "db/error.h"

/* Tells the story of a failed statement. `message` goes to the log only. A constraint named
 * <table>__<code> gives its code to the client for 23505, 23514, 23503, 23P01. */
enum err sqlstate_fail(struct fault *fault, const char *sqlstate, const char *constraint,
                       const char *message);

/* For the tests: the table, ended by NULL. */
struct sqlstate_rule {
    const char *sqlstate; /* five characters, or the two of a class */
    enum err err;
    const char *code;
    long retry_after_s;
};
extern const struct sqlstate_rule sqlstate_rules[];

#endif
