/* clinicd report verify, show: what an import said of itself. */
#include "api/app/report.h"

#include "api/app/site.h"
#include "db/json.h"
#include "db/keys.h"
#include "db/noted.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MOST = 16 * 1024 * 1024 };

const char *report_canonical(struct arena *arena, const json_t *report)
{
    char *text = json_dumps(report, JSON_SORT_KEYS | JSON_COMPACT);
    const char *kept = arena_copy(arena, text);
    free(text);
    return kept;
}

/* Before the home is entered: a relative path is the caller's. */
static enum err file_read(struct call *call, const char *path, const char **text, size_t *length)
{
    FILE *file = fopen(path, "re");
    if (!file)
        return fail(&call->fault, ERR_INPUT, "usage", "cannot read %s", path);
    char *bytes = malloc(FILE_MOST + 1);
    size_t n = bytes ? fread(bytes, 1, FILE_MOST + 1, file) : 0;
    fclose(file);
    if (n > 0 && n <= FILE_MOST) {
        *text = arena_copy_n(&call->arena, bytes, n);
        *length = n;
    }
    free(bytes);
    return n > 0 && n <= FILE_MOST
               ? ERR_NONE
               : fail(&call->fault, ERR_INPUT, "usage", "%s is no report", path);
}

static enum err noted_ask(struct call *call, const char *sha256, const char *import,
                          struct noted_report *out)
{
    struct site site = {.settings = &call->settings, .home = {.lock = -1}};
    const char *url;
    enum err err = ERR_NONE;
    if (call->settings.database_url[0] == '\0')
        err = site_open(&call->settings, SITE_VISIT, &call->fault, &site);
    if (!err)
        err = site_migrator_url(&site, &call->fault, &url);
    if (!err)
        err = noted_find(url, sha256, import, &call->fault, out);
    site_close(&site);
    return err;
}

/* Whatever was altered, the file or what the database has of it, is one thing to who asks. */
static enum exit_code answer_failed(struct call *call)
{
    bool is_altered = call->fault.err == ERR_NOT_FOUND ||
                      (call->fault.code && strcmp(call->fault.code, "history-broken") == 0);
    return is_altered ? EXIT_UNVERIFIED : call_failed(call);
}

enum exit_code run_report_verify(struct call *call)
{
    char sha256[DIGEST_TEXT];
    const char *text;
    size_t length;
    struct noted_report noted;
    if (call->operands_n != 1)
        return call_usage(call, "say which file");
    enum err err = file_read(call, call->operands[0], &text, &length);
    if (err)
        return call_failed(call);
    err = noted_ask(call, digest_hex(text, length, sha256), NULL, &noted);
    if (err == ERR_NOT_FOUND) {
        fault_reset(&call->fault);
        fail(&call->fault, ERR_NOT_FOUND, "verification-failed",
             "%s is no report of this database, or was altered: no import noted one with the hash "
             "%s",
             call->operands[0], sha256);
    }
    if (!err && !noted.is_true)
        err = fail(&call->fault, ERR_INTERNAL, "verification-failed",
                   "the report of import %s in ops.run was altered", noted.import);
    if (err)
        return answer_failed(call);
    buf_format(&call->text,
               "%s is the report of import %s, as it was written at %s by %s on %s with %s\n"
               "sha256 %s; the chain of ops.run is whole\n",
               call->operands[0], noted.import, noted.ended_at, noted.by, noted.host, noted.tool,
               sha256);
    buf_format(&call->result, "{\"import\": %s, \"sha256\": \"%s\", \"ended_at\": \"%s\"}",
               noted.import, sha256, noted.ended_at);
    return EXIT_DONE;
}

/* --- for people --- */

static int64_t number(const json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

static const char *word(const json_t *object, const char *member)
{
    const char *text = json_member(object, member);
    return text ? text : "";
}

static void origin_write(const json_t *report, struct buf *out)
{
    const json_t *source = json_object_get(report, "source");
    const json_t *generation = json_object_get(report, "generation");
    buf_format(out,
               "generation %" PRId64 " (%s), last migration %s\nsha256 %s, %" PRId64 " bytes\n",
               number(generation, "number"), word(generation, "name"),
               word(generation, "last_migration"), word(report, "sha256"), number(report, "bytes"));
    if (strcmp(word(source, "kind"), "postgresql") == 0)
        buf_format(out, "read from PostgreSQL %s, server %s, database %s, snapshot %s, at %s\n",
                   word(source, "server_version"), word(source, "system_identifier"),
                   word(source, "database"), word(source, "snapshot"), word(source, "lsn"));
}

static void outcome_write(const json_t *report, struct buf *out)
{
    size_t i;
    json_t *one;
    buf_format(out, "%-22s %9s %9s %7s %8s %9s %8s\n", "", "source", "loaded", "merged", "skipped",
               "rejected", "already");
    json_array_foreach(json_object_get(report, "steps"), i, one) buf_format(
        out,
        "%-22s %9" PRId64 " %9" PRId64 " %7" PRId64 " %8" PRId64 " %9" PRId64 " %8" PRId64 "  %s\n",
        word(one, "name"), number(one, "source_rows"), number(one, "loaded"), number(one, "merged"),
        number(one, "skipped"), number(one, "rejected"), number(one, "already"),
        json_is_true(json_object_get(one, "is_whole")) ? "adds up" : "DOES NOT ADD UP");
    json_array_foreach(json_object_get(report, "changes"), i, one)
        buf_format(out, "  %-22s %9" PRId64 "  %s\n", word(one, "name"), number(one, "rows"),
                   word(one, "code"));
    json_array_foreach(json_object_get(report, "rejects"), i, one)
        buf_format(out, "  rejected: %s %" PRId64 ", %s (%s)\n", word(one, "name"),
                   number(one, "legacy_id"), word(one, "code"), word(one, "column_name"));
    json_array_foreach(json_object_get(report, "clinics"), i, one)
        buf_format(out, "clinic %s: %s\n", word(one, "slug"), word(one, "status"));
}

enum exit_code run_report_show(struct call *call)
{
    const char *name = call->operands[0], *text = NULL;
    size_t length = 0;
    struct noted_report noted;
    if (call->operands_n != 1)
        return call_usage(call, "say which file, or the number of an import");
    bool is_number = call_number(name, -1) >= 0;
    enum err err =
        is_number ? noted_ask(call, NULL, name, &noted) : file_read(call, name, &text, &length);
    if (err == ERR_NOT_FOUND) {
        fault_reset(&call->fault);
        return call_usage(call, "there is no report of an import %s", name);
    }
    if (err)
        return answer_failed(call);
    json_t *report =
        json_loadb(is_number ? noted.text : text, is_number ? strlen(noted.text) : length, 0, NULL);
    if (!json_is_object(report) || !json_object_get(report, "generation")) {
        json_decref(report);
        return call_usage(call, "%s is no report", name);
    }
    origin_write(report, &call->text);
    if (json_object_get(report, "steps"))
        outcome_write(report, &call->text);
    buf_text(&call->result, report_canonical(&call->arena, report));
    json_decref(report);
    return EXIT_DONE;
}
