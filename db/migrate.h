/* The migration runner: applies, reverts, shows and verifies the files of db/migrations, which are
 * embedded and split into single statements at build time (operations.md A3).
 *
 * It works on a connection of its own, as the migrator (BYPASSRLS), under a session advisory lock
 * that is polled. A file with a transaction is one: up, verify, history row, COMMIT. A file without
 * one keeps count of its statements (ops.migration_step) and goes on where it stopped. History is
 * ops.migration, every run that may write is a row of ops.run; the rows of both hold the hash of
 * the one before. The service never migrates at start.
 *
 * Files run as the migrator and say nothing about owners: at the end of each the runner gives what
 * the migrator then owns in schema clinicd to clinicd_owner. What a file itself gave to another
 * role (a definer function) stays there.
 */
#ifndef DB_MIGRATE_H
#define DB_MIGRATE_H

#include "db/arena.h"
#include "db/stop.h"

#include <stdbool.h>
#include <stdint.h>

/* A question about the data that a file cannot live with: one row (count, ids), the ids as jsonb or
 * an array. A count above 0 is red. */
struct precheck {
    const char *sql;
    const char *finds; /* "patients without a code" */
    const char *cure;
};

/* One file, as embed.c made it. */
struct migration {
    int version;
    const char *name; /* "house" of 0001_house.sql */
    const char *kind; /* expand backfill contract */
    bool in_tx;
    const int *needs;                /* NULL, or the files that this one stands on; ends with 0 */
    const struct precheck *precheck; /* NULL, or ends with a NULL statement */
    const char *text;                /* the file; its SHA-256 is what history remembers */
    const char *const *up;           /* NULL-terminated statements */
    const char *const *chunk;  /* NULL, or a backfill: the end, and a piece (docs/migrations.md) */
    const char *const *verify; /* each a boolean query that must say true */
    const char *const *down;   /* NULL: cannot be reverted */
    const char *const *loss;   /* queries that count rows which `down` would lose, or NULL */
};

extern const struct migration migrations[]; /* ends with version 0 */

/* db/migrations/roles.sql, for a superuser: idempotent statements, no migration. */
extern const char *const migration_roles[]; /* NULL-terminated */

int migrate_latest(void); /* version of the newest embedded file */

/* What one file cost. */
struct migrate_done {
    int version;
    const char *name;
    int64_t duration_ms;
    int64_t lock_wait_ms; /* waited for others' locks, as the watcher saw it */
    int64_t lock_hold_ms; /* held what others wait for, at most */
    int64_t rows;         /* inserted, updated, deleted */
    int retries;          /* after a lock that was not to be had */
};

/* What a precheck of a pending file said. */
struct precheck_finding {
    int version;
    const char *name; /* of the file */
    const char *finds, *cure;
    int64_t count;   /* 0: green */
    const char *ids; /* up to five, as a JSON array */
    bool is_later;   /* asked when the files before it are applied: they make what it asks about */
};

/* What must be true before a database that holds clinics is migrated, each unless it is waived. */
enum condition {
    CONDITION_BACKUP,    /* a verified one that is young enough */
    CONDITION_DOCTOR,    /* nothing red for a migration */
    CONDITION_REHEARSAL, /* a green one of exactly these files */
    CONDITION_WINDOW,    /* others wait no longer than the budget, or maintenance is on */
    CONDITIONS_N
};
struct migrate_condition {
    const char *name; /* "backup" "doctor" "rehearsal" "window" */
    bool holds, is_waived;
    const char *found;
};
struct doctor_options;
struct migrate_guard {
    int64_t backup_max_age_ms;
    bool is_waived[CONDITIONS_N];
    const char *reason;                                  /* of what is waived; kept with the run */
    const struct doctor_options *doctor;                 /* NULL: that condition cannot hold */
    enum err (*backup)(void *user, struct fault *fault); /* makes and proves one; NULL: nobody */
    void *user;
};

enum { NOTICES_MAX = 8 };

/* What a run met and did. Texts live in the fault's arena. */
struct migrate_report {
    const char *database, *server_version, *system_identifier; /* NULL: never connected */
    int schema_version;
    struct migrate_done *done; /* one a file, in the order of the work */
    size_t done_n;
    struct precheck_finding *prechecks; /* that kept it from beginning, all red */
    size_t prechecks_n;
    struct migrate_condition *conditions; /* of the guard, when it was asked */
    size_t conditions_n;
    const char *notices[NOTICES_MAX]; /* the first: what the server warned of, and the errors that
                                         another attempt got over */
    size_t notices_n;                 /* all of them */
};

enum { LOSS_ANY = -2 }; /* in a scratch database only */

struct migrate_options {
    const char *url; /* the migrator's */
    int64_t lock_wait_ms;
    int to;                 /* target version; -1: up to the newest */
    int64_t data_loss_ok;   /* -1: none; else exactly the rows that down may lose, or LOSS_ANY */
    int64_t lock_budget_ms; /* longest wait for one lock inside a file; 0: 2000 */
    int lock_attempts;      /* 0: 20 */
    const char *command;    /* for ops.run; NULL: the function's own name */
    const char *arguments;  /* the same: a JSON array without secrets; NULL: none */
    struct stop *stop;      /* may be NULL */
    void (*say)(void *user, const char *line); /* progress, may be NULL */
    void *user;
    const struct migration *files;     /* NULL: those of this program */
    const struct migrate_guard *guard; /* of the way up; NULL: nothing is asked (ERR_CONFLICT
                                          "not-ready") */
    struct migrate_report *report;     /* filled unless NULL, also when the run fails */
};

enum migration_state {
    MIGRATION_APPLIED,
    MIGRATION_PENDING,
    MIGRATION_EDITED,
    MIGRATION_UNKNOWN,
    MIGRATION_STOPPED, /* a file without transaction, between two of its statements */
};

struct migration_status {
    int version;
    const char *name;
    enum migration_state state;
    const char *applied_at; /* RFC 3339 or NULL */
    int64_t duration_ms;
    int step, steps;   /* of one that stopped: statements done, and all */
    const char *error; /* what stopped it, or NULL */
};

/* Who holds the runner's lock. */
struct migrate_holder {
    int pid; /* 0: nobody */
    const char *application, *host, *since;
};

/* `up` asks the prechecks of all files that it is to apply before it changes anything, and those
 * that had to wait right before their file: ERR_CONFLICT "precheck-failed", with the report's
 * findings.
 *
 * All give ERR_UNAVAILABLE (cannot connect), ERR_TIMEOUT (a lock not got: "migration-locked" the
 * runner's, "lock-not-got" one inside a file; the fault names the holder), ERR_CONFLICT (edited or
 * unknown files, data loss not confirmed; or "stopped" when somebody asked), ERR_INTERNAL (failed,
 * rolled back; or a verification failed: code "verification-failed"). */
enum err migrate_up(const struct migrate_options *options, struct fault *fault, int *applied) FAILS;
enum err migrate_down(const struct migrate_options *options, int steps, struct fault *fault,
                      int *reverted) FAILS;
/* Up or down, to exactly this version; 0: to nothing. */
enum err migrate_to(const struct migrate_options *options, int version, struct fault *fault,
                    int *applied, int *reverted) FAILS;
enum err migrate_status(const struct migrate_options *options, struct arena *arena,
                        struct fault *fault, struct migration_status **out, size_t *count) FAILS;
enum err migrate_verify(const struct migrate_options *options, struct fault *fault) FAILS;
/* The same, but only these files (to a 0) are asked their questions. ERR_INPUT: one is not applied.
 */
enum err migrate_verify_files(const struct migrate_options *options, const int versions[],
                              struct fault *fault) FAILS;

/* The prechecks of all pending files, green ones too. Nothing is changed. */
enum err migrate_prechecks(const struct migrate_options *options, struct arena *arena,
                           struct fault *fault, struct precheck_finding **out, size_t *count) FAILS;

/* What a statement of a pending file will do to a table that is there. */
struct plan_step {
    int number; /* of the statement in its section */
    const char *operation, *table;
    const char *lock; /* that others wait for, or NULL */
    int64_t rows;     /* of the table, as the planner knows */
    double seconds;   /* about */
};

struct plan_file {
    int version;
    const char *name, *kind;
    bool in_tx, is_reversible, loses_rows;
    double seconds, hold_seconds; /* all of it; and the longest that others may have to wait */
    struct plan_step *steps;
    size_t steps_n;
};

/* What `up` would do, without doing anything. The arena gets it. */
enum err migrate_plan(const struct migrate_options *options, struct arena *arena,
                      struct fault *fault, struct plan_file **out, size_t *count) FAILS;

/* The timeline of the legacy guide, in seconds: what was estimated for the pending files, what the
 * newest rehearsal took, what was done. `since`: of runs from then on (RFC 3339). */
enum { TIMELINE_ROWS = 8 };
#define TIMELINE_UNKNOWN (-1.0)
struct timeline_row {
    const char *step, *note; /* "Run migrate" */
    double estimated, rehearsed, real;
};
enum err migrate_timeline(const struct migrate_options *options, const char *since,
                          struct arena *arena, struct fault *fault,
                          struct timeline_row out[TIMELINE_ROWS]) FAILS;

/* What was run since then, which files were applied, and the timeline of those. ERR_CONFLICT
 * "never-migrated". */
struct run_line {
    const char *started_at, *command, *arguments, *outcome; /* "did not end": it was killed */
    int64_t duration_ms;                                    /* -1: likewise */
    const char *db_role, *os_user, *host;
    const char *result; /* JSON */
};
struct applied_file {
    int version;
    const char *name, *applied_at;
    double estimated, real; /* seconds */
};
struct run_report {
    struct run_line *runs;
    size_t runs_n;
    struct applied_file *files;
    size_t files_n;
    struct timeline_row timeline[TIMELINE_ROWS];
};
enum err migrate_runs(const struct migrate_options *options, const char *since, struct arena *arena,
                      struct fault *fault, struct run_report *out) FAILS;

/* What the statements of a file's section up do to tables that it does not make: without a
 * database, so without rows and seconds. */
enum err migrate_effects(const struct migration *file, struct arena *arena, struct fault *fault,
                         struct plan_file *out) FAILS;

/* The tables of schema clinicd that hold rows, to a NULL: for the lint. */
enum err migrate_tables_in_use(const struct migrate_options *options, struct arena *arena,
                               struct fault *fault, const char *const **out) FAILS;

/* One object of schema clinicd as text, and what became of one. */
struct catalogue_line {
    const char *object, *definition;
};
struct drift {
    const char *kind;   /* "missing" "added" "changed" */
    const char *object; /* "column patient.name" */
};

/* What is different now from what the last migration left. ERR_CONFLICT "catalogue-unknown": that
 * was an older program, which did not keep it. */
enum err migrate_drift(const struct migrate_options *options, struct arena *arena,
                       struct fault *fault, struct drift **out, size_t *count) FAILS;

/* Takes a database without history for one of this version, if its catalogue is the same as that of
 * one which is built for the purpose in the scratch database. ERR_CONFLICT "catalogue-differs": it
 * is not, and nothing was recorded; the drift (in the fault's arena) says where. */
enum err migrate_baseline(const struct migrate_options *options, int version,
                          const char *scratch_url, struct fault *fault, struct drift **drift,
                          size_t *drift_n) FAILS;

/* Where to rehearse, and with what. */
struct rehearsal {
    const char *scratch_url; /* as the migrator */
    const char *backup;      /* the id of what was restored there; NULL: it is empty */
    enum err (*between)(void *user, struct fault *fault); /* on top of it all; may be NULL */
    void *user;
};

struct rehearsal_report {
    int from, to;
    struct drift *drift; /* of the catalogue, after the way down */
    size_t drift_n;
    struct backup_difference *changes; /* of rows and checksums, likewise */
    size_t changes_n;
    int64_t up_ms, verify_ms, down_ms, again_ms;
};

/* The pending files in the scratch database: up, verify, `between`, down, the same catalogue, rows
 * and checksums as before, up again, verify. An empty one is first filled up to where the real one
 * is (when nothing is pending: all files are rehearsed), and emptied at the end. The options'
 * report is of the first way up. Where the real database has ops.run, the run is noted there with
 * the hashes of the files: the guard of `up` looks for it. ERR_CONFLICT "nothing-pending": in a
 * restored one there is nothing to rehearse. */
enum err migrate_rehearse(const struct migrate_options *options, const struct rehearsal *how,
                          struct fault *fault, struct rehearsal_report *out) FAILS;

/* What is different now from what this program's migrations make of nothing, in the scratch
 * database. */
enum err migrate_compare(const struct migrate_options *options, const char *scratch_url,
                         struct fault *fault, struct drift **out, size_t *count) FAILS;

/* Fills the scratch database with this program's schema, does the work there, and empties it again,
 * whatever came of it. */
enum err migrate_in_scratch(const struct migrate_options *options, const char *scratch_url,
                            struct fault *fault,
                            enum err (*work)(void *user, const char *url, struct fault *fault),
                            void *user) FAILS;

/* The backfill that is under way, or the last one. */
struct migrate_job {
    int version;                  /* 0: there never was one */
    const char *name, *state;     /* running paused done */
    int64_t total, done;          /* rows; the total as the file guessed it */
    int chunk, throttle;          /* rows of the next piece; percent of the time at work */
    int64_t worked_ms, silent_ms; /* in all pieces; since the last one */
    int pid;                      /* of the runner; 0: nobody works on it */
    const char *error;            /* what stopped it, or NULL */
};
enum err migrate_progress(const struct migrate_options *options, struct fault *fault,
                          struct migrate_job *out) FAILS;

/* Orders "paused" or "running" (NULL: as it is), and 1 to 100 percent (0: as it is); the runner
 * hears of it before its next piece. ERR_CONFLICT "no-job". */
enum err migrate_steer(const struct migrate_options *options, const char *state, int throttle,
                       struct fault *fault) FAILS;

/* As it is now; the texts live in the fault's arena. */
enum err migrate_holder(const struct migrate_options *options, struct fault *fault,
                        struct migrate_holder *out) FAILS;

/* Takes an edited file for what was applied, from now on: the edit is the operator's to answer for,
 * so the reason is kept with the run. ERR_CONFLICT "not-edited": there is nothing to accept. */
enum err migrate_accept(const struct migrate_options *options, int version, const char *reason,
                        struct fault *fault) FAILS;

/* Finds what a stopped file left, drops invalid indexes, and brings that one file to its end.
 * `version`: of the file that was continued, or 0. */
enum err migrate_repair(const struct migrate_options *options, struct fault *fault, int *version,
                        int *indexes) FAILS;

#endif
