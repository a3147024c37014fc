/* A file that is there whole or not at all, for its owner's eyes only: 0600, written beside its
 * place and renamed. It is the caller's file, though the program becomes the service's user in
 * between: a process of the caller's own waits until the end, and writes it then.
 */
#ifndef API_APP_REPORT_FILE_H
#define API_APP_REPORT_FILE_H

#include "db/error.h"

#include <stddef.h>
#include <sys/types.h>

struct report_file {
    const char *path; /* NULL: none is open */
    pid_t writer;
    int to; /* the writer's socket */
};

/* Before the first thread, and before the home is entered. ERR_INPUT: no file can be there. */
enum err report_file_open(const char *path, struct fault *fault, struct report_file *out) FAILS;

/* Writes all and ends it. A file that was there before is replaced. */
enum err report_file_write(struct report_file *file, const char *text, size_t length,
                           struct fault *fault) FAILS;

/* Nothing is written. Harmless after report_file_write(). */
void report_file_drop(struct report_file *file);

#endif
