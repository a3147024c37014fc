/* Is everything as it must be before something is begun? Each check has an id, a level, what was
 * measured, what is wanted, and what to do. Nothing is changed. What is asked stands in
 * db/verify/doctor.sql and doctor_host.c, what the answers mean in db/verify/rules.c. */
#ifndef DB_DOCTOR_H
#define DB_DOCTOR_H

#include "db/store/store.h"
#include "db/verify.h"

enum level { LEVEL_GREEN, LEVEL_AMBER, LEVEL_RED };

struct check {
    const char *id; /* "server.fsync" */
    enum level level;
    const char *measured, *wanted, *fix;
    const char *next; /* "migrate up": the command that mends it, or tells more; or NULL */
};

struct checkup {
    struct check *checks;
    size_t n, room;
    struct verification facts; /* which database; its findings are unused */
};

struct doctor_options {
    const char *purpose;     /* "migrate" "serve" "import" "restore" "scale", NULL: in general */
    const char *app_url;     /* the service's */
    const char *migrate_url; /* NULL: not known */
    const char *data_dir;    /* where backups and files go */
    const char *keys;        /* the key file */
    const struct store_options *store;
    const char *document;          /* what is wrong between document and routes; "": nothing */
    int connections;               /* that the service takes */
    bool is_embedded;              /* the server is ours, in the data directory */
    const struct migration *files; /* whose prechecks are asked; NULL: those of this program */
};

bool doctor_knows(const char *purpose);

/* Appends one; texts are borrowed. */
void checkup_add(struct checkup *all, struct arena *arena, const struct check *check);

/* Everything that can be asked; a database that cannot be reached is a red check. */
enum err doctor_run(const struct doctor_options *options, struct fault *fault,
                    struct checkup *out) FAILS;

#endif
