/* The command line: one table of commands (commands.c), each in a file of its own.
 *
 * stdout is the answer, as text or with --json as exactly one document; stderr is notes and
 * failures. A command writes both forms of its answer into its call and returns an exit code; the
 * dispatcher prints. Help is made from the tables. Exit codes are stable.
 */
#ifndef API_APP_COMMANDS_H
#define API_APP_COMMANDS_H

#include "api/app/settings.h"
#include "db/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_PENDING = 3,
    EXIT_DRIFT = 4,
    EXIT_UNVERIFIED = 5,
    EXIT_LOCKED = 6,
    EXIT_LINT = 7,
    EXIT_PRECONDITION = 8,
    EXIT_STOPPED = 9,
    EXIT_CANNOT_CONNECT = 10,
};

enum { COMMAND_OPTIONS_MAX = 20, COMMAND_OPERANDS_MAX = 16, CALL_NOTES_MAX = 8 };

/* Who is told how far a command has come; AUTO: what suits where stderr goes. */
enum progress_how { PROGRESS_AUTO, PROGRESS_BAR, PROGRESS_LINES, PROGRESS_JSON, PROGRESS_NONE };

struct command_option {
    const char *name;  /* "--to" */
    const char *value; /* "V" in the help; NULL: a switch */
    const char *help;
};

struct call;

struct command {
    const char *name;     /* "migrate up" */
    const char *operands; /* "[N]" in the help; NULL: takes none */
    const char *help;     /* one line */
    enum exit_code (*run)(struct call *call);
    struct command_option options[COMMAND_OPTIONS_MAX];
    bool needs_no_settings;
    bool has_no_json; /* talks while it runs (serve), or prints something of its own */
};

/* One command line being carried out. */
struct call {
    struct arena arena;
    struct fault fault; /* of what failed; its arena is the call's */
    const struct command *command;
    const char *program;      /* argv[0], to print the next command as it can be typed */
    struct settings settings; /* unless the command needs none */
    const char *arguments;    /* as given, as a JSON array, secrets masked */
    const char *values[COMMAND_OPTIONS_MAX];
    const char *operands[COMMAND_OPERANDS_MAX];
    size_t operands_n;
    struct buf text;      /* the answer for people */
    struct buf result;    /* the answer as one JSON value; empty: null */
    const char *database; /* which one it was about, as a JSON object; NULL: none */
    const char *warnings[CALL_NOTES_MAX];
    size_t warnings_n;
    const char *next[CALL_NOTES_MAX];
    size_t next_n;
    int64_t started_us, started_monotonic_us;
    bool is_json;
    enum progress_how progress;
};

/* The value of an option, "" of a switch, or NULL when it was not given. */
const char *call_option(const struct call *call, const char *name);
bool call_has_option(const struct call *call, const char *name); /* its row, not what was given */

/* Both are printed after the answer; past CALL_NOTES_MAX they are dropped. */
void call_warn(struct call *call, const char *format, ...) PRINTF(2, 3);
void call_next(struct call *call, const char *arguments); /* "migrate up": program goes before */

/* Tells a usage error and gives its exit code. */
enum exit_code call_usage(struct call *call, const char *format, ...) PRINTF(2, 3);

/* The exit code of the call's fault. */
enum exit_code call_failed(const struct call *call);

/* A relative path is the caller's folder's: to be asked before the home is entered. NULL stays. */
const char *call_path(struct call *call, const char *path);

/* A whole number from 0 on, or `absent` when the text is NULL; -2 when it is no such number. */
int call_number(const char *text, int absent);

/* Carries out a command line and gives the process's exit code. `environment` as environ. */
int commands_run(int argc, const char *const argv[], const char *const environment[]);

/* Help: all commands, or one. */
void commands_help(struct buf *out, const char *program, const struct command *command);

/* The same as a manual page (roff), and as a bash completion. */
void commands_manual(struct buf *out);
void commands_completion(struct buf *out);

/* NULL: there is no such exit code. */
const char *exit_meaning(int exit);

/* The table ends with a NULL name. */
extern const struct command commands[];

enum exit_code run_serve(struct call *call);
enum exit_code run_migrate_up(struct call *call);
enum exit_code run_migrate_down(struct call *call);
enum exit_code run_migrate_to(struct call *call);
enum exit_code run_migrate_plan(struct call *call);
enum exit_code run_migrate_report(struct call *call);
enum exit_code run_migrate_status(struct call *call);
enum exit_code run_migrate_verify(struct call *call);
enum exit_code run_migrate_repair(struct call *call);
enum exit_code run_migrate_accept(struct call *call);
enum exit_code run_migrate_progress(struct call *call);
enum exit_code run_migrate_pause(struct call *call);
enum exit_code run_migrate_resume(struct call *call);
enum exit_code run_migrate_throttle(struct call *call);
enum exit_code run_migrate_rehearse(struct call *call);
enum exit_code run_migrate_baseline(struct call *call);
enum exit_code run_migrate_new(struct call *call);
enum exit_code run_migrate_lint(struct call *call);
enum exit_code run_migrate_sql(struct call *call);
enum exit_code run_migrate_roles(struct call *call);
enum exit_code run_import(struct call *call);
enum exit_code run_report_verify(struct call *call);
enum exit_code run_report_show(struct call *call);
enum exit_code run_backup(struct call *call);
enum exit_code run_restore(struct call *call);
enum exit_code run_maintenance_on(struct call *call);
enum exit_code run_maintenance_off(struct call *call);
enum exit_code run_maintenance_status(struct call *call);
enum exit_code run_doctor(struct call *call);
enum exit_code run_verify_isolation(struct call *call);
enum exit_code run_verify_schema(struct call *call);
enum exit_code run_verify_data(struct call *call);
enum exit_code run_verify_smoke(struct call *call);
enum exit_code run_clinic_create(struct call *call);
enum exit_code run_clinic_list(struct call *call);
enum exit_code run_clinic_show(struct call *call);
enum exit_code run_clinic_update(struct call *call);
enum exit_code run_clinic_archive(struct call *call);
enum exit_code run_clinic_activate(struct call *call);
enum exit_code run_clinic_suspend(struct call *call);
enum exit_code run_user_list(struct call *call);
enum exit_code run_user_reset(struct call *call);
enum exit_code run_user_disable(struct call *call);
enum exit_code run_user_enable(struct call *call);
enum exit_code run_user_sessions_revoke(struct call *call);
enum exit_code run_create_superadmin(struct call *call);
enum exit_code run_files_fsck(struct call *call);
enum exit_code run_files_sweep(struct call *call);
enum exit_code run_settings(struct call *call);
enum exit_code run_openapi(struct call *call);
enum exit_code run_routes(struct call *call);
enum exit_code run_healthcheck(struct call *call);
enum exit_code run_version(struct call *call);
enum exit_code run_completion(struct call *call);
enum exit_code run_help(struct call *call);

#endif
