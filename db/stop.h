/* A command that somebody asks to stop: Ctrl-C (SIGINT) or SIGTERM.
 *
 * Asked once, it ends at the next place where what was done is kept; asked twice, it cancels what
 * it is doing. The signals are blocked and read from a descriptor, so nothing happens behind
 * anybody's back. Open it before the first thread.
 */
#ifndef DB_STOP_H
#define DB_STOP_H

#include <stdbool.h>

struct stop {
    int fd;    /* readable when somebody asks; for poll() */
    int asked; /* how often, as of the last look */
};

/* False: the system has no descriptor left; then the signals end the process, as ever. */
bool stop_open(struct stop *stop);
void stop_close(struct stop *stop);

/* Looks, and says how often it was asked. NULL: never. */
int stop_asked(struct stop *stop);

/* Sleeps, but not past somebody's asking. */
void stop_sleep(struct stop *stop, int ms);

#endif
