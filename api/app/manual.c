/* clinicd help --man and clinicd completion bash: both are made from the table of commands, so they
 * know what the program knows. */
#include "api/app/commands.h"

#include <string.h>

/* roff takes a bare - for a hyphen and a line that begins with . or ' for a request. */
static void roff_text(struct buf *out, const char *text)
{
    if (*text == '.' || *text == '\'')
        buf_text(out, "\\&");
    for (; *text; text++) {
        if (*text == '-' || *text == '\\')
            buf_char(out, '\\');
        buf_char(out, *text == '\\' ? 'e' : *text);
    }
}

static void roff_option(struct buf *out, const struct command_option *option)
{
    buf_text(out, ".TP\n.B ");
    roff_text(out, option->name);
    if (option->value) {
        buf_text(out, " \\fI");
        roff_text(out, option->value);
        buf_text(out, "\\fR");
    }
    buf_char(out, '\n');
    roff_text(out, option->help);
    buf_char(out, '\n');
}

static void roff_command(struct buf *out, const struct command *command)
{
    buf_text(out, ".SS ");
    roff_text(out, command->name);
    if (command->operands) {
        buf_char(out, ' ');
        roff_text(out, command->operands);
    }
    buf_char(out, '\n');
    roff_text(out, command->help);
    buf_text(out, ".\n");
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        roff_option(out, &command->options[i]);
}

void commands_manual(struct buf *out)
{
    buf_text(out, ".TH CLINICD 1 \"\" \"clinicd " CLINICD_VERSION "\"\n"
                  ".SH NAME\nclinicd \\- records and day of many clinics, behind walls\n"
                  ".SH SYNOPSIS\n.B clinicd\n.I command\n[\\fIoption\\fR ...]\n"
                  ".SH DESCRIPTION\nThe answer is on standard output, as text or, with "
                  "\\fB\\-\\-json\\fR, as one document; notes, progress and failures are on "
                  "standard error. \\fB\\-\\-progress\\fR \\fIHOW\\fR says how progress is told: "
                  "bar, lines, json or none. \\fB\\-\\-help\\fR explains a command.\n"
                  ".SH COMMANDS\n");
    for (const struct command *row = commands; row->name; row++)
        roff_command(out, row);
    buf_text(out, ".SH EXIT STATUS\n");
    for (int i = 0; exit_meaning(i); i++) {
        buf_format(out, ".TP\n.B %d\n", i);
        roff_text(out, exit_meaning(i));
        buf_char(out, '\n');
    }
    buf_text(out, ".SH ENVIRONMENT\nSettings are variables CLINICD_*; \\fBclinicd settings\\fR "
                  "prints them with the values in effect.\n");
}

static void completion_case(struct buf *out, const struct command *command)
{
    buf_format(out, "    \"%s \"*) words=\"", command->name);
    for (size_t i = 0; i < COMMAND_OPTIONS_MAX && command->options[i].name; i++)
        buf_format(out, "%s ", command->options[i].name);
    buf_format(out, "%s--help\" ;;\n", command->has_no_json ? "" : "--json --progress ");
}

/* Is this the first command whose name begins with that word? */
static bool is_first_of_word(const struct command *command, size_t length)
{
    for (const struct command *row = commands; row != command; row++) {
        if (strncmp(row->name, command->name, length) == 0 &&
            (row->name[length] == ' ' || row->name[length] == '\0'))
            return false;
    }
    return true;
}

/* What may follow a word that begins several commands: "migrate". */
static void completion_group(struct buf *out, const struct command *command, size_t length)
{
    buf_format(out, "    \"%.*s \") words=\"", (int)length, command->name);
    for (const struct command *row = command; row->name; row++) {
        if (strncmp(row->name, command->name, length + 1) == 0)
            buf_format(out, "%s ", row->name + length + 1);
    }
    buf_text(out, "\" ;;\n");
}

void commands_completion(struct buf *out)
{
    buf_text(out, "# bash completion of clinicd; made by `clinicd completion bash`\n"
                  "_clinicd() {\n    local words= word=\"${COMP_WORDS[COMP_CWORD]}\"\n"
                  "    local line=\"${COMP_WORDS[*]:1:COMP_CWORD-1} \"\n    case \"$line\" in\n"
                  "    \" \") words=\"");
    for (const struct command *row = commands; row->name; row++) {
        size_t length = strcspn(row->name, " ");
        if (is_first_of_word(row, length))
            buf_format(out, "%.*s ", (int)length, row->name);
    }
    buf_text(out, "\" ;;\n");
    for (const struct command *row = commands; row->name; row++) {
        size_t length = strcspn(row->name, " ");
        if (row->name[length] == ' ' && is_first_of_word(row, length))
            completion_group(out, row, length);
        completion_case(out, row);
    }
    buf_text(out, "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n}\n"
                  "complete -o default -F _clinicd clinicd\n");
}

enum exit_code run_completion(struct call *call)
{
    if (call->operands_n != 1 || strcmp(call->operands[0], "bash") != 0)
        return call_usage(call, "completion is made for bash");
    commands_completion(&call->text);
    return EXIT_DONE;
}
