/* The watcher: a second connection that, while a statement of the migrator waits for a lock, finds
 * out who holds it and adds up the time. It says so once for each holder: process, application, how
 * long its transaction lasts, and its query (to the operator's terminal only: what somebody typed
 * may name a patient).
 */
#ifndef DB_MIGRATE_WATCH_H
#define DB_MIGRATE_WATCH_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

enum { WATCH_TICK_MS = 100 };

struct migrator;

struct watch {
    PGconn *conn; /* made at the first look */
    bool is_broken;
    int blocker_pid;     /* the last one seen; 0: none */
    const char *blocker; /* "process 8123 (psql)", in the fault's arena */
    int64_t waited_us;   /* since watch_reset() */
    int64_t looked_us;   /* when the last look saw a wait; 0: it saw none */
};

/* One look at who blocks the migrator. Never fails: then nobody is named. */
void watch_look(struct migrator *migrator);

/* The statement has ended: what is next waits for its own reasons. */
void watch_rest(struct watch *watch);

/* Forgets blockers and time: a new file, or a new attempt. */
void watch_reset(struct watch *watch);

void watch_close(struct watch *watch);

#endif
