/* The last touch on every answer, success or problem: common headers, CORS, 304, gzip. */
#ifndef API_HTTP_FINISH_H
#define API_HTTP_FINISH_H

#include "api/http/incoming.h"
#include "api/http/request.h"

void finish(struct request *request);

/* Does If-None-Match of this GET name the reply's etag? Then finish() makes it a 304. */
bool finish_is_known(const struct request *request);

/* Answers a CORS preflight or a plain OPTIONS: 204 with Allow. */
void finish_options(struct request *request, const char *allow);

#endif
