/* Step 3: has the operator taken the service away (`clinicd maintenance on`)? Then 503
 * `maintenance` with the operator's reason and a Retry-After. What the document marks
 * `x-maintenance` is answered all the same, and with --read-only so is every GET and HEAD. Whoever
 * sends the pass of the order that stands (`Maintenance-Pass`, db/maintain.h) is let in, too. */
#ifndef API_HTTP_AWAY_H
#define API_HTTP_AWAY_H

#include "api/http/request.h"

enum err away_step(struct request *request) FAILS;

/* For readiness and streams: ERR_UNAVAILABLE when not even reads are answered. */
enum err away_check(struct request *request) FAILS;

#endif
