/* Carrying out one command line: parse, run, print. */
#include "api/app/commands.h"

#include "db/clock.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char *call_option(const struct call *call, const char *name)
{
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && call->command->options[i].name; i++) {
        if (strcmp(call->command->options[i].name, name) == 0)
            return call->values[i];
    }
    abort(); /* the command asks for an option that its row does not have */
}

bool call_has_option(const struct call *call, const char *name)
{
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && call->command->options[i].name; i++) {
        if (strcmp(call->command->options[i].name, name) == 0)
            return true;
    }
    return false;
}

int call_number(const char *text, int absent)
{
    if (!text)
        return absent;
    size_t length = strlen(text);
    bool is_number = length > 0 && length < 10 && text[strspn(text, "0123456789")] == '\0';
    return is_number ? (int)strtol(text, NULL, 10) : -2;
}

const char *call_path(struct call *call, const char *path)
{
    char here[PATH_MAX];
    if (!path || path[0] == '/' || !getcwd(here, sizeof here))
        return path;
    return arena_format(&call->arena, "%s/%s", here, path);
}

void call_warn(struct call *call, const char *format, ...)
{
    if (call->warnings_n == CALL_NOTES_MAX)
        return;
    va_list args;
    va_start(args, format);
    call->warnings[call->warnings_n++] = arena_vformat(&call->arena, format, args);
    va_end(args);
}

void call_next(struct call *call, const char *arguments)
{
    if (call->next_n < CALL_NOTES_MAX)
        call->next[call->next_n++] = arena_format(&call->arena, "%s %s", call->program, arguments);
}

enum exit_code call_usage(struct call *call, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *detail = arena_vformat(&call->arena, format, args);
    va_end(args);
    fault_reset(&call->fault);
    fail(&call->fault, ERR_INPUT, "usage", "%s", detail);
    return EXIT_USAGE;
}

enum exit_code call_failed(const struct call *call)
{
    static const struct {
        const char *code;
        enum exit_code exit;
    } codes[] = {
        {"verification-failed", EXIT_UNVERIFIED},
        {"backup-damaged", EXIT_UNVERIFIED},
        {"migration-edited", EXIT_DRIFT},
        {"migration-unknown", EXIT_DRIFT},
        {"history-broken", EXIT_DRIFT},
        {"data-loss-unconfirmed", EXIT_USAGE},
        {"schema-mismatch", EXIT_PRECONDITION},
        {"unsafe-role", EXIT_PRECONDITION},
        {"server-too-old", EXIT_PRECONDITION},
        {"catalogue-differs", EXIT_DRIFT},
        {"stopped", EXIT_STOPPED},
        {"migration-stopped", EXIT_STOPPED},
    };
    for (size_t i = 0; call->fault.code && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(call->fault.code, codes[i].code) == 0)
            return codes[i].exit;
    }
    switch (call->fault.err) {
    case ERR_INPUT:
        return EXIT_USAGE;
    case ERR_CONFLICT:
        return EXIT_PRECONDITION;
    case ERR_TIMEOUT:
        return EXIT_LOCKED;
    case ERR_UNAVAILABLE:
        return EXIT_CANNOT_CONNECT;
    case ERR_NONE:
    case ERR_NOT_FOUND:
    case ERR_RETRY:
    case ERR_REPLAY:
    case ERR_INTERNAL:
        break;
    }
    return EXIT_FAILED;
}

/* Words that argv begins with; 0: not this command. */
static int command_words(const struct command *command, int argc, const char *const argv[])
{
    const char *rest = command->name;
    for (int words = 0; words < argc; words++) {
        size_t length = strcspn(rest, " ");
        if (strlen(argv[words]) != length || strncmp(argv[words], rest, length) != 0)
            return 0;
        rest += length;
        if (*rest++ == '\0')
            return words + 1;
    }
    return 0;
}

static const struct command *command_find(int argc, const char *const argv[], int *words)
{
    for (const struct command *row = commands; row->name; row++) {
        *words = command_words(row, argc, argv);
        if (*words > 0)
            return row;
    }
    return NULL;
}

/* An option whose value is "NAME..." in the help may be given again, or its values behind commas;
 * of any other the last one counts. */
static const char *value_join(struct call *call, size_t i, const char *given)
{
    const char *before = call->values[i];
    bool is_list = strstr(call->command->options[i].value, "...") != NULL;
    return is_list && before && given ? arena_format(&call->arena, "%s,%s", before, given) : given;
}

static bool progress_take(struct call *call, const char *given)
{
    static const char *const words[] = {[PROGRESS_BAR] = "bar",
                                        [PROGRESS_LINES] = "lines",
                                        [PROGRESS_JSON] = "json",
                                        [PROGRESS_NONE] = "none"};
    for (int how = PROGRESS_BAR; given && how <= PROGRESS_NONE; how++) {
        if (strcmp(given, words[how]) == 0) {
            call->progress = (enum progress_how)how;
            return true;
        }
    }
    return false;
}

/* One argument that begins with "--"; the value may be the next one or follow an "=". */
static bool option_take(struct call *call, const char *argument, const char *following, int *used)
{
    size_t length = strcspn(argument, "=");
    const char *given = argument[length] ? argument + length + 1 : NULL;
    const struct command_option *options = call->command->options;
    *used = 1;
    if (strcmp(argument, "--json") == 0 && !call->command->has_no_json) {
        call->is_json = true;
        return true;
    }
    if (length == strlen("--progress") && strncmp(argument, "--progress", length) == 0 &&
        !call->command->has_no_json) {
        *used = given ? 1 : 2;
        return progress_take(call, given ? given : following);
    }
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && options[i].name; i++) {
        if (strlen(options[i].name) != length || strncmp(options[i].name, argument, length) != 0)
            continue;
        if (options[i].value && !given) {
            given = following;
            *used = 2;
        }
        call->values[i] = !options[i].value ? "" : value_join(call, i, given);
        return options[i].value ? given != NULL : argument[length] == '\0';
    }
    return false;
}

static enum exit_code arguments_take(struct call *call, int argc, const char *const argv[])
{
    for (int i = 0, used; i < argc; i += used) {
        used = 1;
        if (strncmp(argv[i], "--", 2) == 0) {
            if (!option_take(call, argv[i], i + 1 < argc ? argv[i + 1] : NULL, &used))
                return call_usage(call, "`%s` does not understand `%s`", call->command->name,
                                  argv[i]);
        } else if (call->command->operands && call->operands_n < COMMAND_OPERANDS_MAX) {
            call->operands[call->operands_n++] = argv[i];
        } else {
            return call_usage(call, "`%s` does not take `%s`", call->command->name, argv[i]);
        }
    }
    return EXIT_DONE;
}

static void failure_print(const struct call *call)
{
    const struct fault *fault = &call->fault;
    const char *detail = fault->detail ? fault->detail : fault->reason;
    fprintf(stderr, "clinicd: %s\n", detail ? detail : fault->code ? fault->code : "failed");
    if (fault->detail && fault->reason)
        fprintf(stderr, "  %s\n", fault->reason);
    for (size_t i = 0; i < fault->flaws_n; i++)
        fprintf(stderr, "  %s: %s\n", fault->flaws[i].pointer, fault->flaws[i].detail);
}

/* A password that is shown once may stand in it: whoever does not get it must know. */
static enum exit_code answer_write(const struct buf *answer, enum exit_code exit)
{
    errno = 0;
    if (fwrite(answer->text, 1, answer->length, stdout) == answer->length && fflush(stdout) == 0)
        return exit;
    fprintf(stderr, "clinicd: the answer could not be written: %s\n", strerror(errno));
    return exit == EXIT_DONE ? EXIT_FAILED : exit;
}

static enum exit_code text_print(const struct call *call, enum exit_code exit)
{
    enum exit_code written = answer_write(&call->text, exit);
    if (exit != EXIT_DONE && call->fault.err)
        failure_print(call);
    for (size_t i = 0; i < call->warnings_n; i++)
        fprintf(stderr, "Warning: %s\n", call->warnings[i]);
    for (size_t i = 0; i < call->next_n; i++)
        fprintf(stderr, "Next: %s\n", call->next[i]);
    return written;
}

static void strings_write(struct buf *out, const char *name, const char *const texts[], size_t n)
{
    buf_format(out, ", \"%s\": [", name);
    for (size_t i = 0; i < n; i++) {
        if (i)
            buf_text(out, ", ");
        buf_json_string(out, texts[i]);
    }
    buf_char(out, ']');
}

static void error_write(struct buf *out, const struct fault *fault)
{
    buf_text(out, ", \"error\": {\"code\": ");
    buf_json_string(out, fault->code);
    buf_text(out, ", \"detail\": ");
    buf_json_string(out, fault->detail ? fault->detail : fault->reason);
    buf_text(out, ", \"faults\": [");
    for (size_t i = 0; i < fault->flaws_n; i++) {
        buf_text(out, i ? ", {\"pointer\": " : "{\"pointer\": ");
        buf_json_string(out, fault->flaws[i].pointer);
        buf_text(out, ", \"detail\": ");
        buf_json_string(out, fault->flaws[i].detail);
        buf_char(out, '}');
    }
    buf_text(out, "]}");
}

static enum exit_code json_print(struct call *call, enum exit_code exit)
{
    char at[CLOCK_TEXT];
    struct buf out;
    buf_begin(&out, &call->arena, call->result.length + 512);
    buf_text(&out, "{\"schema\": \"clinicd.ops/1\", \"command\": ");
    buf_json_string(&out, call->command->name);
    buf_format(&out, ", \"ok\": %s, \"exit\": %d, \"started_at\": \"%s\", \"duration_ms\": ",
               exit == EXIT_DONE ? "true" : "false", (int)exit,
               clock_text(call->started_us, 3, at));
    buf_int(&out, (clock_monotonic_us() - call->started_monotonic_us) / 1000);
    if (call->database)
        buf_format(&out, ", \"database\": %s", call->database);
    buf_format(&out, ", \"result\": %s", call->result.length ? call->result.text : "null");
    if (exit != EXIT_DONE && call->fault.err)
        error_write(&out, &call->fault);
    strings_write(&out, "warnings", call->warnings, call->warnings_n);
    strings_write(&out, "next", call->next, call->next_n);
    buf_text(&out, "}\n");
    return answer_write(&out, exit);
}

/* "password=", and libpq also takes blanks around the sign. */
static bool names_secret(const char *argument)
{
    static const char *const names[] = {"password", "passfile", "sslkey"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *at = strcasestr(argument, names[i]);
        for (; at; at = strcasestr(at, names[i])) {
            at += strlen(names[i]);
            if (at[strspn(at, " \t\n")] == '=')
                return true;
        }
    }
    return false;
}

/* A connection string may hold a password: of such an argument only its option is kept. */
static const char *argument_masked(struct arena *arena, const char *argument)
{
    size_t option = strncmp(argument, "--", 2) == 0 ? strcspn(argument, "=") : 0;
    bool has_secret = strstr(argument, "://") || names_secret(argument);
    return has_secret ? arena_format(arena, "%.*s%s(connection)", (int)option, argument,
                                     option > 0 ? "=" : "")
                      : argument;
}

static const char *arguments_write(struct arena *arena, int argc, const char *const argv[])
{
    struct buf out;
    buf_begin(&out, arena, 64);
    buf_char(&out, '[');
    for (int i = 0; i < argc; i++) {
        if (i)
            buf_text(&out, ", ");
        buf_json_string(&out, argument_masked(arena, argv[i]));
    }
    buf_char(&out, ']');
    return out.text;
}

static enum exit_code call_run(struct call *call, int argc, const char *const argv[],
                               const char *const environment[])
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) {
            commands_help(&call->text, call->program, call->command);
            return EXIT_DONE;
        }
    }
    call->arguments = arguments_write(&call->arena, argc, argv);
    enum exit_code exit = arguments_take(call, argc, argv);
    if (exit != EXIT_DONE)
        return exit;
    if (!call->command->needs_no_settings &&
        settings_read(environment, &call->fault, &call->settings))
        return EXIT_USAGE;
    return call->command->run(call);
}

/* No command, or none that exists: the help goes where errors go, unless it was asked for. */
static int help_print(struct call *call, int argc, const char *const argv[])
{
    bool is_asked = argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    if (argc > 1 && !is_asked) {
        fprintf(stderr, "clinicd: there is no command `%s`; see `%s help`\n", argv[1],
                call->program);
        return EXIT_USAGE;
    }
    commands_help(&call->text, call->program, NULL);
    fputs(call->text.text, is_asked ? stdout : stderr);
    return is_asked ? EXIT_DONE : EXIT_USAGE;
}

int commands_run(int argc, const char *const argv[], const char *const environment[])
{
    struct call call = {.program = argc > 0 ? argv[0] : "clinicd",
                        .started_us = clock_now_us(),
                        .started_monotonic_us = clock_monotonic_us()};
    call.fault.arena = &call.arena;
    buf_begin(&call.text, &call.arena, 0);
    buf_begin(&call.result, &call.arena, 0);
    int words = 0;
    int exit;
    call.command = argc > 1 ? command_find(argc - 1, argv + 1, &words) : NULL;
    if (!call.command) {
        exit = help_print(&call, argc, argv);
    } else {
        enum exit_code code = call_run(&call, argc - 1 - words, argv + 1 + words, environment);
        exit = (int)(call.is_json ? json_print(&call, code) : text_print(&call, code));
    }
    arena_end(&call.arena);
    return exit;
}
