#include "db/import/files.h"

#include "db/import/load.h"
#include "db/import/media.h"
#include "db/store/file_name.h"
#include "db/store/sniffer.h"
#include "db/store/store.h"

#include <errno.h>
#include <inttypes.h>
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
    media_close(&files->media);
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

static void spool_clear(struct spool **spool)
{
    spool_drop(*spool);
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
    int file CLEANUP(media_close) = -1;
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
        if (!err && i % FILES_TELL_EVERY == 0)
            load_tell(load, step->name, done + i, total);
        if (!err)
            err = load_stop_look(load);
    }
    if (!err)
        err = target_run(load->target, begin, NULL, NULL);
    for (int i = 0; !err && i < n; i++)
        err = came_write(load, &came[i]);
    return err ? err : target_run(load->target, import_run_file_rows, values, NULL);
}
