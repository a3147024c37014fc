/* The embedded server: a private PostgreSQL 15 cluster that clinicd makes and runs when no
 * CLINICD_DATABASE_URL is set. Unix socket only, peer authentication with an ident map, durable
 * settings, data checksums; never the distribution's own cluster.
 *
 * The caller has already become the unprivileged user. A live postmaster of ours that outlived a
 * kill -9 of clinicd is adopted.
 */
#ifndef DB_EMBEDDED_H
#define DB_EMBEDDED_H

#include "db/arena.h"

struct embedded;

/* data_dir/postgres is the cluster. Starts or adopts it, creates database and roles, and gives
 * connection strings that live as long as the handle. */
enum err embedded_start(const char *data_dir, struct fault *fault, struct embedded **out) FAILS;
const char *embedded_url(const struct embedded *embedded, const char *role); /* app migrator backup */
void embedded_stop(struct embedded *embedded); /* pg_ctl stop -m fast; NULL is fine */

#endif
