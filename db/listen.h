/* News from other processes (and this one): what changed that somebody may have cached.
 *
 * A transaction that revokes a session, changes a role or a clinic calls the SQL function
 * announce(kind, key) with an opaque id; when it commits every process hears of it at once through
 * LISTEN, and at the latest a second later by polling, in case the connection was down.
 */
#ifndef DB_LISTEN_H
#define DB_LISTEN_H

#include "db/error.h"

#include <stdbool.h>

struct listener;

/* kind: "clinic" (key: clinic id), "account", "session", "platform_account", "platform_session"
 * (key: id), "queue" (key: clinic id; there are new events). kind "*": news may have been missed,
 * drop everything. kind "maintenance": the operator's order is another one; "tick": a second has
 * passed, for what is only said and not kept. Runs on the listener's thread.
 */
typedef void (*listen_news)(const char *kind, const char *key, void *user);

enum err listener_start(const char *url, listen_news news, void *user, struct fault *fault,
                        struct listener **out) FAILS;
void listener_stop(struct listener *listener);

#endif
