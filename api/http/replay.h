/* Idempotency-Key: what guards a request, what is kept of its answer, and the same answer again.
 *
 * A request that is one statement keeps its row, in that statement, and is answered again by its
 * own handler, whose query then gives the kept row (tx.kept, db/kept.h): one round trip, and a role
 * that changed meanwhile sees what it may see now. A secret of the handler's is kept beside the
 * row, sealed under the raw key. A request of several trips keeps the text that it answered, all of
 * it sealed when the operation is x-secret. */
#ifndef API_HTTP_REPLAY_H
#define API_HTTP_REPLAY_H

#include "api/http/request.h"

/* Reads the header into tx.idempotency. 400 when the key is longer than 255 or has anything but
 * visible characters. */
enum err replay_guard(struct request *request) FAILS;

/* The reply as it will be kept, in a manual transaction. */
void replay_keep(struct request *request, struct stored_answer *out);

/* The kept answer becomes the reply. 422 idempotency-key-reused when it belongs to another request.
 * ERR_RETRY when the twin rolled back after all. */
enum err replay_answer(struct request *request) FAILS;

#endif
