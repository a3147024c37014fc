/* The embedded server: a private PostgreSQL 15 cluster that clinicd makes and runs when no
 * CLINICD_DATABASE_URL is set. Unix socket only, peer authentication with an ident map, durable
 * settings, data checksums; never the distribution's own cluster. Its files: db/postmaster.h.
 *
 * The caller has already become the unprivileged user. A live postmaster of ours that outlived a
 * kill -9 of clinicd is adopted.
 */
#ifndef DB_EMBEDDED_H
#define DB_EMBEDDED_H

#include "db/arena.h"

struct embedded;

/* data_dir/postgres is the cluster. Starts or adopts it, creates database and roles, and gives
 * connection strings that live as long as the handle. Who calls this is alone on data_dir. */
enum err embedded_start(const char *data_dir, struct fault *fault, struct embedded **out) FAILS;

/* As embedded_start() for a second process, while another one runs the cluster: starts and makes
 * nothing, waits at most wait_ms until the server is there. End it by embedded_leave(). */
enum err embedded_join(const char *data_dir, int wait_ms, struct fault *fault,
                       struct embedded **out) FAILS;

/* Starts the server again if it died; else costs a look at a file. */
enum err embedded_tend(struct embedded *embedded, struct fault *fault) FAILS;

/* NULL for a role that nobody signs in as. role: "app" "migrator" "backup". */
const char *embedded_url(const struct embedded *embedded, const char *role);

/* Its superuser, at the database `postgres`: to make databases (db/backup.h). */
const char *embedded_boot_url(const struct embedded *embedded);

void embedded_stop(struct embedded *embedded);  /* pg_ctl stop -m fast; NULL is fine */
void embedded_leave(struct embedded *embedded); /* drops the handle, the server runs on */

#endif
