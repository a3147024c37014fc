/* Idempotency-Key: what guards a request, what is kept of its answer, and the same answer again. */
#ifndef API_HTTP_REPLAY_H
#define API_HTTP_REPLAY_H

#include "api/http/request.h"

/* Reads the header into tx.idempotency; a keyed request runs in a manual transaction. 400 when the
 * key is longer than 255 or has anything but visible characters. */
enum err replay_guard(struct request *request) FAILS;

/* The reply as it will be kept. */
void replay_keep(struct request *request, struct stored_answer *out);

/* The kept answer becomes the reply. 422 idempotency-key-reused when it belongs to another request.
 * ERR_RETRY when the twin rolled back after all. */
enum err replay_answer(struct request *request) FAILS;

#endif
