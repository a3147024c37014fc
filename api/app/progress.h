/* How far a command has come, on stderr, the same for every command: a bar that is written over
 * where somebody watches, else a line every ten seconds or five percent; `--progress` chooses.
 */
#ifndef API_APP_PROGRESS_H
#define API_APP_PROGRESS_H

#include "api/app/commands.h"

enum { PROGRESS_NAME = 48 };

/* One moment of a work. When the name changes, another work begins. */
struct progress_moment {
    const char *verb, *what; /* "import", "patient"; `what` may be NULL */
    int64_t done, total;
    int64_t rejected; /* -1: nothing can be */
    int64_t chunk;    /* rows at a time; 0: not said */
    int64_t bytes;    /* of files, so far; 0: there are none */
};

struct progress {
    enum progress_how how;
    char name[PROGRESS_NAME];
    int64_t first;             /* what an earlier run had done: no part of the rate */
    int64_t began_us, told_us; /* of this work */
    int told_percent;
    bool is_whole; /* its last line is told */
    bool is_open;  /* a bar stands on the line that the cursor is in */
};

/* As the call says; else what suits stderr, TERM, NO_COLOR and CI. */
enum progress_how progress_how(const struct call *call);

void progress_begin(const struct call *call, struct progress *out);

/* To be told at least when a work begins, and when it is done. */
void progress_tell(struct progress *progress, const struct progress_moment *moment);

/* Leaves the line of a bar that did not come to its end: before anything else is written. */
void progress_end(struct progress *progress);

/* The moment as a line without its end; `room` columns, 0: any number. */
void progress_line(const struct progress *progress, const struct progress_moment *moment,
                   int64_t now_us, int room, struct buf *out);
void progress_json(const struct progress *progress, const struct progress_moment *moment,
                   int64_t now_us, struct buf *out);

#endif
