/* The store's files in a backup. Which there must be the rows of the snapshot say, not the store:
 * what nobody names is not kept, and what is named and not there is found out. */
#include "db/backup/parts.h"
#include "db/owner.h"
#include "db/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct keeper {
    struct draft *draft;
    struct store *store; /* NULL: there is none */
    struct fault *fault;
    struct manifest *manifest;
};

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void store_drop(struct store **store)
{
    store_close(*store);
}

/* "files/7001/2d/0190…2d" */
static const char *name_of(struct arena *arena, const struct file_mark *mark)
{
    return arena_format(arena, "files/%" PRId64 "/%s/%s", mark->clinic,
                        mark->id + strlen(mark->id) - 2, mark->id);
}

static const char *mark_text(struct arena *arena, const struct file_mark *mark)
{
    return arena_format(arena, "%" PRId64 "/%s", mark->clinic, mark->id);
}

static enum err dir_sync(const char *path, struct fault *fault)
{
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fsync(fd) == 0)
        return ERR_NONE;
    return fail(fault, ERR_INTERNAL, "backup-failed", "cannot write %s: %s", path, strerror(errno));
}

/* All folders above the file. */
static enum err dirs_make(const struct draft *draft, const char *name, struct fault *fault)
{
    char *path = arena_format(fault->arena, "%s/%s", draft->path, name);
    char *from = path + strlen(draft->path) + 1;
    for (char *slash = strchr(from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            return fail(fault, ERR_INTERNAL, "backup-failed", "cannot make %s: %s", path,
                        strerror(errno));
        *slash = '/';
    }
    return ERR_NONE;
}

/* Names are durable when their folders are. */
static enum err dirs_sync(const struct draft *draft, struct fault *fault)
{
    char *const roots[] = {arena_format(fault->arena, "%s/files", draft->path), NULL};
    enum err err = ERR_NONE;
    if (access(roots[0], F_OK) != 0)
        return ERR_NONE;
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; !err && tree && (entry = fts_read(tree));) {
        if (entry->fts_info == FTS_DP)
            err = dir_sync(entry->fts_path, fault);
    }
    if (tree)
        fts_close(tree);
    return err;
}

static void missing_add(struct keeper *keeper, const struct file_mark *mark)
{
    struct manifest *manifest = keeper->manifest;
    manifest->missing[manifest->missing_n++] = mark_text(keeper->fault->arena, mark);
}

/* Into SHA256SUMS, unless its bytes are not the row's: those are nothing to keep. */
static enum err file_seal(struct draft *draft, const char *name, const struct file_mark *mark,
                          struct fault *fault, bool *is_kept)
{
    char digest[DIGEST_TEXT];
    size_t length = draft->sums.length;
    int64_t bytes = 0;
    enum err err = draft_seal(draft, name, fault, &bytes, digest);
    if (err)
        return err;
    *is_kept = strcmp(digest, mark->sha256) == 0;
    if (*is_kept)
        return ERR_NONE;
    draft->sums.length = length;
    draft->sums.text[length] = '\0';
    draft->bytes -= bytes;
    if (unlink(arena_format(fault->arena, "%s/%s", draft->path, name)) != 0)
        return fail(fault, ERR_INTERNAL, "backup-failed", "cannot remove %s: %s", name,
                    strerror(errno));
    return ERR_NONE;
}

/* Its texts go when it is done: a store may hold millions. */
static enum err file_keep(struct keeper *keeper, const struct file_mark *mark)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault here = {.arena = &arena};
    bool is_kept = false;
    const char *name = name_of(&arena, mark);
    const char *path = arena_format(&arena, "%s/%s", keeper->draft->path, name);
    enum err err = dirs_make(keeper->draft, name, &here);
    if (!err)
        err = store_save(keeper->store, mark->clinic, mark->id, (uint64_t)mark->size, path, &here);
    if (!err)
        err = file_seal(keeper->draft, name, mark, &here, &is_kept);
    if (err && !(here.code && strcmp(here.code, "file-missing") == 0))
        return fail(keeper->fault, err, here.code, "the file %s: %s", name,
                    here.detail   ? here.detail
                    : here.reason ? here.reason
                                  : "cannot be kept");
    if (is_kept) {
        keeper->manifest->files++;
        keeper->manifest->files_bytes += mark->size;
    } else if (mark->is_wanted) {
        missing_add(keeper, mark);
    }
    return ERR_NONE;
}

static enum err store_begin(const struct store_options *options, struct fault *fault,
                            struct store **out)
{
    struct fault here = {.arena = fault->arena};
    bool is_bucket = options && options->bucket_url && options->bucket_url[0] != '\0';
    if (!options || (!is_bucket && access(options->folder, F_OK) != 0))
        return ERR_NONE; /* then there is none, and what rows name is missing */
    enum err err = store_open(options, &here, out);
    return err ? fail(fault, err, here.code, "%s", here.detail ? here.detail : here.reason)
               : ERR_NONE;
}

enum err draft_keep_files(struct draft *draft, const struct backup_options *options,
                          const struct file_mark *marks, size_t n, struct fault *fault,
                          struct manifest *out)
{
    struct store *store CLEANUP(store_drop) = NULL;
    struct keeper keeper = {.draft = draft, .fault = fault, .manifest = out};
    enum err err = n > 0 ? store_begin(options->store, fault, &store) : ERR_NONE;
    keeper.store = store;
    out->missing = arena_array(fault->arena, const char *, n);
    for (size_t i = 0; !err && i < n; i++) {
        if (stop_asked(options->stop) > 0)
            err = fail(fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
        else if (store)
            err = file_keep(&keeper, &marks[i]);
        else if (marks[i].is_wanted)
            missing_add(&keeper, &marks[i]);
        if (!err && options->progress)
            options->progress(options->user, "files kept", (int64_t)i + 1, (int64_t)n);
    }
    return err ? err : dirs_sync(draft, fault);
}

/* --- back ------------------------------------------------------------------------------------- */

struct sum_line {
    const char *name, *sha256;
};

static int line_order(const void *a, const void *b)
{
    return strcmp(((const struct sum_line *)a)->name, ((const struct sum_line *)b)->name);
}

/* SHA256SUMS was checked byte for byte: what stands there is what lies there. */
static enum err sums_read(const char *folder, struct fault *fault, struct sum_line **out, size_t *n)
{
    char *text = NULL;
    size_t count = 0;
    enum err err = dump_read(folder, "SHA256SUMS", fault, &text);
    if (err)
        return err;
    for (const char *c = text; *c; c++)
        count += *c == '\n';
    struct sum_line *lines = arena_array(fault->arena, struct sum_line, count);
    for (size_t i = 0; i < count; i++) {
        char *line = strsep(&text, "\n");
        line[DIGEST_TEXT - 1] = '\0';
        lines[i] = (struct sum_line){.name = line + DIGEST_TEXT + 1, .sha256 = line};
    }
    if (count > 0)
        qsort(lines, count, sizeof *lines, line_order);
    *out = lines;
    *n = count;
    return ERR_NONE;
}

static const char *digest_in(const struct sum_line *lines, size_t n, const char *name)
{
    struct sum_line key = {.name = name};
    const struct sum_line *line = n ? bsearch(&key, lines, n, sizeof *lines, line_order) : NULL;
    return line ? line->sha256 : NULL;
}

enum err dump_compare_files(const char *folder, const struct manifest *manifest,
                            const struct file_mark *marks, size_t n, struct fault *fault,
                            struct restore_report *report)
{
    struct sum_line *lines = NULL;
    size_t lines_n = 0;
    enum err err = n > 0 ? sums_read(folder, fault, &lines, &lines_n) : ERR_NONE;
    if (err)
        return err;
    struct backup_difference *found = arena_array(fault->arena, struct backup_difference, n);
    size_t found_n = 0, known_n = 0;
    for (size_t i = 0; i < n; i++) {
        const char *digest = digest_in(lines, lines_n, name_of(fault->arena, &marks[i]));
        const char *mark = mark_text(fault->arena, &marks[i]);
        /* The list is in the rows' order. */
        bool is_known =
            known_n < manifest->missing_n && strcmp(manifest->missing[known_n], mark) == 0;
        known_n += is_known;
        if (is_known || !marks[i].is_wanted || (digest && strcmp(digest, marks[i].sha256) == 0))
            continue;
        found[found_n++] =
            (struct backup_difference){.what = arena_format(fault->arena, "file %s", mark),
                                       .wanted = marks[i].sha256,
                                       .found = digest ? digest : "no such file"};
    }
    report->differences = found;
    report->differences_n = found_n;
    return ERR_NONE;
}

/* The backup is read as whoever we are, the store is written as whom it belongs to. */
static enum err file_put(const struct backup_options *options, struct store *store,
                         const char *folder, const struct file_mark *mark, struct fault *fault,
                         int64_t *put)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault here = {.arena = &arena};
    struct owner owner;
    bool is_new = false;
    const char *path = arena_format(&arena, "%s/%s", folder, name_of(&arena, mark));
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return ERR_NONE; /* known to be missing, or deleted: compared before */
    if (fd < 0 || !owner_become(options->store->folder, &owner))
        return fail(fault, ERR_INTERNAL, "backup-failed", "cannot read %s: %s", path,
                    strerror(errno));
    enum err err = store_load(store, mark->clinic, mark->id, fd, mark->sha256, &here, &is_new);
    owner_leave(&owner);
    *put += is_new;
    return err ? fail(fault, err, here.code, "the file %s cannot be put back: %s", mark->id,
                      here.detail   ? here.detail
                      : here.reason ? here.reason
                                    : "-")
               : ERR_NONE;
}

enum err dump_put_files(const struct backup_options *options, const char *folder,
                        const struct file_mark *marks, size_t n, struct fault *fault, int64_t *put)
{
    struct store *store CLEANUP(store_drop) = NULL;
    struct fault here = {.arena = fault->arena};
    struct owner owner;
    if (!owner_become(options->store->folder, &owner))
        return fail(fault, ERR_INTERNAL, "backup-failed", "cannot become the owner of %s",
                    options->store->folder);
    enum err err = store_open(options->store, &here, &store);
    owner_leave(&owner);
    if (err)
        return fail(fault, err, here.code, "%s", here.detail ? here.detail : here.reason);
    for (size_t i = 0; !err && i < n; i++) {
        if (stop_asked(options->stop) > 0)
            err = fail(fault, ERR_CONFLICT, "stopped", "stopped, as somebody asked");
        else
            err = file_put(options, store, folder, &marks[i], fault, put);
        if (!err && options->progress)
            options->progress(options->user, "files put back", (int64_t)i + 1, (int64_t)n);
    }
    return err;
}
