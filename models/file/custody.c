#include "models/file/custody.h"

#include "db/arena.h"
#include "db/clock.h"
#include "db/keys.h"
#include "gen/queries.h"
#include "models/file/custody_parts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

enum { SPARED_FROM = 100, PIECE = 64 * 1024 };

#define HOUR_US INT64_C(3600000000)

const char *custody_problem_name(enum custody_problem problem)
{
    static const char *const names[] = {
        [CUSTODY_MISSING] = "missing",     [CUSTODY_WRONG_LENGTH] = "wrong-length",
        [CUSTODY_WRONG_SUM] = "wrong-sum", [CUSTODY_UNREADABLE] = "unreadable",
        [CUSTODY_ORPHAN] = "orphan",       [CUSTODY_FOUND] = "found"};
    return names[problem];
}

/* What the store holds of a clinic, sorted by name. */
struct holding {
    char id[UUID_TEXT];
    bool is_named; /* by a row */
    uint64_t size;
    int64_t changed_us;
};

struct check {
    const struct custody *custody;
    const struct custody_options *options;
    struct custody_count *count;
    struct fault *fault;
    int64_t clinic, old_us; /* what was changed before is old */
    struct holding *holdings;
    size_t holdings_n, room;
    uint64_t rows;
    enum err err; /* of what happened in the walk */
};

static void check_end(struct check *check)
{
    free(check->holdings);
}

static void tell(struct check *check, enum custody_problem problem, const char *id)
{
    check->count->problems[problem]++;
    if (check->options->told)
        check->options->told(check->options->user, check->clinic, problem, id);
}

/* --- what is there -------------------------------------------------------------------------- */

static void spool_meet(struct check *check, const struct store_object *object)
{
    if (object->changed_us > check->old_us)
        return;
    check->count->spools++;
    if (!check->options->removes)
        return;
    check->err =
        store_remove_spool(check->custody->store, check->clinic, object->name, check->fault);
    check->count->removed += !check->err;
}

static bool object_meet(void *user, const struct store_object *object)
{
    struct check *check = user;
    if (object->is_spool) {
        spool_meet(check, object);
        return !check->err;
    }
    if (check->holdings_n == check->room) {
        check->room = check->room ? 2 * check->room : 256;
        check->holdings = reallocarray(check->holdings, check->room, sizeof *check->holdings);
        if (!check->holdings)
            abort();
    }
    struct holding *holding = &check->holdings[check->holdings_n++];
    *holding = (struct holding){.size = object->size, .changed_us = object->changed_us};
    memcpy(holding->id, object->name, sizeof holding->id);
    return true;
}

static int holding_order(const void *a, const void *b)
{
    const struct holding *one = a, *other = b;
    return strcmp(one->id, other->id);
}

/* --- what should be there ------------------------------------------------------------------- */

/* The sum of what can be read of it; false: not all of it can. */
static bool sum_read(struct check *check, struct store_reader *file, char out[DIGEST_TEXT])
{
    static const size_t piece = PIECE;
    struct arena arena CLEANUP(arena_end) = {0};
    unsigned char digest[crypto_hash_sha256_BYTES], *bytes = arena_take(&arena, piece);
    crypto_hash_sha256_state hash;
    crypto_hash_sha256_init(&hash);
    ssize_t n;
    while ((n = store_reader_read(file, bytes, piece)) > 0) {
        crypto_hash_sha256_update(&hash, bytes, (unsigned long long)n);
        check->count->bytes += (uint64_t)n;
    }
    crypto_hash_sha256_final(&hash, digest);
    sodium_bin2hex(out, DIGEST_TEXT, digest, sizeof digest);
    return n == 0;
}

static enum err sum_check(struct check *check, const char *id, uint64_t size, const char *sha256,
                          enum custody_problem *out)
{
    char sum[DIGEST_TEXT];
    struct store_reader *file = NULL;
    enum err err =
        store_read(check->custody->store, check->clinic, id, size, 0, size, check->fault, &file);
    if (err)
        return err;
    bool is_read = sum_read(check, file, sum);
    store_reader_close(file);
    *out = !is_read                   ? CUSTODY_UNREADABLE
           : strcmp(sum, sha256) != 0 ? CUSTODY_WRONG_SUM
                                      : CUSTODY_FOUND;
    return ERR_NONE;
}

/* CUSTODY_FOUND: all is well with it. A file that came after the walk is asked for by name. */
static enum err object_check(struct check *check, const char *id, uint64_t size, const char *sha256,
                             bool reads, enum custody_problem *out)
{
    struct holding key = {0};
    strcpy(key.id, id);
    struct holding *holding =
        bsearch(&key, check->holdings, check->holdings_n, sizeof *check->holdings, holding_order);
    uint64_t found = holding ? holding->size : 0;
    if (holding)
        holding->is_named = true;
    enum err err = holding
                       ? ERR_NONE
                       : store_look(check->custody->store, check->clinic, id, check->fault, &found);
    *out = CUSTODY_FOUND;
    if (err && check->fault->code && strcmp(check->fault->code, "file-missing") == 0) {
        fault_reset(check->fault);
        *out = CUSTODY_MISSING;
        return ERR_NONE;
    }
    if (err == ERR_INTERNAL) { /* this file's disk; a bucket that is away is not about a file */
        fault_reset(check->fault);
        *out = CUSTODY_UNREADABLE;
        return ERR_NONE;
    }
    if (!err && found != size)
        *out = CUSTODY_WRONG_LENGTH;
    else if (!err && reads)
        err = sum_check(check, id, size, sha256, out);
    return err;
}

/* What cannot be read now may be read later, and a store that is empty is rather not mounted. */
static bool marks(const struct check *check, enum custody_problem problem)
{
    return check->options->marks && problem != CUSTODY_UNREADABLE &&
           (check->holdings_n > 0 || check->rows <= SPARED_FROM);
}

/* A file that is called missing is only believed to be back when it was read. */
static enum err row_check(struct check *check, const struct rows *rows, int i)
{
    const char *id = rows_text(rows, i, "id"), *state = rows_text(rows, i, "state");
    bool was_missing = strcmp(state, "missing") == 0, moved = false;
    enum custody_problem problem;
    enum err err =
        object_check(check, id, (uint64_t)rows_int(rows, i, "size_bytes", 0),
                     rows_text(rows, i, "sha256"), check->options->reads || was_missing, &problem);
    if (err)
        return err;
    bool is_well = problem == CUSTODY_FOUND;
    check->rows++;
    check->count->files++;
    if (!is_well || was_missing)
        tell(check, problem, id);
    if (check->options->moved)
        check->options->moved(check->options->user, check->count);
    if (!marks(check, problem) || is_well != was_missing ||
        (!is_well && strcmp(state, "clean") != 0) || rows_bool(rows, i, "is_deleted", false))
        return ERR_NONE;
    err = custody_mark(check->custody, check->clinic, id, state, is_well ? "clean" : "missing",
                       check->fault, &moved);
    check->count->marked += moved;
    return err;
}

/* Each page in an arena of its own: a clinic may have many. */
static enum err rows_check(struct check *check)
{
    char after[UUID_TEXT] = CUSTODY_FIRST;
    struct fault *outer = check->fault;
    enum err err = ERR_NONE;
    for (bool is_more = true; is_more && !err;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault here = {.arena = &arena};
        const struct q_file_custody_rows_args args = {
            .after = after, .wanted = arena_format(&arena, "%d", CUSTODY_PAGE)};
        struct rows rows = {0};
        check->fault = &here;
        err =
            custody_read(check->custody, check->clinic, &q_file_custody_rows, &args, &here, &rows);
        for (int i = 0; i < rows.count && !err; i++)
            err = row_check(check, &rows, i);
        is_more = rows.count == CUSTODY_PAGE;
        if (rows.count)
            strcpy(after, rows_text(&rows, rows.count - 1, "id"));
        check->fault = outer;
        if (err)
            return fail_quietly(outer, err, here.code, "%s", here.reason ? here.reason : "-");
    }
    return ERR_NONE;
}

/* --- what nobody names ---------------------------------------------------------------------- */

static enum err orphans_meet(struct check *check, const struct rows *rows, bool removes)
{
    for (int i = 0; i < rows->count; i++) {
        const char *id = rows_text(rows, i, "id");
        tell(check, CUSTODY_ORPHAN, id);
        if (!removes)
            continue;
        enum err err = store_remove(check->custody->store, check->clinic, id, check->fault);
        if (err)
            return err;
        check->count->removed++;
    }
    return ERR_NONE;
}

/* Asked once more by name: rows are only seen page by page. */
static enum err orphans_ask(struct check *check, const char *ids, bool removes)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault here = {.arena = &arena};
    const struct q_file_custody_unknown_args args = {.ids = ids};
    struct rows rows;
    struct fault *outer = check->fault;
    check->fault = &here;
    enum err err =
        custody_read(check->custody, check->clinic, &q_file_custody_unknown, &args, &here, &rows);
    if (!err)
        err = orphans_meet(check, &rows, removes);
    check->fault = outer;
    return err ? fail_quietly(outer, err, here.code, "%s", here.reason ? here.reason : "-")
               : ERR_NONE;
}

static bool is_stray(const struct check *check, const struct holding *holding)
{
    return !holding->is_named && holding->changed_us <= check->old_us;
}

static enum err orphans_check(struct check *check)
{
    uint64_t strays = 0;
    for (size_t i = 0; i < check->holdings_n; i++)
        strays += is_stray(check, &check->holdings[i]);
    bool is_odd = strays > SPARED_FROM && strays > check->rows && !check->options->removes_many;
    if (check->options->removes && is_odd)
        check->count->spared += strays;
    enum err err = ERR_NONE;
    for (size_t i = 0; i < check->holdings_n && !err;) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct buf ids;
        size_t n = 0;
        buf_begin(&ids, &arena, (size_t)CUSTODY_PAGE * UUID_TEXT);
        for (; i < check->holdings_n && n < CUSTODY_PAGE; i++) {
            if (is_stray(check, &check->holdings[i]))
                buf_format(&ids, "%s%s", n++ ? "," : "{", check->holdings[i].id);
        }
        buf_char(&ids, '}');
        if (n)
            err = orphans_ask(check, ids.text, check->options->removes && !is_odd);
    }
    return err;
}

enum err custody_check(const struct custody *custody, int64_t clinic,
                       const struct custody_options *options, struct fault *fault,
                       struct custody_count *count)
{
    int64_t age_us = options->least_age_us ? options->least_age_us : HOUR_US;
    struct check check CLEANUP(check_end) = {.custody = custody,
                                             .options = options,
                                             .count = count,
                                             .fault = fault,
                                             .clinic = clinic,
                                             .old_us = clock_now_us() - age_us};
    enum err err = store_walk(custody->store, clinic, object_meet, &check, fault);
    if (!err)
        err = check.err;
    if (!err && check.holdings_n)
        qsort(check.holdings, check.holdings_n, sizeof *check.holdings, holding_order);
    if (!err)
        err = rows_check(&check);
    return err ? err : orphans_check(&check);
}
