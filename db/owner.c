#include "db/owner.h"

#include "db/arena.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool owner_find(const char *path, struct stat *out)
{
    struct arena arena CLEANUP(arena_end) = {0};
    char *part = arena_copy(&arena, path);
    while (stat(part, out) != 0) {
        char *slash = strrchr(part, '/');
        if (!slash || slash == part)
            return false;
        *slash = '\0';
    }
    return true;
}

bool owner_become(const char *path, struct owner *out)
{
    struct stat about;
    *out = (struct owner){.user = geteuid(), .group = getegid()};
    if (out->user != 0)
        return true;
    if (!owner_find(path, &about))
        return false;
    if (about.st_uid == 0)
        return true;
    if (setegid(about.st_gid) != 0 || seteuid(about.st_uid) != 0)
        return false;
    out->is_other = true;
    return true;
}

void owner_leave(struct owner *owner)
{
    if (owner->is_other && (seteuid(owner->user) != 0 || setegid(owner->group) != 0))
        abort(); /* half somebody else is nobody to go on as */
    owner->is_other = false;
}
