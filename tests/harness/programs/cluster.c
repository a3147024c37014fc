/* The fixtures of a run of ctest: `cluster start FILE` and `cluster stop FILE`. */
#include "tests/harness/cluster.h"
#include "tests/harness/postgres.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A run that was interrupted may have left one behind. */
static void stop(const char *path)
{
    struct cluster cluster;
    if (cluster_load(path, &cluster))
        cluster_stop(&cluster);
    unlink(path);
}

static void start(const char *path)
{
    struct cluster cluster;
    const char *seen = getenv("CLINICD_TEST_SEEN");
    stop(path);
    if (seen)
        unlink(seen); /* what an earlier run saw is no evidence for this one */
    cluster_start(false, &cluster);
    cluster_save(&cluster, path); /* first of all, so that a failure below still gets cleaned up */
    postgres_prepare(&cluster);
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "start") && strcmp(argv[1], "stop"))) {
        fputs("cluster: start FILE | stop FILE\n", stderr);
        return 2;
    }
    if (strcmp(argv[1], "start") == 0)
        start(argv[2]);
    else
        stop(argv[2]);
    return 0;
}
