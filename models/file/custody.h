/* The custody of files: what the rows say and what the store holds, kept together. Work of the
 * service's own and of the command line, clinic by clinic, each with its row in the trail where it
 * changes one.
 *
 * An object without a row is an orphan: its upload was cut off, or its row was refused. After an
 * hour it goes. A row without its object, or with one that has changed, is marked `missing`, so
 * that nobody gets it, and told. Nothing here ever removes an object that a row names. */
#ifndef MODELS_FILE_CUSTODY_H
#define MODELS_FILE_CUSTODY_H

#include "db/store/store.h"
#include "db/tx.h"

struct scanner;

struct custody {
    struct database *database;
    struct store *store;
    struct scanner *scanner; /* NULL: files are clean when they come */
};

enum custody_problem {
    CUSTODY_MISSING,
    CUSTODY_WRONG_LENGTH,
    CUSTODY_WRONG_SUM,
    CUSTODY_UNREADABLE,
    CUSTODY_ORPHAN,
    CUSTODY_FOUND, /* no problem: what was missing is there again */
    CUSTODY_PROBLEMS
};

const char *custody_problem_name(enum custody_problem problem); /* "wrong-length" */

struct custody_count {
    uint64_t files, bytes; /* rows, and what was read of their objects */
    uint64_t problems[CUSTODY_PROBLEMS];
    uint64_t spools;           /* that were left behind */
    uint64_t removed;          /* spools and orphans */
    uint64_t marked;           /* rows */
    uint64_t spared;           /* orphans that were too many to be removed */
    uint64_t waiting, scanned; /* for the scanner; by it */
    uint64_t infected;
};

struct custody_options {
    bool reads;           /* every object whole, against its sum; else its length alone */
    bool marks;           /* rows, as missing or as there again */
    bool removes;         /* orphans and spools, an hour old */
    bool removes_many;    /* also when they are more than a clinic's rows: see custody_check() */
    int64_t least_age_us; /* 0: an hour */
    void (*told)(void *user, int64_t clinic, enum custody_problem problem, const char *id);
    void (*moved)(void *user, const struct custody_count *count); /* after each file, or NULL */
    void *user;
};

/* Compares one clinic's rows with its objects and adds to `count`. Orphans that are more than a
 * hundred and more than the rows are spared, for then rather the database is an older one than the
 * store than the other way round. */
enum err custody_check(const struct custody *custody, int64_t clinic,
                       const struct custody_options *options, struct fault *fault,
                       struct custody_count *count) FAILS;

/* Asks the scanner about each of a clinic's files that wait, once, and adds to `count`. What it
 * gives no verdict on goes on waiting; ERR_UNAVAILABLE scanner-unavailable: it gave none at all, so
 * the rest was not tried. */
enum err custody_scan(const struct custody *custody, int64_t clinic, struct fault *fault,
                      struct custody_count *count) FAILS;

/* All clinics that there are: their numbers and slugs. */
struct custody_clinic {
    int64_t id;
    const char *slug;
};
enum err custody_clinics(struct database *database, struct fault *fault,
                         struct custody_clinic **out, size_t *n) FAILS;

#endif
