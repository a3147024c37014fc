/* clinicd migrate lint: rules for migrations, over those of this program or over files. */
#include "api/app/commands.h"
#include "db/migrate.h"
#include "db/migrate/lint.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

struct lint {
    struct call *call;
    struct lint_finding *all;
    size_t n;
};

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
    return lint_text(path, text, &call->arena, &call->fault, &lint->all, &lint->n);
}

static enum err lint_embedded(struct lint *lint, const struct migration *file)
{
    struct call *call = lint->call;
    const char *path = arena_format(&call->arena, "%04d_%s.sql", file->version, file->name);
    return lint_text(path, file->text, &call->arena, &call->fault, &lint->all, &lint->n);
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

static void finding_write(struct call *call, const struct lint_finding *finding, bool is_first)
{
    buf_format(&call->text, "%s:%d: %s %s%s%s%s\n", finding->file, finding->line, finding->rule->id,
               finding->rule->says, finding->reason ? " (allowed: " : "",
               finding->reason ? finding->reason : "", finding->reason ? ")" : "");
    buf_text(&call->result, is_first ? "{\"file\": " : ", {\"file\": ");
    buf_json_string(&call->result, finding->file);
    buf_format(&call->result, ", \"line\": %d, \"rule\": \"%s\", \"says\": ", finding->line,
               finding->rule->id);
    buf_json_string(&call->result, finding->rule->says);
    buf_text(&call->result, ", \"allowed\": ");
    buf_json_string(&call->result, finding->reason);
    buf_char(&call->result, '}');
}

static enum exit_code findings_write(struct call *call, const struct lint *lint)
{
    size_t broken = 0;
    buf_text(&call->result, "{\"findings\": [");
    for (size_t i = 0; i < lint->n; i++) {
        finding_write(call, &lint->all[i], i == 0);
        broken += lint->all[i].reason == NULL;
    }
    buf_format(&call->result, "], \"broken\": %zu, \"allowed\": %zu}", broken, lint->n - broken);
    buf_format(&call->text, "%zu broken, %zu allowed\n", broken, lint->n - broken);
    return broken > 0 ? EXIT_LINT : EXIT_DONE;
}

enum exit_code run_migrate_lint(struct call *call)
{
    struct lint lint = {.call = call};
    enum err err = ERR_NONE;
    for (size_t i = 0; !err && i < call->operands_n; i++)
        err = lint_operand(&lint, call->operands[i]);
    for (const struct migration *file = migrations; !err && call->operands_n == 0 && file->version;
         file++)
        err = lint_embedded(&lint, file);
    return err ? call_failed(call) : findings_write(call, &lint);
}
