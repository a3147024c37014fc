#include "db/import/media.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEP_MAX = 256 };

void media_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

enum err media_open(const char *path, struct fault *fault, int *out)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return fail(fault, ERR_CONFLICT, "import-no-files", "the folder of the files, %s: %s", path,
                    strerror(errno));
    *out = fd;
    return ERR_NONE;
}

/* A link is ELOOP, and ENOTDIR where a folder was meant. */
static enum media media_of(int error)
{
    if (error == ENOENT)
        return MEDIA_MISSING;
    return error == ELOOP || error == ENOTDIR || error == ENAMETOOLONG ? MEDIA_REFUSED
                                                                       : MEDIA_UNREADABLE;
}

/* The next name of the path; false: it is none, or leads up. */
static bool step_take(const char **path, char out[STEP_MAX])
{
    size_t length = strcspn(*path, "/");
    if (length == 0 || length >= STEP_MAX)
        return false;
    memcpy(out, *path, length);
    out[length] = '\0';
    *path += length + ((*path)[length] == '/');
    return strcmp(out, ".") != 0 && strcmp(out, "..") != 0;
}

static enum media file_open(int folder, const char *name, int *fd, uint64_t *size)
{
    struct stat about;
    int file CLEANUP(media_close) =
        openat(folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (file < 0)
        return media_of(errno);
    if (fstat(file, &about) != 0)
        return MEDIA_UNREADABLE;
    if (!S_ISREG(about.st_mode))
        return MEDIA_REFUSED;
    *size = (uint64_t)about.st_size;
    *fd = file;
    file = -1;
    return MEDIA_THERE;
}

enum media media_find(int folder, const char *path, int *fd, uint64_t *size)
{
    char name[STEP_MAX];
    int at CLEANUP(media_close) = -1;
    if (*path == '\0')
        return MEDIA_MISSING;
    if (path[strlen(path) - 1] == '/')
        return MEDIA_REFUSED;
    while (step_take(&path, name)) {
        int from = at < 0 ? folder : at;
        if (*path == '\0')
            return file_open(from, name, fd, size);
        int next = openat(from, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (next < 0)
            return media_of(errno);
        media_close(&at);
        at = next;
    }
    return MEDIA_REFUSED;
}

const char *media_code(enum media media)
{
    static const char *const codes[MEDIA_ENDS] = {[MEDIA_MISSING] = "file-missing",
                                                  [MEDIA_REFUSED] = "path-refused",
                                                  [MEDIA_UNREADABLE] = "file-unreadable"};
    return codes[media];
}

/* A NUL inside would cut the path short of what was meant: it is no path. */
enum err media_path(const struct source *source, const char *table, int64_t id, struct arena *arena,
                    struct fault *fault, const char **out)
{
    sqlite3_stmt *row = NULL;
    enum err err = source_prepare(source, fault, &row,
                                  "SELECT report_file FROM \"hospital_%w\" WHERE id = %lld", table,
                                  (long long)id);
    if (err)
        return err;
    *out = "";
    if (source_step(source, fault, &row)) {
        const char *text = (const char *)sqlite3_column_text(row, 0);
        size_t length = (size_t)sqlite3_column_bytes(row, 0);
        if (text)
            *out = strlen(text) == length ? arena_copy(arena, text) : "/";
        sqlite3_finalize(row);
    }
    return fault->err;
}
