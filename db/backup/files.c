#include "db/backup/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

struct keeper {
    struct draft *draft;
    struct fault *fault;
    size_t root; /* length of the store's path */
    int64_t files, bytes;
};

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err cannot(struct fault *fault, const char *path)
{
    return fail(fault, ERR_INTERNAL, "backup-failed", "cannot keep the file %s: %s", path,
                strerror(errno));
}

static enum err file_copy(const char *from, const char *to, struct fault *fault)
{
    struct stat about;
    int in CLEANUP(descriptor_close) = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    int out CLEANUP(descriptor_close) = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in < 0 || out < 0 || fstat(in, &about) != 0)
        return cannot(fault, from);
    for (off_t left = about.st_size; left > 0;) {
        ssize_t n = sendfile(out, in, NULL, (size_t)left);
        if (n <= 0)
            return cannot(fault, from);
        left -= n;
    }
    return ERR_NONE;
}

/* A file that went while we looked was no file of the snapshot's. */
static enum err file_keep(struct keeper *keeper, const char *from, const char *name)
{
    int64_t bytes = 0;
    const char *to = arena_format(keeper->fault->arena, "%s/%s", keeper->draft->path, name);
    enum err err = ERR_NONE;
    if (strchr(name, '\n'))
        return fail(keeper->fault, ERR_CONFLICT, "backup-failed",
                    "a file's name in the store has a line break");
    if (link(from, to) != 0) {
        if (errno == ENOENT)
            return ERR_NONE;
        err = file_copy(from, to, keeper->fault);
    }
    if (!err)
        err = draft_seal(keeper->draft, name, keeper->fault, &bytes, NULL);
    keeper->files += !err;
    keeper->bytes += bytes;
    return err;
}

static enum err dir_sync(const char *path, struct fault *fault)
{
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return fd >= 0 && fsync(fd) == 0 ? ERR_NONE : cannot(fault, path);
}

static enum err entry_keep(struct keeper *keeper, const FTSENT *entry)
{
    struct arena *arena = keeper->fault->arena;
    const char *name = arena_format(arena, "files%s", entry->fts_path + keeper->root);
    const char *to = arena_format(arena, "%s/%s", keeper->draft->path, name);
    switch (entry->fts_info) {
    case FTS_D:
        return mkdir(to, 0700) == 0 ? ERR_NONE : cannot(keeper->fault, to);
    case FTS_DP:
        return dir_sync(to, keeper->fault);
    case FTS_F:
        return file_keep(keeper, entry->fts_path, name);
    case FTS_DNR:
    case FTS_ERR:
        errno = entry->fts_errno;
        return cannot(keeper->fault, entry->fts_path);
    default:
        return ERR_NONE; /* links and sockets are nothing of the store's */
    }
}

enum err draft_keep_files(struct draft *draft, const char *dir, struct fault *fault, int64_t *files,
                          int64_t *bytes)
{
    struct keeper keeper = {.draft = draft, .fault = fault, .root = strlen(dir)};
    char *const roots[] = {arena_copy(fault->arena, dir), NULL};
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    enum err err = tree ? ERR_NONE : cannot(fault, dir);
    for (FTSENT *entry; !err && (entry = fts_read(tree));)
        err = entry_keep(&keeper, entry);
    if (tree)
        fts_close(tree);
    *files = keeper.files;
    *bytes = keeper.bytes;
    return err;
}
