/* A data directory for commands that enter it. Root becomes the owner of its server there: in a
 * test that of the tests' cluster, whose socket nobody else may reach. */
#ifndef TESTS_HARNESS_HOME_H
#define TESTS_HARNESS_HOME_H

#include "db/arena.h"
#include "tests/harness/sql.h"

/* Makes it at `path`, in a folder that is there. */
void home_make(PGconn *boss, struct arena *arena, const char *path);

#endif
