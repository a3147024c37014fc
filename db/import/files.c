#include "db/import/files.h"

#include "db/import/load.h"
#include "db/import/media.h"
#include "db/store/file_name.h"
#include "db/store/sniffer.h"
#include "db/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, NUMBER_TEXT = 24 };

static const struct import_statement begin[] = {{"BEGIN", 0}, {NULL, 0}};

enum err files_open(const struct import_options *options, struct fault *fault, struct files *out)
{
    struct files files = {.media = -1, .most = options->file_most};
    enum err err = ERR_NONE;
    if (options->files)
        err = sniffer_start(fault, &files.sniffer);
    if (!err && options->files)
        err = media_open(options->files, fault, &files.media);
    if (!err && options->files && !options->is_dry)
        err = store_open(options->store, fault, &files.store);
    if (err)
        files_close(&files);
    else
        *out = files;
    return err;
}

void files_close(struct files *files)
{
    store_close(files->store);
    sniffer_stop(files->sniffer);
    if (files->media >= 0)
        close(files->media);
    *files = (struct files){.media = -1};
}

/* --- one file ------------------------------------------------------------------------------- */

/* A file that should come, and what became of it: kept, or why not. */
struct came {
    int64_t legacy_id, clinic;
    const char *id;      /* in the store */
    struct arena *arena; /* of the chunk */
    const char *code;    /* NULL: kept */
    const char *name, *media_type, *sha256;
    uint64_t size;
};

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void spool_clear(struct spool **spool)
{
    spool_drop(*spool);
}

static void reader_clear(struct store_reader **reader)
{
    store_reader_close(*reader);
}

/* What is wrong with this file, and not with the store, the disk or us. */
static const char *refusal_of(const struct fault *fault)
{
    static const char *const codes[] = {"unsupported-media-type", "file-refused",
                                        "payload-too-large"};
    for (size_t i = 0; fault->code && i < sizeof codes / sizeof codes[0]; i++) {
        if (strcmp(fault->code, codes[i]) == 0)
            return codes[i];
    }
    return NULL;
}

static enum err refusal_take(enum err err, struct fault *fault, const char **code)
{
    const char *refusal = err ? refusal_of(fault) : NULL;
    if (!refusal)
        return err;
    fault_reset(fault);
    *code = refusal;
    return ERR_NONE;
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The legacy program kept no word of a file's type but its name. */
enum err files_judge(struct sniffer *sniffer, int file, uint64_t size, const char *path,
                     struct fault *fault, const char **code, const char **media_type)
{
    struct verdict verdict = {.media_type = NULL};
    const char *name = name_of(path);
    enum err err =
        sniffer_judge_open(sniffer, file, size, name, sniffer_type_of_name(name), fault, &verdict);
    *code = NULL;
    *media_type = verdict.media_type;
    return refusal_take(err, fault, code);
}

/* The rest of an open file, piece by piece. One that cannot be read holds up no other. */
static enum err spool_fill(struct spool *spool, int file, struct fault *fault, const char **code)
{
    static const size_t piece = PIECE;
    struct arena arena CLEANUP(arena_end) = {0};
    char *bytes = arena_take(&arena, piece);
    for (;;) {
        ssize_t n = read(file, bytes, piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            *code = media_code(MEDIA_UNREADABLE);
            return ERR_NONE;
        }
        enum err err =
            n == 0 ? spool_finish(spool, fault) : spool_write(spool, bytes, (size_t)n, fault);
        if (err || n == 0)
            return err;
    }
}

/* An object under this id is of a run that was killed before its row was there, as ids are made of
 * rows: it may be cut off, and goes. */
static enum err object_put(struct store *store, struct spool *spool, int64_t clinic, const char *id,
                           struct fault *fault)
{
    enum err err = store_keep(store, spool, id, fault);
    if (err != ERR_CONFLICT)
        return err;
    fault_reset(fault);
    err = store_remove(store, clinic, id, fault);
    return err ? err : store_keep(store, spool, id, fault);
}

static enum err open_file_keep(const struct load *load, int file, const char *path,
                               struct fault *fault, struct came *came)
{
    const struct files *files = load->files;
    struct spool *spool CLEANUP(spool_clear) = NULL;
    enum err err = spool_open(files->store, came->clinic, files->most, fault, &spool);
    if (!err)
        err = spool_fill(spool, file, fault, &came->code);
    if (err || came->code)
        return refusal_take(err, fault, &came->code);
    err = files_judge(files->sniffer, spool_fd(spool), spool_size(spool), path, fault, &came->code,
                      &came->media_type);
    if (err || came->code)
        return err;
    came->name = file_name_clean(came->arena, name_of(path));
    came->size = spool_size(spool);
    came->sha256 = arena_copy(came->arena, spool_sha256(spool));
    return object_put(files->store, spool, came->clinic, came->id, fault);
}

/* Its words are told with the row's number: no path, as a name may say whose it is. */
static enum err file_keep(const struct load *load, const struct import_step *step,
                          struct came *came)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    int file CLEANUP(descriptor_close) = -1;
    uint64_t size = 0;
    const char *path = "";
    enum err err = media_path(load->source, step->table, came->legacy_id, &arena, &fault, &path);
    if (!err)
        came->code = media_code(media_find(load->files->media, path, &file, &size));
    if (!err && !came->code && size > load->files->most)
        came->code = "payload-too-large";
    if (!err && !came->code)
        err = open_file_keep(load, file, path, &fault, came);
    if (!err)
        return ERR_NONE;
    const char *why = fault.detail ? fault.detail : fault.reason;
    return fail(load->fault, err, fault.code, "the file of %s %" PRId64 ": %s", step->name,
                came->legacy_id, why ? why : "it cannot be kept");
}

/* --- a chunk -------------------------------------------------------------------------------- */

static enum err came_write(const struct load *load, const struct came *came)
{
    char number[NUMBER_TEXT], size[NUMBER_TEXT];
    snprintf(number, sizeof number, "%" PRId64, came->legacy_id);
    snprintf(size, sizeof size, "%" PRIu64, came->size);
    const char *values[] = {number,
                            came->code,
                            came->name,
                            came->media_type,
                            came->code ? NULL : size,
                            came->sha256,
                            load->options->scans ? "pending" : "clean"};
    return target_run(load->target, import_run_file_came, values, NULL);
}

static void progress_tell(const struct load *load, const char *name, int64_t done, int64_t total)
{
    const struct import_progress progress = {.name = name,
                                             .done = done,
                                             .total = total,
                                             .rejected = load->rejected,
                                             .bytes = load->file_bytes};
    if (load->options->progress)
        load->options->progress(load->options->user, &progress);
}

enum err files_keep(struct load *load, const struct import_step *step, int64_t done, int64_t total)
{
    PGresult *rows TARGET_CLEAR = NULL;
    struct arena arena CLEANUP(arena_end) = {0};
    const char *values[] = {load->id, step->name};
    enum err err = target_run(load->target, step->files, values, &rows);
    int n = err ? 0 : PQntuples(rows);
    struct came *came = arena_array(&arena, struct came, (size_t)n + 1);
    for (int i = 0; !err && i < n; i++) {
        came[i] = (struct came){.legacy_id = strtoll(PQgetvalue(rows, i, 0), NULL, 10),
                                .clinic = strtoll(PQgetvalue(rows, i, 1), NULL, 10),
                                .id = PQgetvalue(rows, i, 2),
                                .arena = &arena};
        err = file_keep(load, step, &came[i]);
        load->file_bytes += (int64_t)came[i].size;
        if (!err)
            progress_tell(load, step->name, done + i, total);
        if (!err)
            err = load_stop_look(load);
    }
    if (!err)
        err = target_run(load->target, begin, NULL, NULL);
    for (int i = 0; !err && i < n; i++)
        err = came_write(load, &came[i]);
    return err ? err : target_run(load->target, import_run_file_rows, values, NULL);
}

/* --- a second time -------------------------------------------------------------------------- */

/* What was written down of a file that was kept. */
struct kept {
    int64_t legacy_id, clinic;
    const char *id, *sha256;
    uint64_t size;
    bool is_as_row;
};

static struct kept kept_read(const PGresult *rows, int i)
{
    return (struct kept){.legacy_id = strtoll(PQgetvalue(rows, i, 0), NULL, 10),
                         .clinic = strtoll(PQgetvalue(rows, i, 1), NULL, 10),
                         .id = PQgetvalue(rows, i, 2),
                         .size = strtoull(PQgetvalue(rows, i, 3), NULL, 10),
                         .sha256 = PQgetvalue(rows, i, 4),
                         .is_as_row = *PQgetvalue(rows, i, 5) == 't'};
}

/* The next bytes of a file, from wherever: 0 its end, -1 it broke off. */
struct bytes {
    int file;
    struct store_reader *reader; /* NULL: the file */
};

static ssize_t bytes_read(const struct bytes *bytes, void *out, size_t room)
{
    ssize_t n;
    if (bytes->reader)
        return store_reader_read(bytes->reader, out, room);
    do
        n = read(bytes->file, out, room);
    while (n < 0 && errno == EINTR);
    return n;
}

static bool is_the_same(const struct bytes *bytes, const struct kept *kept)
{
    static const size_t piece = PIECE;
    struct arena arena CLEANUP(arena_end) = {0};
    unsigned char *block = arena_take(&arena, piece), sum[crypto_hash_sha256_BYTES];
    char sha256[SHA256_TEXT];
    crypto_hash_sha256_state hash;
    uint64_t size = 0;
    ssize_t n;
    crypto_hash_sha256_init(&hash);
    while ((n = bytes_read(bytes, block, piece)) > 0) {
        crypto_hash_sha256_update(&hash, block, (unsigned long long)n);
        size += (uint64_t)n;
    }
    crypto_hash_sha256_final(&hash, sum);
    sodium_bin2hex(sha256, sizeof sha256, sum, sizeof sum);
    return n == 0 && size == kept->size && strcmp(sha256, kept->sha256) == 0;
}

static enum err source_compare(const struct load *load, const struct import_step *step,
                               const struct kept *kept, struct fault *fault, bool *is_same)
{
    int file CLEANUP(descriptor_close) = -1;
    const char *path = "";
    uint64_t size;
    enum err err =
        media_path(load->source, step->table, kept->legacy_id, fault->arena, fault, &path);
    if (!err)
        *is_same = media_find(load->files->media, path, &file, &size) == MEDIA_THERE &&
                   is_the_same(&(struct bytes){.file = file}, kept);
    return err;
}

static enum err store_compare(const struct load *load, const struct kept *kept, struct fault *fault,
                              bool *is_same)
{
    struct store_reader *reader CLEANUP(reader_clear) = NULL;
    enum err err = store_read(load->files->store, kept->clinic, kept->id, kept->size, 0, kept->size,
                              fault, &reader);
    if (err && fault->code && strcmp(fault->code, "file-missing") == 0) {
        fault_reset(fault);
        *is_same = false;
        return ERR_NONE;
    }
    if (!err)
        *is_same = is_the_same(&(struct bytes){.file = -1, .reader = reader}, kept);
    return err;
}

static enum err kept_verify(const struct load *load, const struct import_step *step,
                            const struct kept *kept)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    bool is_there = false, is_here = false;
    enum err err = source_compare(load, step, kept, &fault, &is_there);
    if (!err)
        err = store_compare(load, kept, &fault, &is_here);
    if (err)
        return fail(load->fault, err, fault.code, "the file of %s %" PRId64 ": %s", step->name,
                    kept->legacy_id, fault.reason ? fault.reason : "it cannot be read");
    if (is_there && is_here && kept->is_as_row)
        return ERR_NONE;
    return fail(load->fault, ERR_INTERNAL, "verification-failed",
                "the file of %s %" PRId64 " is not the same in %s; the clinics stay closed",
                step->name, kept->legacy_id,
                !is_there  ? "the legacy folder as when it was read"
                : !is_here ? "the store as when it was written"
                           : "its row and in the store");
}

enum err files_verify(struct load *load, const struct import_step *step)
{
    char after[NUMBER_TEXT] = "-9223372036854775808";
    const char *name = arena_format(load->fault->arena, "%s again", step->name);
    enum err err = ERR_NONE;
    int64_t done = 0, total = 0;
    load->file_bytes = 0;
    for (int n = 1; !err && n > 0;) {
        PGresult *rows TARGET_CLEAR = NULL;
        const char *values[] = {load->id, step->name, after};
        err = target_run(load->target, import_run_files_kept, values, &rows);
        n = err ? 0 : PQntuples(rows);
        if (n > 0 && total == 0)
            total = strtoll(PQgetvalue(rows, 0, 6), NULL, 10);
        for (int i = 0; !err && i < n; i++) {
            struct kept kept = kept_read(rows, i);
            err = kept_verify(load, step, &kept);
            load->file_bytes += (int64_t)kept.size;
            if (!err)
                progress_tell(load, name, ++done, total);
            snprintf(after, sizeof after, "%" PRId64, kept.legacy_id);
        }
    }
    return err;
}

/* --- taken back ----------------------------------------------------------------------------- */

static enum err still_there(struct target *target, enum err err, const struct fault *fault)
{
    return fail(target->fault, err, fault->code,
                "the rows are taken back, files are still in the store: run the same command "
                "again (%s)",
                fault->reason ? fault->reason : "-");
}

static enum err objects_remove(struct target *target, struct store *store, const char *id,
                               int *removed)
{
    PGresult *rows TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_files_left, &id, &rows);
    int n = err ? 0 : PQntuples(rows);
    for (int i = 0; !err && i < n; i++) {
        const char *values[] = {id, PQgetvalue(rows, i, 0), PQgetvalue(rows, i, 1)};
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault fault = {.arena = &arena};
        err = store_remove(store, strtoll(PQgetvalue(rows, i, 2), NULL, 10), PQgetvalue(rows, i, 3),
                           &fault);
        err = err ? still_there(target, err, &fault)
                  : target_run(target, import_run_file_gone, values, NULL);
    }
    *removed = n;
    return err;
}

struct sweep {
    struct store *store;
    int64_t clinic;
    struct fault *fault;
    enum err err;
};

static bool spool_remove(void *user, const struct store_object *object)
{
    struct sweep *sweep = user;
    if (object->is_spool)
        sweep->err = store_remove_spool(sweep->store, sweep->clinic, object->name, sweep->fault);
    return !sweep->err;
}

/* What killed runs left half written. Of a clinic that goes on, the sweep of the service finds it.
 */
static enum err spools_remove(struct target *target, struct store *store, const char *id)
{
    PGresult *rows TARGET_CLEAR = NULL;
    enum err err = target_run(target, import_run_files_closed, &id, &rows);
    int n = err ? 0 : PQntuples(rows);
    for (int i = 0; !err && i < n; i++) {
        struct arena arena CLEANUP(arena_end) = {0};
        struct fault fault = {.arena = &arena};
        struct sweep sweep = {
            .store = store, .clinic = strtoll(PQgetvalue(rows, i, 0), NULL, 10), .fault = &fault};
        err = store_walk(store, sweep.clinic, spool_remove, &sweep, &fault);
        if (!err)
            err = sweep.err;
        if (err)
            return still_there(target, err, &fault);
    }
    return err;
}

enum err files_remove(struct target *target, const struct store_options *options, const char *id)
{
    struct store *store = NULL;
    enum err err = store_open(options, target->fault, &store);
    if (!err)
        err = spools_remove(target, store, id);
    for (int removed = 1; !err && removed > 0;)
        err = objects_remove(target, store, id, &removed);
    store_close(store);
    return err;
}
