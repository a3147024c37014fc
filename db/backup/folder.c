#include "db/backup/folder.h"

#include "db/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BLOCK = 65536, SMALL_FILE_MAX = 64 * 1024 * 1024, SWEEP_MS = 600000 };

#define SUMS_FILE "SHA256SUMS"
#define DRAFT_SUFFIX ".partial"

enum err dump_damaged(struct fault *fault, const char *folder, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    const char *why = arena_vformat(fault->arena, format, args);
    va_end(args);
    return fail(fault, ERR_INTERNAL, "backup-damaged", "%s is no backup that can be trusted: %s",
                folder, why);
}

static enum err cannot(struct fault *fault, const char *what, const char *path)
{
    return fail(fault, ERR_INTERNAL, "backup-failed", "cannot %s %s: %s", what, path,
                strerror(errno));
}

static void descriptor_close(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static enum err tree_remove(const char *path, struct fault *fault)
{
    const char *const remove[] = {"rm", "-rf", "--", path, NULL};
    return child_run(remove, SWEEP_MS, fault);
}

/* Nobody holds the lock of a draft whose writer is gone. */
static void draft_sweep(const char *path, struct arena *arena)
{
    struct fault ignored = {.arena = arena};
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0 && tree_remove(path, &ignored))
        return; /* the next backup tries again */
}

static void drafts_sweep(const char *parent, struct arena *arena)
{
    DIR *dir = opendir(parent);
    for (struct dirent *entry; dir && (entry = readdir(dir));) {
        size_t length = strlen(entry->d_name), suffix = strlen(DRAFT_SUFFIX);
        if (strncmp(entry->d_name, ".clinicd-", 9) == 0 && length > suffix &&
            strcmp(entry->d_name + length - suffix, DRAFT_SUFFIX) == 0)
            draft_sweep(arena_format(arena, "%s/%s", parent, entry->d_name), arena);
    }
    if (dir)
        closedir(dir);
}

enum err draft_begin(const char *parent, const char *name, struct fault *fault, struct draft *out)
{
    struct draft draft = {
        .parent = parent,
        .final = arena_format(fault->arena, "%s/%s", parent, name),
        .path = arena_format(fault->arena, "%s/.%s" DRAFT_SUFFIX, parent, name),
    };
    if (mkdir(parent, 0700) != 0 && errno != EEXIST)
        return cannot(fault, "make the folder", parent);
    drafts_sweep(parent, fault->arena);
    if (access(draft.final, F_OK) == 0)
        return fail(fault, ERR_CONFLICT, "backup-exists", "%s is there already", draft.final);
    if (mkdir(draft.path, 0700) != 0)
        return cannot(fault, "make the folder", draft.path);
    draft.lock = open(draft.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (draft.lock < 0 || flock(draft.lock, LOCK_EX | LOCK_NB) != 0)
        return cannot(fault, "lock", draft.path);
    buf_begin(&draft.sums, fault->arena, 256);
    *out = draft;
    return ERR_NONE;
}

/* Reads a file to its end; `sync` puts it on to the disk as well. */
static enum err file_digest(const char *path, bool sync, struct fault *fault, int64_t *bytes,
                            char digest[DIGEST_TEXT])
{
    unsigned char block[BLOCK], sum[crypto_hash_sha256_BYTES];
    crypto_hash_sha256_state state;
    ssize_t n;
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return cannot(fault, "open", path);
    *bytes = 0;
    crypto_hash_sha256_init(&state);
    while ((n = read(fd, block, sizeof block)) > 0) {
        crypto_hash_sha256_update(&state, block, (unsigned long long)n);
        *bytes += n;
    }
    if (n < 0 || (sync && fsync(fd) != 0))
        return cannot(fault, sync ? "write" : "read", path);
    crypto_hash_sha256_final(&state, sum);
    sodium_bin2hex(digest, DIGEST_TEXT, sum, sizeof sum);
    return ERR_NONE;
}

enum err draft_seal(struct draft *draft, const char *name, struct fault *fault, int64_t *bytes,
                    char digest[DIGEST_TEXT])
{
    char own[DIGEST_TEXT];
    int64_t length = 0;
    const char *path = arena_format(fault->arena, "%s/%s", draft->path, name);
    enum err err = file_digest(path, true, fault, &length, own);
    if (err)
        return err;
    buf_format(&draft->sums, "%s  %s\n", own, name);
    draft->bytes += length;
    if (bytes)
        *bytes = length;
    if (digest)
        memcpy(digest, own, sizeof own);
    return ERR_NONE;
}

static enum err file_write(const char *path, const char *text, size_t length, struct fault *fault)
{
    int fd CLEANUP(descriptor_close) = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cannot(fault, "write", path);
    for (ssize_t n; length > 0; text += n, length -= (size_t)n) {
        n = write(fd, text, length);
        if (n <= 0)
            return cannot(fault, "write", path);
    }
    return fsync(fd) == 0 ? ERR_NONE : cannot(fault, "write", path);
}

enum err draft_write(struct draft *draft, const char *name, const char *text, struct fault *fault,
                     char digest[DIGEST_TEXT])
{
    const char *path = arena_format(fault->arena, "%s/%s", draft->path, name);
    enum err err = file_write(path, text, strlen(text), fault);
    return err ? err : draft_seal(draft, name, fault, NULL, digest);
}

enum err draft_finish(struct draft *draft, struct fault *fault)
{
    const char *sums = arena_format(fault->arena, "%s/" SUMS_FILE, draft->path);
    enum err err = file_write(sums, draft->sums.text, draft->sums.length, fault);
    if (err)
        return err;
    int parent CLEANUP(descriptor_close) = open(draft->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fsync(draft->lock) != 0 || rename(draft->path, draft->final) != 0 || parent < 0 ||
        fsync(parent) != 0)
        return cannot(fault, "finish", draft->final);
    close(draft->lock);
    draft->path = NULL;
    return ERR_NONE;
}

void draft_drop(struct draft *draft)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault ignored = {.arena = &arena};
    if (!draft->path)
        return;
    if (tree_remove(draft->path, &ignored))
        fault_reset(&ignored); /* the next backup sweeps */
    close(draft->lock);
    draft->path = NULL;
}

enum err dump_read(const char *folder, const char *name, struct fault *fault, char **out)
{
    struct stat about;
    const char *path = arena_format(fault->arena, "%s/%s", folder, name);
    int fd CLEANUP(descriptor_close) = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || fstat(fd, &about) != 0 || !S_ISREG(about.st_mode))
        return dump_damaged(fault, folder, "it has no %s that can be read", name);
    if (about.st_size > SMALL_FILE_MAX)
        return dump_damaged(fault, folder, "its %s is too long", name);
    char *text = arena_take(fault->arena, (size_t)about.st_size + 1);
    ssize_t n, length = 0;
    while ((n = read(fd, text + length, (size_t)(about.st_size - length))) > 0)
        length += n;
    if (n < 0 || memchr(text, '\0', (size_t)length))
        return dump_damaged(fault, folder, "its %s cannot be read", name);
    *out = text;
    return ERR_NONE;
}

/* Within the folder, and nowhere else. */
static bool name_is_inside(const char *name)
{
    return name[0] != '\0' && name[0] != '/' && !strstr(name, "..");
}

/* "<64 hex>  <name>" */
static enum err line_check(const char *folder, char *line, struct fault *fault, const char **name)
{
    char digest[DIGEST_TEXT];
    int64_t bytes;
    size_t hex = DIGEST_TEXT - 1;
    if (strlen(line) < hex + 3 || strspn(line, "0123456789abcdef") != hex ||
        strncmp(line + hex, "  ", 2) != 0 || !name_is_inside(line + hex + 2))
        return dump_damaged(fault, folder, "a line of its " SUMS_FILE " is none");
    line[hex] = '\0';
    *name = line + hex + 2;
    struct fault aside = {.arena = fault->arena};
    if (file_digest(arena_format(fault->arena, "%s/%s", folder, *name), false, &aside, &bytes,
                    digest))
        return dump_damaged(fault, folder, "%s is missing", *name);
    if (strcmp(digest, line) != 0)
        return dump_damaged(fault, folder, "%s is not as it was written (its SHA-256 differs)",
                            *name);
    return ERR_NONE;
}

enum err dump_check(const char *folder, const char *payload, const char *sha256,
                    struct fault *fault, int64_t *files)
{
    char *text = NULL;
    bool has_manifest = false, has_payload = false;
    *files = 0;
    enum err err = dump_read(folder, SUMS_FILE, fault, &text);
    for (char *line; !err && (line = strsep(&text, "\n")) && text;) {
        const char *name = "";
        err = line_check(folder, line, fault, &name);
        has_manifest = has_manifest || strcmp(name, "manifest.json") == 0;
        has_payload = has_payload || (strcmp(name, payload) == 0 && strcmp(line, sha256) == 0);
        *files += strncmp(name, "files/", 6) == 0;
    }
    if (!err && !(has_manifest && has_payload))
        err = dump_damaged(fault, folder,
                           "its " SUMS_FILE
                           " was cut short, or its manifest.json is another backup's");
    return err;
}
