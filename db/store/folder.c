#include "db/arena.h"
#include "db/store/parts.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

enum { STEP = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };
enum { CLINIC_TEXT = 24 };

void fd_drop(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void list_close(DIR **list)
{
    if (*list)
        closedir(*list);
}

enum err folder_failed(struct fault *fault, int error, const char *what)
{
    bool is_full = error == ENOSPC || error == EDQUOT || error == EFBIG;
    return fail_quietly(fault, is_full ? ERR_INPUT : ERR_INTERNAL,
                        is_full ? "insufficient-storage" : NULL, "the store: %s: %s", what,
                        strerror(error));
}

static enum err missing(struct fault *fault, int64_t clinic, const char *id)
{
    return fail_quietly(fault, ERR_INTERNAL, "file-missing",
                        "the store: file %s of clinic %" PRId64 " is not there", id, clinic);
}

/* Makes what is missing of the path, as `mkdir -p` does; only the last folder is ours alone. */
static bool path_make(struct arena *arena, const char *path)
{
    char *part = arena_copy(arena, path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return false;
        *slash = '/';
    }
    return mkdir(part, 0700) == 0 || errno == EEXIST;
}

enum err folder_open(const char *path, struct fault *fault, int *out)
{
    int fd = path_make(fault->arena, path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
    if (fd < 0)
        return fail(fault, ERR_INPUT, NULL, "the folder of the files, %s, cannot be used: %s", path,
                    strerror(errno));
    if (faccessat(fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        close(fd);
        return fail(fault, ERR_INPUT, NULL, "the folder of the files, %s, cannot be written: %s",
                    path, strerror(errno));
    }
    *out = fd;
    return ERR_NONE;
}

/* As df counts: what is kept for root is not there. */
enum err folder_has_room(const struct store *store, struct fault *fault)
{
    struct statvfs about;
    if (store->least_free_percent == 0)
        return ERR_NONE;
    if (fstatvfs(store->folder, &about) != 0)
        return folder_failed(fault, errno, "its free space is not known");
    uint64_t usable = about.f_blocks - about.f_bfree + about.f_bavail;
    if (about.f_bavail * 100 >= usable * (uint64_t)store->least_free_percent)
        return ERR_NONE;
    return folder_failed(fault, ENOSPC, "it is below its floor");
}

/* One step down. With `is_made` the folder is made when it is not there, durably. */
static int step(int from, const char *name, bool is_made)
{
    int fd = openat(from, name, STEP);
    if (fd >= 0 || errno != ENOENT || !is_made)
        return fd;
    if (mkdirat(from, name, S_IRWXU) != 0 && errno != EEXIST)
        return -1;
    if (fsync(from) != 0)
        return -1;
    return openat(from, name, STEP);
}

static int clinic_step(const struct store *store, int64_t clinic, bool is_made)
{
    char name[CLINIC_TEXT];
    snprintf(name, sizeof name, "%" PRId64, clinic);
    return step(store->folder, name, is_made);
}

enum err folder_spools(const struct store *store, int64_t clinic, struct fault *fault, int *out)
{
    int home CLEANUP(fd_drop) = clinic_step(store, clinic, true);
    int fd = home < 0 ? -1 : step(home, "tmp", true);
    if (fd < 0)
        return folder_failed(fault, errno, "a clinic's folder cannot be made");
    *out = fd;
    return ERR_NONE;
}

/* The end of an id is random, also in version 7; its beginning is a clock. */
static int place_step(const struct store *store, int64_t clinic, const char *id, bool is_made)
{
    int home CLEANUP(fd_drop) = clinic_step(store, clinic, is_made);
    char place[PLACE_TEXT];
    memcpy(place, id + UUID_TEXT - PLACE_TEXT, sizeof place);
    return home < 0 ? -1 : step(home, place, is_made);
}

/* Never takes another's place. A file system that cannot promise that says EINVAL; a name is then
 * looked for first, which is as good for names that are made once. */
static bool rename_new(int from, const char *name, int to, const char *id)
{
    if (renameat2(from, name, to, id, RENAME_NOREPLACE) == 0)
        return true;
    if (errno != EINVAL && errno != ENOSYS)
        return false;
    if (faccessat(to, id, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return false;
    }
    return renameat(from, name, to, id) == 0;
}

enum err folder_keep(const struct store *store, const struct spool *spool, const char *id,
                     struct fault *fault)
{
    int place CLEANUP(fd_drop) = place_step(store, spool->clinic, id, true);
    if (place < 0)
        return folder_failed(fault, errno, "a folder cannot be made");
    if (!rename_new(spool->folder, spool->name, place, id))
        return errno == EEXIST ? fail(fault, ERR_CONFLICT, "id-taken", NULL)
                               : folder_failed(fault, errno, "a file cannot be renamed");
    if (fsync(place) == 0)
        return ERR_NONE;
    int error = errno;
    unlinkat(place, id, 0);
    return folder_failed(fault, error, "a file's name cannot be synced");
}

enum err folder_remove(const struct store *store, int64_t clinic, const char *id,
                       struct fault *fault)
{
    int place CLEANUP(fd_drop) = place_step(store, clinic, id, false);
    if (place < 0)
        return errno == ENOENT ? ERR_NONE : folder_failed(fault, errno, "a folder is not open");
    if (unlinkat(place, id, 0) != 0)
        return errno == ENOENT ? ERR_NONE : folder_failed(fault, errno, "a file is not removed");
    return fsync(place) == 0 ? ERR_NONE : folder_failed(fault, errno, "a removal is not synced");
}

enum err folder_remove_spool(const struct store *store, int64_t clinic, const char *name,
                             struct fault *fault)
{
    int home CLEANUP(fd_drop) = clinic_step(store, clinic, false);
    int folder CLEANUP(fd_drop) = home < 0 ? -1 : step(home, "tmp", false);
    if (folder < 0 || unlinkat(folder, name, 0) != 0)
        return errno == ENOENT ? ERR_NONE : folder_failed(fault, errno, "a spool is not removed");
    return ERR_NONE;
}

enum err folder_read(const struct store *store, int64_t clinic, const char *id, struct fault *fault,
                     int *out, uint64_t *size)
{
    struct stat about;
    int place CLEANUP(fd_drop) = place_step(store, clinic, id, false);
    int fd CLEANUP(fd_drop) =
        place < 0 ? -1 : openat(place, id, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? missing(fault, clinic, id)
                               : folder_failed(fault, errno, "a file cannot be opened");
    if (fstat(fd, &about) != 0)
        return folder_failed(fault, errno, "a file cannot be examined");
    if (!S_ISREG(about.st_mode))
        return missing(fault, clinic, id);
    *size = (uint64_t)about.st_size;
    *out = fd;
    fd = -1;
    return ERR_NONE;
}

static int64_t changed_us(const struct stat *about)
{
    return about->st_mtim.tv_sec * INT64_C(1000000) + about->st_mtim.tv_nsec / 1000;
}

/* A name that is not ours to have made is nobody's business here. */
static bool name_is_ours(const char *name, bool is_spool)
{
    if (!is_spool)
        return uuid_is_valid(name);
    return strlen(name) == SPOOL_NAME_TEXT - 1 && name[strspn(name, "0123456789abcdef")] == '\0';
}

/* Takes the folder over. What goes while we look is passed over. */
static bool folder_list(int folder, bool is_spool, store_visit visit, void *user, bool *goes_on)
{
    DIR *list CLEANUP(list_close) = fdopendir(folder);
    if (!list) {
        close(folder);
        return false;
    }
    errno = 0;
    for (struct dirent *entry; *goes_on && (entry = readdir(list)); errno = 0) {
        struct stat about;
        if (!name_is_ours(entry->d_name, is_spool) ||
            fstatat(dirfd(list), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        struct store_object object = {.is_spool = is_spool,
                                      .size = (uint64_t)about.st_size,
                                      .changed_us = changed_us(&about)};
        memcpy(object.name, entry->d_name, strlen(entry->d_name) + 1); /* 36 or 32, as was seen */
        *goes_on = visit(user, &object);
    }
    return errno == 0;
}

enum err folder_walk(const struct store *store, int64_t clinic, bool only_spools, store_visit visit,
                     void *user, struct fault *fault)
{
    int most = only_spools ? 0 : 256;
    int home CLEANUP(fd_drop) = clinic_step(store, clinic, false);
    if (home < 0)
        return errno == ENOENT ? ERR_NONE : folder_failed(fault, errno, "a folder is not open");
    bool goes_on = true;
    for (int place = -1; place < most && goes_on; place++) {
        char name[PLACE_TEXT + 1] = "tmp";
        if (place >= 0)
            snprintf(name, sizeof name, "%02x", (unsigned)place & 255u);
        int fd = step(home, name, false);
        if (fd < 0 && errno == ENOENT)
            continue;
        if (fd < 0 || !folder_list(fd, place < 0, visit, user, &goes_on))
            return folder_failed(fault, errno, "a folder cannot be read");
    }
    return ERR_NONE;
}
