/* A database of one's own for a test: a fresh copy of the migrated template, in well under a
 * second.
 *
 * Under ctest all programs share the cluster that the fixture made; a program started by hand makes
 * its own at the first call, and it is gone when the program ends. Names are made unique by the
 * process id, so programs run side by side. Call from one thread, before the program's own threads
 * where possible.
 */
#ifndef TESTS_HARNESS_POSTGRES_H
#define TESTS_HARNESS_POSTGRES_H

#include "tests/harness/cluster.h"

enum { POSTGRES_URL_TEXT = 192 };

struct postgres_database {
    char name[64];
    char app_url[POSTGRES_URL_TEXT]; /* the service's role */
    char migrator_url[POSTGRES_URL_TEXT];
    char backup_url[POSTGRES_URL_TEXT];
    char superuser_url[POSTGRES_URL_TEXT];
    char unsafe_url[POSTGRES_URL_TEXT]; /* clinicd_unsafe: the service's rights plus BYPASSRLS */
};

/* A copy of the migrated template; dies with a sentence when it cannot be had. */
void postgres_database(const char *name, struct postgres_database *out);

/* A copy of another database, which nobody may be connected to. */
void postgres_database_copy(const struct postgres_database *from, const char *name,
                            struct postgres_database *out);

/* An empty database, not migrated, with the roles' rights on it: for tests of the migrations. */
void postgres_database_empty(const char *name, struct postgres_database *out);

/* Ends whoever is still connected and drops it. */
void postgres_drop(const struct postgres_database *database);

/* Roles and template on a cluster that was just started; for the fixture. */
void postgres_prepare(const struct cluster *cluster);

#endif
