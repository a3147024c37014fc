#include "db/import/load.h"

#include "db/import/cut.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_ROWS = 16000,
    VERIFY_ROWS = 4096,
    COPY_BYTES = 65536,
    NUMBER_TEXT = 24,
    SUM_TEXT = 48
};

/* A step under way. */
struct step_run {
    struct load *load;
    const struct import_step *step;
    const char *columns; /* of the SELECT */
    const char *where;
    int64_t total, seen, cursor;
    bool is_done;
    char cursor_text[NUMBER_TEXT];
};

/* The columns that this file has; what is left where it is, is not even read. */
static const char *columns_choose(const struct load *load, const struct import_step *step)
{
    struct buf columns, cuts;
    buf_begin(&columns, load->fault->arena, 0);
    buf_begin(&cuts, load->fault->arena, 0);
    for (size_t i = 0; legacy_fields[i].table; i++) {
        const struct legacy_field *field = &legacy_fields[i];
        bool is_left = step->leave && strcmp(field->column, step->leave) == 0;
        if (strcmp(field->table, step->table) != 0 || is_left ||
            !generation_has(load->source, field->table, field->column))
            continue;
        buf_text(&columns, columns.length ? ", " : "");
        if (load->options->cuts && cut_is_allowed(field))
            cut_column(field, &columns, &cuts);
        else
            buf_format(&columns, "t.\"%s\"", field->column);
    }
    if (step->extra)
        buf_format(&columns, ", %s", step->extra);
    if (cuts.length)
        buf_format(&columns, ", 0%s AS cut", cuts.text);
    return columns.text;
}

static int64_t chunk_rows(const struct step_run *run)
{
    int64_t rows = run->load->options->chunk_rows;
    int64_t most = run->step->files ? FILES_CHUNK : CHUNK_ROWS;
    return rows > 0 && rows < most ? rows : most;
}

/* Rows behind the cursor, in the order of their ids. */
static enum err rows_open(const struct step_run *run, int64_t after, int64_t limit,
                          sqlite3_stmt **out)
{
    return source_prepare(run->load->source, run->load->fault, out,
                          "SELECT %s FROM \"hospital_%w\" t WHERE t.id > %lld AND (%s)"
                          " ORDER BY t.id LIMIT %lld",
                          run->columns, run->step->table, (long long)after, run->where,
                          (long long)limit);
}

/* COPY's text form: a backslash is doubled; JSON has no bare tab or newline. */
static void copy_line(struct buf *out, int64_t id, const struct buf *line)
{
    buf_int(out, id);
    buf_char(out, '\t');
    for (const char *at = line->text, *end = at + line->length; at < end;) {
        const char *slash = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((slash ? slash : end) - at);
        buf_add(out, at, plain);
        if (slash)
            buf_text(out, "\\\\");
        at += plain + (slash != NULL);
    }
    buf_char(out, '\n');
}

/* Rows that were read, in COPY's form, on their way to the server. */
struct batch {
    struct arena arena;
    struct buf lines;
    int64_t rows, last; /* where it ends */
};

static void batch_end(struct batch *batch)
{
    arena_end(&batch->arena);
    *batch = (struct batch){.rows = 0};
}

static enum err batch_read(const struct step_run *run, int64_t after, struct batch *out)
{
    struct load *load = run->load;
    struct buf line;
    sqlite3_stmt *row = NULL;
    *out = (struct batch){.last = after};
    buf_begin(&line, &out->arena, 1024);
    buf_begin(&out->lines, &out->arena, COPY_BYTES);
    enum err err = rows_open(run, after, chunk_rows(run), &row);
    while (!err && source_step(load->source, load->fault, &row)) {
        line.length = 0;
        source_line(row, &line);
        out->last = sqlite3_column_int64(row, 0);
        copy_line(&out->lines, out->last, &line);
        out->rows++;
    }
    sqlite3_finalize(row);
    return err ? err : load->fault->err;
}

static enum err batch_stage(struct load *load, const struct batch *batch)
{
    enum err err = target_run(load->target, import_run_stage, NULL, NULL);
    for (size_t at = 0; !err && at < batch->lines.length; at += COPY_BYTES) {
        size_t left = batch->lines.length - at;
        err = target_copy(load->target, batch->lines.text + at,
                          left < COPY_BYTES ? left : COPY_BYTES);
    }
    return err ? err : target_copy_end(load->target);
}

static enum err rejects_count(struct load *load)
{
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = target_run(load->target, import_run_reject_count, &load->id, &result);
    if (!err)
        load->rejected = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    if (!err && load->most_rejects >= 0 && load->rejected > load->most_rejects)
        return fail(load->fault, ERR_INTERNAL, "verification-failed",
                    "%" PRId64 " rows are rejected, at most %" PRId64
                    " may be; the clinics stay closed",
                    load->rejected, load->most_rejects);
    return err;
}

void load_tell(const struct load *load, const char *name, int64_t done, int64_t total)
{
    const struct import_progress progress = {.verb = load->is_read_again ? "verify" : "import",
                                             .name = name,
                                             .done = done,
                                             .total = total,
                                             .rejected = load->rejected,
                                             .bytes = load->file_bytes,
                                             .chunk = load->is_read_again ? 0 : load->chunk};
    if (load->options->progress)
        load->options->progress(load->options->user, &progress);
}

static void progress_tell(const struct step_run *run, int64_t done)
{
    load_tell(run->load, run->step->name, done, run->total);
}

/* One transaction: staged, mapped, remembered, the cursor moved; of reports, two. While the server
 * maps a batch the next one is read: `batch` is that one afterwards. */
static enum err chunk_load(struct step_run *run, struct batch *batch)
{
    struct load *load = run->load;
    PGresult *result TARGET_CLEAR = NULL;
    int64_t rows = batch->rows, last = batch->last;
    snprintf(run->cursor_text, sizeof run->cursor_text, "%" PRId64, last);
    const char *values[] = {load->id, run->step->name, run->cursor_text};
    enum err err = batch_stage(load, batch);
    batch_end(batch);
    if (!err && run->step->files)
        err = files_keep(load, run->step, run->seen, run->total);
    if (!err)
        err = target_send(load->target, run->step->load, values);
    if (err)
        return err;
    if (rows == chunk_rows(run))
        err = batch_read(run, last, batch);
    enum err answer = target_answer(load->target, run->step->load, &result);
    if (!err)
        err = answer;
    if (!err)
        err = target_run(load->target, run->step->load + 1, values, NULL);
    if (!err)
        err = target_run(load->target, import_run_after, values, NULL);
    if (err)
        return err;
    run->cursor = last;
    run->seen += rows;
    return rejects_count(load);
}

enum err load_stop_look(const struct load *load)
{
    if (stop_asked(load->options->stop) == 0)
        return ERR_NONE;
    return fail(load->fault, ERR_CONFLICT, "stopped",
                "stopped, as somebody asked; the same command goes on from here");
}

static enum err rows_count(struct step_run *run)
{
    return source_number(run->load->source, run->load->fault, &run->total,
                         "SELECT count(*) FROM \"hospital_%w\" t WHERE %s", run->step->table,
                         run->where);
}

static enum err step_open(struct step_run *run, int ordinal)
{
    struct load *load = run->load;
    char ordinal_text[NUMBER_TEXT], total_text[NUMBER_TEXT];
    PGresult *result TARGET_CLEAR = NULL;
    enum err err = rows_count(run);
    if (err)
        return err;
    snprintf(ordinal_text, sizeof ordinal_text, "%d", ordinal);
    snprintf(total_text, sizeof total_text, "%" PRId64, run->total);
    const char *values[] = {load->id, run->step->name, ordinal_text, total_text};
    err = target_run(load->target, import_run_table, values, &result);
    if (err)
        return err;
    run->cursor = strtoll(PQgetvalue(result, 0, 0), NULL, 10);
    run->is_done = *PQgetvalue(result, 0, 1) == 't';
    run->seen = strtoll(PQgetvalue(result, 0, 2), NULL, 10);
    return ERR_NONE;
}

static bool run_begin(struct load *load, const struct import_step *step, struct step_run *out)
{
    *out = (struct step_run){.load = load, .step = step, .where = step->where ? step->where : "1"};
    out->columns = columns_choose(load, step);
    load->file_bytes = 0;
    load->chunk = chunk_rows(out);
    bool is_left = step->files && load->files->media < 0;
    return !is_left && generation_has(load->source, step->table, "id");
}

static enum err chunks_load(struct step_run *run)
{
    struct load *load = run->load;
    struct batch batch CLEANUP(batch_end) = {.rows = 0};
    enum err err = batch_read(run, run->cursor, &batch);
    bool is_more = true;
    for (int chunk = 1, quadrupled = 1; !err && is_more; chunk++) {
        err = chunk_load(run, &batch);
        is_more = batch.rows > 0;
        if (!err)
            progress_tell(run, run->seen);
        if (!err && is_more && chunk == quadrupled) {
            err = target_run(load->target, import_run_analyze, NULL, NULL);
            quadrupled *= 4;
        }
        if (!err)
            err = load_stop_look(load);
    }
    return err;
}

enum err load_rows(struct load *load)
{
    if (target_run(load->target, import_run_clear, NULL, NULL))
        return load->fault->err;
    for (int i = 0; import_steps[i].name; i++) {
        struct step_run run;
        if (!run_begin(load, &import_steps[i], &run))
            continue;
        enum err err = step_open(&run, i);
        if (!err && !run.is_done) {
            progress_tell(&run, run.seen);
            err = chunks_load(&run);
        }
        const char *values[] = {load->id, run.step->name};
        if (!err)
            err = target_run(load->target, import_run_done, values, NULL);
        if (err)
            return err;
    }
    return ERR_NONE;
}

/* 56 bits of a line's SHA-256, as ops.digest() has them. */
static uint64_t line_digest(const struct buf *line)
{
    unsigned char sum[crypto_hash_sha256_BYTES];
    uint64_t value = 0;
    crypto_hash_sha256(sum, (const unsigned char *)line->text, line->length);
    for (int i = 0; i < 7; i++)
        value = value << 8 | sum[i];
    return value;
}

/* A sum in two words, eighteen decimal digits in the low one. */
struct sum {
    uint64_t high, low;
};

static void sum_add(struct sum *sum, uint64_t value)
{
    const uint64_t base = 1000000000000000000ULL;
    sum->low += value;
    sum->high += sum->low / base;
    sum->low %= base;
}

static void sum_text(const struct sum *sum, char out[SUM_TEXT])
{
    if (sum->high)
        snprintf(out, SUM_TEXT, "%" PRIu64 "%018" PRIu64, sum->high, sum->low);
    else
        snprintf(out, SUM_TEXT, "%" PRIu64, sum->low);
}

/* The whole table again, straight from the file. */
static enum err source_sum(struct step_run *run, char out[SUM_TEXT])
{
    struct load *load = run->load;
    struct arena arena = {0};
    struct buf line;
    sqlite3_stmt *row = NULL;
    struct sum sum = {0, 0};
    buf_begin(&line, &arena, 1024);
    enum err err = rows_open(run, INT64_MIN, -1, &row);
    while (!err && source_step(load->source, load->fault, &row)) {
        line.length = 0;
        source_line(row, &line);
        sum_add(&sum, line_digest(&line));
        if (++run->seen % VERIFY_ROWS == 0) {
            progress_tell(run, run->seen);
            err = load_stop_look(load);
        }
    }
    sqlite3_finalize(row);
    arena_end(&arena);
    if (!err)
        err = load->fault->err;
    if (!err)
        sum_text(&sum, out);
    return err;
}

/* What was loaded, and the same asked of the tables where it now stands: the server adds up while
 * the file is read a second time. */
static enum err step_verify(struct step_run *run)
{
    const char *values[] = {run->load->id, run->step->name};
    char sum[SUM_TEXT];
    const char *digest[] = {run->load->id, run->step->name, sum};
    PGresult *meant TARGET_CLEAR = NULL;
    PGresult *found TARGET_CLEAR = NULL;
    enum err err = target_send(run->load->target, run->step->check, values);
    if (err)
        return err;
    err = source_sum(run, sum);
    enum err answer = target_answer(run->load->target, run->step->check, &found);
    if (!err)
        err = answer;
    if (!err)
        err = target_run(run->load->target, import_run_digest, digest, NULL);
    if (!err)
        err = target_run(run->load->target, import_run_loaded, values, &meant);
    if (!err && (strcmp(PQgetvalue(meant, 0, 0), PQgetvalue(found, 0, 0)) != 0 ||
                 strcmp(PQgetvalue(meant, 0, 1), PQgetvalue(found, 0, 1)) != 0))
        err = fail(run->load->fault, ERR_INTERNAL, "verification-failed",
                   "%s: %s rows were loaded (checksum %s), %s are there (%s); the clinics stay "
                   "closed",
                   run->step->name, PQgetvalue(meant, 0, 0), PQgetvalue(meant, 0, 1),
                   PQgetvalue(found, 0, 0), PQgetvalue(found, 0, 1));
    return err;
}

static enum err sums_compare(struct load *load)
{
    PGresult *rows TARGET_CLEAR = NULL;
    enum err err = target_run(load->target, import_run_tables, &load->id, &rows);
    for (int i = 0; !err && i < PQntuples(rows); i++) {
        if (*PQgetvalue(rows, i, PQfnumber(rows, "is_whole")) != 't')
            err = fail(load->fault, ERR_INTERNAL, "verification-failed",
                       "%s: rows or checksums of the file and of what was read of it differ; the "
                       "clinics stay closed",
                       PQgetvalue(rows, i, 0));
    }
    return err;
}

enum err load_verify(struct load *load)
{
    load->is_read_again = true;
    for (int i = 0; import_steps[i].name; i++) {
        struct step_run run;
        if (!run_begin(load, &import_steps[i], &run))
            continue;
        enum err err = rows_count(&run);
        if (!err)
            progress_tell(&run, 0);
        if (!err)
            err = step_verify(&run);
        if (!err && run.step->files)
            err = files_verify(load, run.step);
        if (err)
            return err;
        progress_tell(&run, run.total);
        if (load_stop_look(load))
            return load->fault->err;
    }
    return sums_compare(load);
}
