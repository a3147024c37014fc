/* clinicd migrate lint: rules for migrations, over those of this program or over files. */
#include "api/app/migration.h"
#include "db/migrate/lint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

enum format { FORMAT_TEXT, FORMAT_JSON, FORMAT_GITHUB, FORMATS_N };

static const char *const format_names[FORMATS_N] = {"text", "json", "github"};

struct lint {
    struct call *call;
    enum format format;
    const char *const *in_use; /* NULL: nobody asked the database */
    struct lint_finding *all;
    size_t n;
};

static enum err lint_one(struct lint *lint, const char *path, const char *text)
{
    struct call *call = lint->call;
    return lint_text(path, text, lint->in_use, &call->arena, &call->fault, &lint->all, &lint->n);
}

static enum err lint_file(struct lint *lint, const char *path)
{
    struct call *call = lint->call;
    char *text = arena_take(&call->arena, FILE_MAX + 1);
    FILE *file = fopen(path, "r");
    if (!file)
        return fail(&call->fault, ERR_INPUT, "usage", "%s: %s", path, strerror(errno));
    size_t length = fread(text, 1, FILE_MAX, file);
    fclose(file);
    if (length == FILE_MAX)
        return fail(&call->fault, ERR_INPUT, "usage", "%s is too long for a migration", path);
    return lint_one(lint, path, text);
}

static enum err lint_embedded(struct lint *lint, const struct migration *file)
{
    return lint_one(
        lint,
        arena_format(&lint->call->arena, "db/migrations/%04d_%s.sql", file->version, file->name),
        file->text);
}

/* A number is a version of this program, everything else a path. */
static enum err lint_operand(struct lint *lint, const char *operand)
{
    int version = call_number(operand, 0);
    for (const struct migration *file = migrations; version > 0 && file->version; file++)
        if (file->version == version)
            return lint_embedded(lint, file);
    return lint_file(lint, operand);
}

/* What a runner of GitHub shows beside the line; in a message "%" begins an escape. */
static void github_write(struct buf *out, const struct lint_finding *finding)
{
    buf_format(out, "::%s file=%s,line=%d,title=%s::", finding->reason ? "notice" : "error",
               finding->path, finding->line, finding->rule->id);
    const char *const parts[] = {finding->rule->says, finding->reason ? " (allowed: " : "",
                                 finding->reason ? finding->reason : "",
                                 finding->reason ? ")" : ""};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        for (const char *c = parts[i]; *c; c++)
            if (*c == '%')
                buf_text(out, "%25");
            else
                buf_char(out, *c);
    buf_char(out, '\n');
}

static void text_write(struct buf *out, const struct lint_finding *finding)
{
    buf_format(out, "%s:%d: %s %s%s%s%s\n", finding->file, finding->line, finding->rule->id,
               finding->rule->says, finding->reason ? " (allowed: " : "",
               finding->reason ? finding->reason : "", finding->reason ? ")" : "");
}

static void finding_write(struct lint *lint, const struct lint_finding *finding, bool is_first)
{
    struct call *call = lint->call;
    if (lint->format == FORMAT_GITHUB)
        github_write(&call->text, finding);
    else
        text_write(&call->text, finding);
    buf_text(&call->result, is_first ? "{\"file\": " : ", {\"file\": ");
    buf_json_string(&call->result, finding->file);
    buf_text(&call->result, ", \"path\": ");
    buf_json_string(&call->result, finding->path);
    buf_format(&call->result, ", \"line\": %d, \"rule\": \"%s\", \"says\": ", finding->line,
               finding->rule->id);
    buf_json_string(&call->result, finding->rule->says);
    buf_text(&call->result, ", \"allowed\": ");
    buf_json_string(&call->result, finding->reason);
    buf_char(&call->result, '}');
}

static enum exit_code findings_write(struct lint *lint)
{
    struct call *call = lint->call;
    size_t broken = 0;
    buf_text(&call->result, "{\"findings\": [");
    for (size_t i = 0; i < lint->n; i++) {
        finding_write(lint, &lint->all[i], i == 0);
        broken += lint->all[i].reason == NULL;
    }
    buf_format(&call->result, "], \"broken\": %zu, \"allowed\": %zu}", broken, lint->n - broken);
    if (lint->format != FORMAT_GITHUB)
        buf_format(&call->text, "%zu broken, %zu allowed\n", broken, lint->n - broken);
    return broken > 0 ? EXIT_LINT : EXIT_DONE;
}

static enum exit_code format_take(struct lint *lint)
{
    const char *name = call_option(lint->call, "--format");
    size_t i = 0;
    while (name && i < FORMATS_N && strcmp(format_names[i], name) != 0)
        i++;
    if (i == FORMATS_N)
        return call_usage(lint->call, "--format is text, json or github");
    lint->format = (enum format)i;
    lint->call->is_json |= lint->format == FORMAT_JSON;
    return EXIT_DONE;
}

static enum err lint_all(struct lint *lint)
{
    struct call *call = lint->call;
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && i < call->operands_n; i++)
        err = lint_operand(lint, call->operands[i]);
    for (const struct migration *file = migrations; !err && call->operands_n == 0 && file->version;
         file++)
        err = lint_embedded(lint, file);
    return err;
}

enum exit_code run_migrate_lint(struct call *call)
{
    struct lint lint = {.call = call};
    struct migration_work work;
    bool asks = call_option(call, "--against-db") != NULL;
    if (format_take(&lint) != EXIT_DONE)
        return EXIT_USAGE;
    for (size_t i = 0; asks && i < call->operands_n; i++)
        if (call_number(call->operands[i], 0) < 1)
            call->operands[i] = call_path(call, call->operands[i]);
    enum err err = asks ? migration_begin(call, &work) : ERR_NONE;
    if (asks && !err)
        err = migrate_tables_in_use(&work.options, &call->arena, &call->fault, &lint.in_use);
    if (!err)
        err = lint_all(&lint);
    enum exit_code exit = asks ? migration_end(&work, err) : err ? call_failed(call) : EXIT_DONE;
    return err ? exit : findings_write(&lint);
}
