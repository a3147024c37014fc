/* The one place where a fault becomes application/problem+json (RFC 9457). */
#ifndef API_HTTP_PROBLEM_H
#define API_HTTP_PROBLEM_H

#include "api/http/incoming.h"
#include "api/http/request.h"

/* Replaces whatever the reply held. The status comes from the document's x-problems. */
void problem_render(struct request *request, struct reply *reply);

#endif
