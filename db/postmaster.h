/* The files and processes of the private PostgreSQL cluster: made, configured, found, started,
 * stopped. What is inside it (roles, the database) is embedded.c's.
 *
 * Everything the cluster needs to know of us stands in clinicd.conf, pg_hba.conf and pg_ident.conf,
 * which are written again before every start; an operator's own tuning belongs into ALTER SYSTEM,
 * which wins over them.
 *
 * The socket's folder must be short (a socket's path has 107 bytes): a folder of /run/clinicd when
 * that is ours to write (made by root before it becomes the service's user), else one of /tmp,
 * mode 0700. A running server's own word, in postmaster.pid, wins over both.
 */
#ifndef DB_POSTMASTER_H
#define DB_POSTMASTER_H

#include "db/error.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

enum { SOCKET_DIR_ROOM = 100 };

struct postmaster {
    char bin[64];       /* folder of initdb and pg_ctl */
    char dir[PATH_MAX]; /* absolute */
    char socket_dir[SOCKET_DIR_ROOM];
    pid_t pid; /* 0: none was found */
};

/* Looks only: where the cluster of data_dir (which exists) is or would be, and with which
 * PostgreSQL. ERR_INTERNAL: no PostgreSQL of its version is installed. */
enum err postmaster_find(const char *data_dir, struct fault *fault, struct postmaster *out) FAILS;

/* initdb, once: a cluster is there completely or not at all. Does nothing when it is there. */
enum err postmaster_make(const struct postmaster *postmaster, struct fault *fault) FAILS;

/* Whether a postmaster works on the cluster's files now; then pid and socket_dir are its.
 * It may still be starting or already stopping. */
bool postmaster_is_alive(struct postmaster *postmaster);

/* Configures and starts it, and waits until it takes connections. A postmaster.pid that a crash
 * left behind is dealt with. */
enum err postmaster_launch(struct postmaster *postmaster, struct fault *fault) FAILS;

/* A fast shutdown: transactions under way are rolled back. */
enum err postmaster_stop(const struct postmaster *postmaster, struct fault *fault) FAILS;

#endif
