/* Runs another program and waits for it, bounded in time: initdb, pg_ctl, useradd; or works beside
 * it meanwhile: pg_dump.
 *
 * Never through a shell, with an environment of its own (a PGDATA of the caller must not steer our
 * cluster), no signals blocked, and in a process group of its own, so that a Ctrl-C meant for us
 * does not kill it half-way.
 */
#ifndef DB_PROGRAM_H
#define DB_PROGRAM_H

#include "db/error.h"

#include <sys/types.h>

struct stop;

/* argv[0] is a path or found in the system's folders. Exit code 0 is success; else ERR_INTERNAL, or
 * ERR_TIMEOUT after killing it, and the fault's detail ends with the last lines it printed. */
enum err child_run(const char *const argv[], int timeout_ms, struct fault *fault) FAILS;

/* One that is under way. Every child_begin() needs its child_end(). */
struct child {
    pid_t pid;
    int output;
    const char *name;
};

/* `environment` is added to the program's own, NULL-terminated, or NULL. It dies with us. */
enum err child_begin(const char *const argv[], const char *const environment[], struct fault *fault,
                     struct child *out) FAILS;

/* Waits, however long it takes; when somebody asks to stop it is killed: ERR_CONFLICT "stopped".
 * `words` (or NULL): the end of what it printed. */
enum err child_end(struct child *child, struct stop *stop, struct fault *fault,
                   const char **words) FAILS;

/* Kills it; then it is over, without a story. */
void child_kill(struct child *child);

#endif
