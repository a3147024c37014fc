/* The built program itself, as an operator's shell runs it: its arguments, its environment, what it
 * prints, how it ends. Dies when a program takes longer than a minute.
 */
#ifndef TESTS_HARNESS_PROGRAM_H
#define TESTS_HARNESS_PROGRAM_H

#include "db/arena.h"

#include <sys/types.h>

struct program {
    pid_t pid;
    int out, err; /* files without a name */
};

struct program_end {
    int exit;         /* -1: a signal ended it */
    const char *text; /* stdout */
    const char *said; /* stderr */
};

/* `line` is split at blanks; the first word is the program's path. */
void program_start(const char *line, const char *const environment[], struct program *out);
void program_wait(struct program *program, struct arena *arena, struct program_end *out);

/* Both. */
struct program_end program_run(struct arena *arena, const char *line,
                               const char *const environment[]);

#endif
