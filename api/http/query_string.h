/* The query string against the operation's parameters: decoded once, every fault named. */
#ifndef API_HTTP_QUERY_STRING_H
#define API_HTTP_QUERY_STRING_H

#include "api/http/request.h"

enum { QUERY_VALUE_MAX = 200, CURSOR_VALUE_MAX = 1024 };

/* Fills request->query, request->filters and, for lists, request->scope.page. 400 with every fault.
 */
enum err query_string_read(struct request *request) FAILS;

#endif
