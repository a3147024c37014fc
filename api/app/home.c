#include "api/app/home.h"

#include "db/program.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static const char service_user[] = "clinicd";
static const char fallback_dir[] = "/var/lib/clinicd";
static const char socket_parent[] = "/run/clinicd";

/* Also for a path of which nothing exists yet, which realpath() does not do. */
static const char *path_absolute(struct arena *arena, const char *path)
{
    char here[PATH_MAX];
    if (path[0] == '/' || !getcwd(here, sizeof here))
        return path;
    return arena_format(arena, "%s/%s", here, strncmp(path, "./", 2) == 0 ? path + 2 : path);
}

/* Whether a user can pass every folder above `path`, as far as they exist. */
static bool path_is_reachable(struct arena *arena, const char *path, uid_t user, gid_t group)
{
    char *part = arena_copy(arena, path);
    for (char *slash = part; slash; slash = strchr(slash + 1, '/')) {
        struct stat about;
        *slash = '\0';
        int is_missing = stat(slash == part ? "/" : part, &about);
        *slash = '/';
        if (is_missing)
            return errno == ENOENT;
        mode_t bit = about.st_uid == user ? S_IXUSR : about.st_gid == group ? S_IXGRP : S_IXOTH;
        if (!S_ISDIR(about.st_mode) || !(about.st_mode & bit))
            return false;
    }
    return true;
}

/* The folders above stay open to pass; the last one is made by its owner's rules. */
static enum err parents_make(const char *path, struct fault *fault)
{
    char *part = arena_copy(fault->arena, path);
    for (char *slash = strchr(part + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(part, 0755) != 0 && errno != EEXIST)
            return fail(fault, ERR_INTERNAL, NULL, "cannot make the folder %s: %s", part,
                        strerror(errno));
        *slash = '/';
    }
    return ERR_NONE;
}

static bool dir_is_empty(const char *path)
{
    DIR *dir = opendir(path);
    if (!dir)
        return false;
    bool is_empty = true;
    struct dirent *entry;
    while (is_empty && (entry = readdir(dir)))
        is_empty = strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0;
    closedir(dir);
    return is_empty;
}

/* Ours, closed to others. What belongs to somebody else is not taken away from them, unless it is
 * an empty folder of root's. */
static enum err data_dir_make(const char *path, uid_t user, gid_t group, struct fault *fault)
{
    struct stat about;
    enum err err = parents_make(path, fault);
    if (err)
        return err;
    bool is_new = mkdir(path, 0700) == 0;
    if ((!is_new && errno != EEXIST) || stat(path, &about) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot make the data directory %s: %s", path,
                    strerror(errno));
    if (about.st_uid != user) {
        bool may_take = geteuid() == 0 && about.st_uid == 0 && dir_is_empty(path);
        if (!may_take)
            return fail(fault, ERR_CONFLICT, NULL,
                        "the data directory %s belongs to somebody else; set CLINICD_DATA_DIR",
                        path);
        if (chown(path, user, group) != 0)
            return fail(fault, ERR_INTERNAL, NULL, "cannot give %s away: %s", path,
                        strerror(errno));
    }
    if (chmod(path, 0700) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot close %s to others: %s", path,
                    strerror(errno));
    return ERR_NONE;
}

/* NULL after a fault. */
static const struct passwd *service_user_find(struct fault *fault)
{
    static const char *const useradd[] = {
        "useradd",    "--system", "--user-group",      "--no-create-home", "--home-dir",
        fallback_dir, "--shell",  "/usr/sbin/nologin", service_user,       NULL};
    const struct passwd *user = getpwnam(service_user);
    if (user || child_run(useradd, 30000, fault))
        return user;
    user = getpwnam(service_user);
    if (!user)
        fail(fault, ERR_INTERNAL, NULL, "cannot make the system user %s", service_user);
    return user;
}

/* For root: whom to become. NULL after a fault. */
static const struct passwd *user_choose(const char *data_dir, struct fault *fault)
{
    struct stat about;
    const struct passwd *owner = NULL;
    const char *database = arena_format(fault->arena, "%s/postgres", data_dir);
    if (stat(database, &about) == 0 && about.st_uid != 0)
        owner = getpwuid(about.st_uid);
    return owner ? owner : service_user_find(fault);
}

static enum err user_become(const struct passwd *user, struct fault *fault)
{
    if ((mkdir(socket_parent, 0700) == 0 || errno == EEXIST) &&
        strcmp(user->pw_name, service_user) == 0 &&
        chown(socket_parent, user->pw_uid, user->pw_gid) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot give %s away: %s", socket_parent,
                    strerror(errno));
    if (setgroups(1, &user->pw_gid) != 0 || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot become the user %s: %s", user->pw_name,
                    strerror(errno));
    if (setuid(0) == 0) /* the one thing that must be impossible now */
        abort();
    return ERR_NONE;
}

static enum err root_enter(const char **data_dir, struct fault *fault)
{
    const struct passwd *user = user_choose(*data_dir, fault);
    if (!user)
        return fault->err;
    if (!path_is_reachable(fault->arena, *data_dir, user->pw_uid, user->pw_gid))
        *data_dir = fallback_dir;
    enum err err = data_dir_make(*data_dir, user->pw_uid, user->pw_gid, fault);
    return err ? err : user_become(user, fault);
}

enum err home_enter(const char *data_dir, struct fault *fault, struct home *out)
{
    const struct rlimit no_core = {0, 0};
    data_dir = path_absolute(fault->arena, data_dir);
    setrlimit(RLIMIT_CORE, &no_core);
    enum err err = geteuid() == 0 ? root_enter(&data_dir, fault)
                                  : data_dir_make(data_dir, geteuid(), getegid(), fault);
    if (err)
        return err;
    /* Where we were may be closed to the user that we are now, which initdb would not like. */
    if (chdir(data_dir) != 0 || setenv("HOME", data_dir, 1) != 0)
        return fail(fault, ERR_INTERNAL, NULL, "cannot enter %s: %s", data_dir, strerror(errno));
    umask(077);
    *out = (struct home){.data_dir = data_dir, .lock = -1};
    return ERR_NONE;
}

/* Close on exec: the database's server must not inherit the lock and outlive us with it. */
bool home_lock(struct home *home)
{
    int lock = open("clinicd.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock < 0)
        return false;
    if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
        close(lock);
        return false;
    }
    home->lock = lock;
    return true;
}

void home_unlock(struct home *home)
{
    if (home->lock >= 0)
        close(home->lock);
    home->lock = -1;
}
