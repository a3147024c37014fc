/* What a request says, once it may: query, If-Match, body. */
#ifndef API_HTTP_READ_H
#define API_HTTP_READ_H

#include "api/http/request.h"

/* Fills in the request's query, body and the version that If-Match names; everything is judged by
 * the operation's schemas, and what needs a permission of its own by the role. */
enum err read_input(struct request *request) FAILS;

#endif
