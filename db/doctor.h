/* Is everything as it must be before something is begun? Each check has an id, a level, what was
 * measured, what is wanted, and what to do. Nothing is changed. */
#ifndef DB_DOCTOR_H
#define DB_DOCTOR_H

#include "db/verify.h"

enum level { LEVEL_GREEN, LEVEL_AMBER, LEVEL_RED };

struct check {
    const char *id; /* "server.fsync" */
    enum level level;
    const char *measured, *wanted, *fix;
};

struct checkup {
    struct check *checks;
    size_t n, room;
    struct verification facts; /* which database; its findings are unused */
    int64_t bytes_needed;      /* a backup and the largest table twice */
    int server_line;           /* 15 */
};

struct doctor_options {
    const char *purpose;           /* "migrate" "serve" "import" "restore", or NULL: in general */
    const char *app_url;           /* the service's */
    const char *migrate_url;       /* NULL: not known */
    const char *data_dir;          /* where backups and files go */
    int connections;               /* that the service takes */
    const struct migration *files; /* whose prechecks are asked; NULL: those of this program */
};

/* Appends one; texts are borrowed. */
void checkup_add(struct checkup *all, struct arena *arena, const struct check *check);

/* Everything that can be asked; a database that cannot be reached is a red check. */
enum err doctor_run(const struct doctor_options *options, struct fault *fault,
                    struct checkup *out) FAILS;

#endif
