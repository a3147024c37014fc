/* The files of an import, looked at once more: are they the same, and are they all gone. */
#include "db/import/files.h"

#include "db/import/load.h"
#include "db/import/media.h"
#include "db/store/store.h"

#include <errno.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PIECE = 65536, NUMBER_TEXT = 24 };

static void reader_clear(struct store_reader **reader)
{
    store_reader_close(*reader);
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
    int file CLEANUP(media_close) = -1;
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
            if (!err && ++done % FILES_TELL_EVERY == 0)
                load_tell(load, step->name, done, total);
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
