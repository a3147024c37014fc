/* The real program as a child process, over a PostgreSQL of its own that is as durable as in
 * service: for tests that kill either of them at any moment.
 *
 * All children end with the program that began them. Call from the main thread.
 */
#ifndef TESTS_HARNESS_TOWN_H
#define TESTS_HARNESS_TOWN_H

#include "db/arena.h"
#include "tests/harness/postgres.h"

#include <stdbool.h>
#include <sys/types.h>

enum { TOWN_SETTINGS_MOST = 8 };

struct town {
    char dir[CLUSTER_DIR_TEXT];
    struct postgres_database database;
    pid_t postgres, service;
    int port;
    int starts;                               /* of the service so far */
    const char *settings[TOWN_SETTINGS_MOST]; /* more of its environment, "CLINICD_…=…" */
};

/* Cluster, roles, migrated database, two clinics' rows; no service yet. */
void town_begin(struct town *town);
void town_end(struct town *town);

void town_service_start(struct town *town);
void town_service_kill(struct town *town); /* SIGKILL, and waited for */
int town_service_stop(struct town *town);  /* SIGTERM; the exit status, as waitpid() gives it */
bool town_service_lives(const struct town *town);

/* Until /health/ready says 200: milliseconds, or -1 when that takes longer than `most_ms`. */
int town_ready_ms(const struct town *town, int most_ms);

/* What `pg_ctl stop -m immediate` and `pg_ctl start` do. start() returns when it answers. */
void town_postgres_crash(struct town *town);
void town_postgres_start(struct town *town);

/* Where its files are, in the arena. */
const char *town_files(const struct town *town, struct arena *arena);

/* Everything that the service wrote to standard error, all starts of it. */
char *town_log(const struct town *town, struct arena *arena);

#endif
