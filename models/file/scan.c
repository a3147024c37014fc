#include "db/store/scan.h"
#include "db/arena.h"
#include "db/clock.h"
#include "gen/queries.h"
#include "models/file/custody_parts.h"

#include <string.h>

static struct scope scope_make(int64_t clinic, const char *operation, char request_id[UUID_TEXT])
{
    int64_t now_us = clock_now_us();
    return (struct scope){.clinic_id = clinic,
                          .actor_kind = "system",
                          .operation = operation,
                          .request_id = uuid_make(now_us, request_id),
                          .now_us = now_us};
}

enum err custody_read(const struct custody *custody, int64_t clinic, const struct query *query,
                      const void *args, struct fault *fault, struct rows *out)
{
    char request_id[UUID_TEXT];
    struct scope scope = scope_make(clinic, "files_check", request_id);
    struct tx tx;
    tx_begin(&tx, custody->database, &scope, TX_SINGLE, fault);
    return query_run(&tx, query, args, out);
}

enum err custody_mark(const struct custody *custody, int64_t clinic, const char *id,
                      const char *from, const char *to, struct fault *fault, bool *moved)
{
    const struct q_file_custody_mark_args args = {.id = id, .from_state = from, .to_state = to};
    char request_id[UUID_TEXT];
    struct scope scope = scope_make(clinic, "files_mark", request_id);
    struct tx tx;
    tx_begin(&tx, custody->database, &scope, TX_SINGLE, fault);
    tx.audit_into = AUDIT_CLINIC;
    tx.audit_status = 200;
    enum err err = query_run(&tx, &q_file_custody_mark, &args, NULL);
    *moved = !err;
    if (err != ERR_NOT_FOUND)
        return err;
    fault_reset(fault);
    return ERR_NONE;
}

enum err custody_clinics(struct database *database, struct fault *fault,
                         struct custody_clinic **out, size_t *n)
{
    const struct q_clinic_entries_args args = {0};
    const struct custody custody = {.database = database};
    struct rows rows;
    enum err err = custody_read(&custody, 0, &q_clinic_entries, &args, fault, &rows);
    if (err)
        return err;
    struct custody_clinic *clinics =
        arena_array(fault->arena, struct custody_clinic, (size_t)rows.count + 1);
    for (int i = 0; i < rows.count; i++)
        clinics[i] = (struct custody_clinic){.id = rows_int(&rows, i, "clinic_id", 0),
                                             .slug = rows_text(&rows, i, "slug")};
    *out = clinics;
    *n = (size_t)rows.count;
    return ERR_NONE;
}

/* --- the scanner ---------------------------------------------------------------------------- */

static enum err scan_one(const struct custody *custody, int64_t clinic, const char *id,
                         uint64_t size, struct fault *fault, struct custody_count *count)
{
    struct store_reader *file = NULL;
    enum scan scan = SCAN_INFECTED;
    bool moved = false;
    enum err err = store_read(custody->store, clinic, id, size, 0, size, fault, &file);
    if (err)
        return err;
    err = scanner_ask(custody->scanner, file, fault, &scan);
    store_reader_close(file);
    if (!err)
        err = custody_mark(custody, clinic, id, "pending",
                           scan == SCAN_CLEAN ? "clean" : "infected", fault, &moved);
    if (!err) {
        count->scanned++;
        count->infected += scan == SCAN_INFECTED;
    }
    return err;
}

/* One file that the scanner chokes on must not hold up the others; a scanner that is away would
 * answer none of them. */
static enum err scan_page(const struct custody *custody, int64_t clinic, const struct rows *rows,
                          struct fault *fault, struct custody_count *count)
{
    enum { IN_VAIN_MOST = 3 };
    int in_vain = 0;
    for (int i = 0; i < rows->count; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault here = {.arena = &arena};
        enum err err = scan_one(custody, clinic, rows_text(rows, i, "id"),
                                (uint64_t)rows_int(rows, i, "size_bytes", 0), &here, count);
        count->waiting += err != ERR_NONE;
        in_vain = err == ERR_UNAVAILABLE ? in_vain + 1 : 0;
        if (in_vain == IN_VAIN_MOST || (err && rows->count == 1))
            return fail_quietly(fault, ERR_UNAVAILABLE, "scanner-unavailable", "%s",
                                here.reason ? here.reason : "-");
    }
    return ERR_NONE;
}

enum err custody_scan(const struct custody *custody, int64_t clinic, struct fault *fault,
                      struct custody_count *count)
{
    char after[UUID_TEXT] = CUSTODY_FIRST;
    enum err err = ERR_NONE;
    for (bool is_more = true; is_more && !err;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault here = {.arena = &arena};
        const struct q_file_scan_waiting_args args = {
            .after = after, .wanted = arena_format(&arena, "%d", CUSTODY_PAGE)};
        struct rows rows;
        err = custody_read(custody, clinic, &q_file_scan_waiting, &args, &here, &rows);
        if (!err)
            err = scan_page(custody, clinic, &rows, &here, count);
        if (err)
            return fail_quietly(fault, err, here.code, "%s", here.reason ? here.reason : "-");
        is_more = rows.count == CUSTODY_PAGE;
        if (rows.count)
            strcpy(after, rows_text(&rows, rows.count - 1, "id"));
    }
    return ERR_NONE;
}
