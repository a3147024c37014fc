#include "tests/harness/home.h"

#include "tests/harness/die.h"

#include <libgen.h>
#include <sys/stat.h>
#include <unistd.h>

void home_make(PGconn *boss, struct arena *arena, const char *path)
{
    struct stat about;
    const char *socket = sql_text(boss, arena, "SHOW unix_socket_directories");
    const char *server = arena_format(arena, "%s/postgres", path);
    if (stat(socket, &about) != 0 || mkdir(path, 0700) != 0 || mkdir(server, 0700) != 0)
        die("the data directory %s cannot be made", path);
    if (geteuid() == 0 && (chmod(dirname(arena_copy(arena, path)), 0711) != 0 ||
                           chown(path, about.st_uid, about.st_gid) != 0 ||
                           chown(server, about.st_uid, about.st_gid) != 0))
        die("the data directory %s cannot be given away", path);
}
