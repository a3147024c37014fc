#include "api/app/commands.h"

#include <string.h>

/* To add a command: its run_… in a file of its own, a line in commands.h, a row here. */
const struct command commands[] = {
    {
        .name = "serve",
        .help = "run the service until SIGTERM; without CLINICD_DATABASE_URL also its database",
        .run = run_serve,
        .has_no_json = true,
    },
    {
        .name = "migrate up",
        .help = "bring the schema to this program's version",
        .run = run_migrate_up,
        .options = {{"--to", "V", "stop at version V"},
                    {"--backup", "HOW",
                     "auto: make and prove one when it is missing; or none (auto)"},
                    {"--backup-max-age", "TIME", "how old the newest verified one may be (24h)"},
                    {"--strict", NULL, "exit 5 when the server warned of anything on the way"},
                    {"--waive", "NAME...", "go without: backup, doctor, rehearsal, window"},
                    {"--reason", "TEXT", "why; kept with the run (required with --waive)"},
                    {"--lock-budget", "TIME", "wait so long for one table's lock, 20 times (2s)"},
                    {"--wait", "TIME", "wait so long for another migration to end (1m)"}},
    },
    {
        .name = "migrate down",
        .operands = "[N]",
        .help = "revert the last N migrations (1)",
        .run = run_migrate_down,
        .options = {{"--data-loss-ok", "ROWS", "agree to lose exactly so many rows"},
                    {"--lock-budget", "TIME", "wait so long for one table's lock, 20 times (2s)"},
                    {"--wait", "TIME", "wait so long for another migration to end (1m)"}},
    },
    {
        .name = "migrate to",
        .operands = "V|zero",
        .help = "go up or down to version V, or to nothing at all",
        .run = run_migrate_to,
        .options = {{"--data-loss-ok", "ROWS", "agree to lose exactly so many rows"},
                    {"--backup", "HOW",
                     "auto: make and prove one when it is missing; or none (auto)"},
                    {"--backup-max-age", "TIME", "how old the newest verified one may be (24h)"},
                    {"--waive", "NAME...", "go without: backup, doctor, rehearsal, window"},
                    {"--reason", "TEXT", "why; kept with the run (required with --waive)"},
                    {"--lock-budget", "TIME", "wait so long for one table's lock, 20 times (2s)"},
                    {"--wait", "TIME", "wait so long for another migration to end (1m)"}},
    },
    {
        .name = "migrate plan",
        .help = "tell what up would do: order, locks, tables, rows, seconds",
        .run = run_migrate_plan,
        .options = {{"--to", "V", "stop at version V"},
                    {"--format", "HOW", "text, or markdown: a notice for the team (text)"},
                    {"--lock-budget", "TIME", "how long others may have to wait (2s)"}},
    },
    {
        .name = "migrate report",
        .help = "tell what was run, by whom, for how long, beside what was estimated",
        .run = run_migrate_report,
        .options = {{"--since", "T", "from then on: 2026-11-22T18:00:00Z, or 2h (24h)"}},
    },
    {
        .name = "migrate status",
        .help = "list the migrations and what became of them",
        .run = run_migrate_status,
        .options = {{"--check", NULL, "exit 3 when one is pending, 4 when one was edited"},
                    {"--drift", NULL, "exit 4 when the schema is not as the last one left it"},
                    {"--wait", "TIME", "wait so long until none is pending; implies --check"}},
    },
    {
        .name = "migrate verify",
        .operands = "[V...]",
        .help = "ask the database whether the applied migrations still hold",
        .run = run_migrate_verify,
    },
    {
        .name = "migrate repair",
        .help = "bring a file that stopped half-way to its end",
        .run = run_migrate_repair,
        .options = {{"--lock-budget", "TIME", "wait so long for one table's lock, 20 times (2s)"},
                    {"--wait", "TIME", "wait so long for another migration to end (1m)"}},
    },
    {
        .name = "migrate progress",
        .help = "tell how far the backfill is that runs",
        .run = run_migrate_progress,
        .options = {{"--follow", NULL, "go on telling until it is done"}},
    },
    {
        .name = "migrate pause",
        .help = "let the backfill wait, from a second terminal",
        .run = run_migrate_pause,
    },
    {
        .name = "migrate resume",
        .help = "let a backfill that was paused go on",
        .run = run_migrate_resume,
    },
    {
        .name = "migrate throttle",
        .operands = "N%",
        .help = "let the backfill work so much of the time (100%)",
        .run = run_migrate_throttle,
    },
    {
        .name = "migrate rehearse",
        .help = "up, down and up again in a scratch database, and compare",
        .run = run_migrate_rehearse,
        .options = {{"--from", "FOLDER", "with the data of this backup, and its rows compared"},
                    {"--scratch", "URL", "an empty database for it (one of its own)"},
                    {"--to", "V", "stop at version V"}},
    },
    {
        .name = "migrate baseline",
        .operands = "V",
        .help = "take a database without history for version V, when it proves to be that",
        .run = run_migrate_baseline,
        .options = {{"--scratch", "URL", "an empty database for the proof (one of its own)"}},
    },
    {
        .name = "migrate accept",
        .operands = "V",
        .help = "take an applied file that was edited for what was applied",
        .run = run_migrate_accept,
        .options = {{"--reason", "TEXT", "why; kept with the run (required)"}},
    },
    {
        .name = "migrate new",
        .operands = "NAME",
        .help = "write the skeleton of the next migration",
        .run = run_migrate_new,
        .options = {{"--kind", "KIND", "expand, backfill, contract or concurrent (expand)"},
                    {"--dir", "DIR", "where (db/migrations)"}},
        .needs_no_settings = true,
    },
    {
        .name = "migrate lint",
        .operands = "[V|FILE...]",
        .help = "look for what locks, rewrites, loses or crosses clinics",
        .run = run_migrate_lint,
        .options = {{"--format", "HOW", "text, json, or github: notes beside the lines (text)"},
                    {"--against-db", NULL, "a table that has no rows there is not in use"}},
    },
    {
        .name = "migrate sql",
        .operands = "[V...]",
        .help = "print the statements of these versions (all), exactly as they are sent",
        .run = run_migrate_sql,
        .options = {{"--down", NULL, "the ones that revert"},
                    {"--verify", NULL, "also the questions before and after"},
                    {"--all-pending", NULL, "of all that `up` would apply now"}},
        .has_no_json = true,
    },
    {
        .name = "migrate roles",
        .help = "print the SQL that makes the roles, for a server of your own",
        .run = run_migrate_roles,
        .needs_no_settings = true,
        .has_no_json = true,
    },
    {
        .name = "import",
        .operands = "[FILE|URL]",
        .help = "carry a legacy database over; run again, it goes on or adds what is new",
        .run = run_import,
        .options = {{"--dry-run", NULL, "read all, write nothing, report"},
                    {"--clinic", "SLUG", "whose the rows without a clinic are"},
                    {"--create-clinic", "FILE", "the same, and make it: JSON as POST /clinics"},
                    {"--clinic-map", "FILE", "JSON: legacy id or slug of a clinic to slug here"},
                    {"--null-clinic", "HOW", "no clinic: inherit, reject, or go to that SLUG"},
                    {"--duplicates", "HOW", "what stands twice: merge lists, suffix, or reject"},
                    {"--overlong", "HOW", "reject what is too long, or cut it"},
                    {"--tz", "ZONE", "time zone of the clinics that are made"},
                    {"--files", "DIR", "where the reports lie (MEDIA_ROOT): they come, too"},
                    {"--passwords", "HOW", "keep (checked once, then renewed) or reset"},
                    {"--max-rejects", "N|P%", "give up when more rows cannot come"},
                    {"--report", "OUT", "write the report there: JSON, whole or not at all"},
                    {"--activate", NULL, "open the clinics when all is whole"},
                    {"--open", "ID", "open the clinics of that import"},
                    {"--undo", "ID", "take that import back, while untouched"}},
    },
    {
        .name = "report verify",
        .operands = "FILE",
        .help = "prove that an import's report is as it was written",
        .run = run_report_verify,
    },
    {
        .name = "report show",
        .operands = "FILE|ID",
        .help = "print the report of an import, from its file or from the database",
        .run = run_report_show,
    },
    {
        .name = "backup",
        .help = "dump the database into a folder with a manifest of counts and checksums",
        .run = run_backup,
        .options = {{"--to", "DIR", "where its folder is made (backups, in the data directory)"},
                    {"--files", "DIR", "a folder of files instead of the store of the settings"},
                    {"--source", "FILE", "a legacy SQLite file instead of the database"}},
    },
    {
        .name = "restore",
        .operands = "FOLDER",
        .help = "prove that a backup comes back whole, or make a new database of it",
        .run = run_restore,
        .options = {{"--verify", NULL, "restore into a scratch database, compare, drop it"},
                    {"--into", "DB", "the same, and keep it under this name, which is free"},
                    {"--files", "DIR", "put the files there, or `store`: where the settings say"}},
    },
    {
        .name = "maintenance on",
        .help = "take the service away: every request gets 503 with the reason",
        .run = run_maintenance_on,
        .options = {{"--read-only", NULL, "refuse changes only, go on showing"},
                    {"--until", "T", "the announced end: 2026-11-22T18:00:00Z, or 30m"},
                    {"--reason", "TEXT", "what everybody who asks is told"},
                    {"--fence", NULL, "end the service's connections and let none in"},
                    {"--drain", "TIME", "before that, what is under way may take so long (30s)"}},
    },
    {
        .name = "maintenance off",
        .help = "give the service back, once it is proven to serve (verify smoke)",
        .run = run_maintenance_off,
        .options = {{"--http", "URL", "prove it first, here, as `verify smoke` does"},
                    {"--username", "NAME", "a super admin, for that"},
                    {"--password-stdin", NULL, "read the password from standard input"},
                    {"--force", NULL, "without proof, and whatever the schema is; it is noted"}},
    },
    {
        .name = "maintenance status",
        .help = "tell whether the service is away, why, and who is still connected",
        .run = run_maintenance_status,
    },
    {
        .name = "doctor",
        .help = "check program, server, roles and schema: green, amber or red, and what to do",
        .run = run_doctor,
        .options = {{"--for", "WHAT",
                     "migrate, serve, import, restore or scale: what must be ready"},
                    {"--strict", NULL, "take amber for red"}},
    },
    {
        .name = "verify isolation",
        .help = "try to cross from one clinic into another, on every table, as the service",
        .run = run_verify_isolation,
        .options = {{"--self-test", NULL, "then prove that it notices: take each wall away once"},
                    {"--scratch", "URL", "an empty database for the self-test (one of its own)"},
                    {"--http", "URL", "from outside instead: every route, with another's token"},
                    {"--username", "NAME", "a super admin, for --http"},
                    {"--password-stdin", NULL, "for --http: read its password"}},
    },
    {
        .name = "verify schema",
        .help = "compare the schema with what the migrations left",
        .run = run_verify_schema,
        .options = {{"--scratch", "URL", "an empty database: compare with what they make there"},
                    {"--from-nothing", NULL, "compare with what they make in one of its own"},
                    {"--show", "TABLE", "print that table as it is, or `all`: which there are"}},
    },
    {
        .name = "verify data",
        .help = "look for rows that point nowhere, counts that are wrong, gaps in the trail",
        .run = run_verify_data,
        .options = {{"--clinic", "SLUG", "of this clinic only"},
                    {"--duplicates", NULL, "look for what may be there twice instead"}},
    },
    {
        .name = "verify smoke",
        .help = "use the service from outside: clinics, a patient, and no way across",
        .run = run_verify_smoke,
        .options = {{"--http", "URL", "where it listens, as http://127.0.0.1:8080 (required)"},
                    {"--username", "NAME", "a super admin (required)"},
                    {"--password-stdin", NULL, "read the password from standard input"}},
    },
    {
        .name = "clinic create",
        .operands = "SLUG",
        .help = "open a clinic with its first administrator, whose password is shown once",
        .run = run_clinic_create,
        .options = {{"--from", "FILE", "what the API takes for it, as JSON (required)"},
                    {"--admin-username", "NAME", "over the file's (SLUG_admin)"},
                    {"--admin-email", "ADDRESS", "over the file's"},
                    {"--if-not-exists", NULL, "do nothing when it is there"}},
    },
    {
        .name = "clinic list",
        .help = "all clinics and their state",
        .run = run_clinic_list,
        .options = {{"--status", "STATUS", "only these"}},
    },
    {
        .name = "clinic show",
        .operands = "SLUG",
        .help = "one clinic, whole with --json",
        .run = run_clinic_show,
    },
    {
        .name = "clinic update",
        .operands = "SLUG",
        .help = "change a clinic's profile; what the file does not name stays",
        .run = run_clinic_update,
        .options = {{"--from", "FILE", "what the API takes for it, as JSON (required)"}},
    },
    {
        .name = "clinic activate",
        .operands = "SLUG",
        .help = "open a clinic that was closed or has expired",
        .run = run_clinic_activate,
    },
    {
        .name = "clinic suspend",
        .operands = "SLUG",
        .help = "close a clinic to everybody; its records stay",
        .run = run_clinic_suspend,
    },
    {
        .name = "clinic archive",
        .operands = "SLUG",
        .help = "end a clinic: nobody of it gets in any more; its records stay",
        .run = run_clinic_archive,
    },
    {
        .name = "user list",
        .help = "who signs in at a clinic, but for its patients",
        .run = run_user_list,
        .options = {{"--clinic", "SLUG", "of this clinic (required)"}},
    },
    {
        .name = "user reset",
        .operands = "NAME",
        .help = "put a one-time password in the place of the old one, end all sessions",
        .run = run_user_reset,
        .options = {{"--clinic", "SLUG", "of this clinic (required)"}},
    },
    {
        .name = "user disable",
        .operands = "NAME",
        .help = "close an account and end its sessions",
        .run = run_user_disable,
        .options = {{"--clinic", "SLUG", "of this clinic (required)"}},
    },
    {
        .name = "user enable",
        .operands = "NAME",
        .help = "open an account that was closed",
        .run = run_user_enable,
        .options = {{"--clinic", "SLUG", "of this clinic (required)"}},
    },
    {
        .name = "user sessions revoke",
        .operands = "NAME",
        .help = "end all sessions of an account; its password stays",
        .run = run_user_sessions_revoke,
        .options = {{"--clinic", "SLUG", "of this clinic (required)"}},
    },
    {
        .name = "user create-superadmin",
        .help = "make an account of the platform; the password is asked for",
        .run = run_create_superadmin,
        .options = {{"--username", "NAME", "its name (required)"},
                    {"--password-stdin", NULL, "read the password from standard input"}},
    },
    {
        .name = "files fsck",
        .help = "compare every file with its row, sums and all",
        .run = run_files_fsck,
        .options = {{"--clinic", "SLUG", "of one clinic only"},
                    {"--repair", NULL,
                     "mark rows whose file is missing or changed, remove files without a row"}},
    },
    {
        .name = "files sweep",
        .help = "as the service does hourly: lengths only; remove what crashes left",
        .run = run_files_sweep,
        .options = {{"--all", NULL, "also files without a row that outnumber the rows"}},
    },
    {.name = "settings", .help = "print the settings in effect", .run = run_settings},
    {
        .name = "openapi",
        .operands = "[FILE]",
        .help = "print the OpenAPI document, or compare it with the program's routes",
        .run = run_openapi,
        .options = {{"--check", NULL, "compare this program's document, or FILE"}},
        .needs_no_settings = true,
    },
    {
        .name = "routes",
        .help = "print what the program answers: method, path, operation, permission",
        .run = run_routes,
        .needs_no_settings = true,
    },
    {.name = "healthcheck",
     .help = "exit 0 when the service here is alive",
     .run = run_healthcheck},
    {
        .name = "completion",
        .operands = "bash",
        .help = "print the shell's completion; source it",
        .run = run_completion,
        .needs_no_settings = true,
        .has_no_json = true,
    },
    {.name = "version", .help = "print the version", .run = run_version, .needs_no_settings = true},
    {
        .name = "help",
        .operands = "[COMMAND]",
        .help = "explain a command, or `exit-codes`",
        .run = run_help,
        .options = {{"--man", NULL, "all of it, as a manual page"}},
        .needs_no_settings = true,
        .has_no_json = true,
    },
    {.name = NULL},
};

static const struct command_option common_options[] = {
    {"--json", NULL, "print one JSON document instead of text"},
    {"--progress", "HOW", "how far it is, on stderr: bar, lines, json or none"},
    {"--help", NULL, "print this"},
};

static const char *const exit_meanings[] = {
    [EXIT_DONE] = "done, all is well",
    [EXIT_FAILED] = "failed, rolled back",
    [EXIT_USAGE] = "usage, settings, or a confirmation is missing",
    [EXIT_PENDING] = "work is pending (--check)",
    [EXIT_DRIFT] = "drift, or a migration was edited",
    [EXIT_UNVERIFIED] = "verification failed",
    [EXIT_LOCKED] = "lock not got",
    [EXIT_LINT] = "lint violations",
    [EXIT_PRECONDITION] = "a precondition does not hold",
    [EXIT_STOPPED] = "stopped, can be resumed",
    [EXIT_CANNOT_CONNECT] = "cannot connect",
};

enum { EXIT_CODES_N = sizeof exit_meanings / sizeof exit_meanings[0] };

const char *exit_meaning(int exit)
{
    return exit >= 0 && exit < EXIT_CODES_N ? exit_meanings[exit] : NULL;
}

static void option_help(struct buf *out, const struct command_option *option)
{
    int written = (int)strlen(option->name) + (option->value ? (int)strlen(option->value) + 1 : 0);
    buf_format(out, "  %s%s%s%*s %s\n", option->name, option->value ? " " : "",
               option->value ? option->value : "", written < 22 ? 22 - written : 0, "",
               option->help);
}

static void command_help(struct buf *out, const char *program, const struct command *command)
{
    buf_format(out, "%s %s%s%s [OPTION...]\n\n%s\n\n", program, command->name,
               command->operands ? " " : "", command->operands ? command->operands : "",
               command->help);
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        option_help(out, &command->options[i]);
    for (size_t i = command->has_no_json ? 2 : 0; i < 3; i++)
        option_help(out, &common_options[i]);
}

void commands_help(struct buf *out, const char *program, const struct command *command)
{
    if (command) {
        command_help(out, program, command);
        return;
    }
    buf_format(out, "%s COMMAND [OPTION...]\n\n", program);
    for (const struct command *row = commands; row->name; row++)
        buf_format(out, "  %-23s %s\n", row->name, row->help);
    buf_format(out,
               "\nSettings are environment variables: `%s settings`.\n"
               "`%s help COMMAND` explains a command, `%s help exit-codes` its exit code.\n",
               program, program, program);
}

static const struct command *command_named(const char *name)
{
    for (const struct command *row = commands; row->name; row++) {
        if (strcmp(row->name, name) == 0)
            return row;
    }
    return NULL;
}

enum exit_code run_help(struct call *call)
{
    struct buf name;
    buf_begin(&name, &call->arena, 0);
    for (size_t i = 0; i < call->operands_n; i++)
        buf_format(&name, "%s%s", i ? " " : "", call->operands[i]);
    if (call_option(call, "--man")) {
        commands_manual(&call->text);
        return EXIT_DONE;
    }
    if (strcmp(name.text, "exit-codes") == 0) {
        for (int i = 0; i < EXIT_CODES_N; i++)
            buf_format(&call->text, "%3d  %s\n", i, exit_meanings[i]);
        return EXIT_DONE;
    }
    const struct command *command = command_named(name.text);
    if (name.length > 0 && !command)
        return call_usage(call, "there is no command `%s`", name.text);
    commands_help(&call->text, call->program, command);
    return EXIT_DONE;
}

enum exit_code run_version(struct call *call)
{
    buf_text(&call->text, "clinicd " CLINICD_VERSION "\n");
    buf_text(&call->result, "{\"version\": \"" CLINICD_VERSION "\"}");
    return EXIT_DONE;
}

enum exit_code run_settings(struct call *call)
{
    settings_write_text(&call->text, &call->settings);
    settings_write_json(&call->result, &call->settings);
    return EXIT_DONE;
}
