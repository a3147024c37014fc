/* A PostgreSQL cluster of the tests' own: made in seconds, durable for nobody, gone afterwards.
 *
 * A keeper process owns it. The keeper stops the server and removes the folder when whoever holds
 * the cluster lets go: for a program started by hand when that program ends, however it ends; for a
 * run of ctest when the cleanup fixture says so, and at the latest after CLUSTER_MINUTES_MAX.
 *
 * Only a unix socket in a folder of mode 0700 listens. `trust` is for the tests alone: whoever can
 * reach the folder is us. As root the server runs as user postgres (or nobody).
 */
#ifndef TESTS_HARNESS_CLUSTER_H
#define TESTS_HARNESS_CLUSTER_H

#include <stdbool.h>
#include <sys/types.h>

enum { CLUSTER_DIR_TEXT = 64, CLUSTER_MINUTES_MAX = 60 };

struct cluster {
    char dir[CLUSTER_DIR_TEXT]; /* the socket lies here */
    pid_t keeper;
};

/* Returns when the server answers. `until_exit`: lives as long as the calling program. */
void cluster_start(bool until_exit, struct cluster *out);

/* Returns when nothing of it is left, or dies after half a minute. */
void cluster_stop(const struct cluster *cluster);

/* The cluster of a whole run, remembered in a file between the fixtures. */
void cluster_save(const struct cluster *cluster, const char *path);
bool cluster_load(const char *path, struct cluster *out); /* false: no such file */

#endif
