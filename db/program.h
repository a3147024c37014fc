/* Runs another program and waits for it, bounded in time: initdb, pg_ctl, useradd.
 *
 * Never through a shell, with an environment of its own (a PGDATA of the caller must not steer our
 * cluster), no signals blocked, and in a process group of its own, so that a Ctrl-C meant for us
 * does not kill it half-way.
 */
#ifndef DB_PROGRAM_H
#define DB_PROGRAM_H

#include "db/error.h"

/* argv[0] is a path or found in the system's folders. Exit code 0 is success; else ERR_INTERNAL, or
 * ERR_TIMEOUT after killing it, and the fault's detail ends with the last lines it printed. */
enum err program_run(const char *const argv[], int timeout_ms, struct fault *fault) FAILS;

#endif
