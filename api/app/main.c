#include "api/app/commands.h"

#include <signal.h>
#include <unistd.h>

/* The C library takes neither argv nor environ for const; nobody here changes them. */
union words {
    char *const *given;
    const char *const *read;
};

int main(int argc, char *argv[])
{
    union words arguments = {.given = argv}, environment = {.given = environ};
    signal(SIGPIPE, SIG_IGN); /* a reader that leaves is an error of write(), not our end */
    return commands_run(argc, arguments.read, environment.read);
}
