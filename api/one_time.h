/* One-time passwords: made for somebody else, shown once, kept as a hash only. */
#ifndef API_ONE_TIME_H
#define API_ONE_TIME_H

#include "api/http/request.h"

struct one_time {
    const char *password;
    const char *hash; /* lives as long as the request */
};

/* Makes one and hashes it off the request's thread: before the first query of a transaction. An
 * answer that is given again gives the same one again. */
enum err one_time_make(struct request *request, struct one_time *out) FAILS;

/* The password as a JSON string, for an answer. */
const char *one_time_json(struct request *request, const struct one_time *made);

/* {"username": …, "one_time_password": …}, for an answer. */
const char *one_time_login_json(struct request *request, const char *username,
                                const struct one_time *made);

#endif
