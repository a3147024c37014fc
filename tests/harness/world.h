/* The real service, in this process, on a port of its own, over a fresh database with two clinics
 * (A and B) and one in each other state, everybody signed in: tests/harness/seed.h says who. Its
 * files are in a folder or, with CLINICD_TEST_STORE=bucket, in a bucket; few tests have to know.
 *
 *     struct world world;
 *     world_begin(&world, &(struct world_options){.name = "patients"});
 *     http_send(world.client, &world.arena, &(struct call){.path = "/version"}, &answer);
 *     world_end(&world);
 */
#ifndef TESTS_HARNESS_WORLD_H
#define TESTS_HARNESS_WORLD_H

#include "api/http/service.h"
#include "tests/harness/http.h"
#include "tests/harness/postgres.h"
#include "tests/harness/s3_server.h"
#include "tests/harness/seed.h"

struct world_options {
    const char *name;     /* of the database */
    bool is_bare;         /* no rows at all: neither clinics nor the platform's people */
    bool is_wide;         /* as many connections as in service: for what many do at once */
    bool bypass_wall_2;   /* connect as a role that row level security does not stop */
    bool has_bucket;      /* whatever CLINICD_TEST_STORE says */
    const char *plant;    /* SQL that the superuser runs before the service starts, or NULL */
    const char *document; /* another document for the service; NULL: the embedded one */
    const struct handler *handlers; /* other handlers; NULL: api/endpoints.c */
    size_t handlers_n;
    void (*adjust)(struct service_options *options); /* anything else, or NULL */
};

struct world {
    struct arena arena;
    struct postgres_database database;
    PGconn *boss;      /* a superuser's connection, to look behind the service's back */
    PGconn *restorer;  /* world_restore()'s own */
    const char *files; /* the folder of the store, or of what is arriving: the world's own */
    const struct s3_server *bucket; /* where its files are, or NULL: in the folder */
    struct service *service;
    struct document *document; /* the true one, whatever the service was given */
    struct client *client;
};

/* Dies with the fault's sentence when the service does not start. */
void world_begin(struct world *world, const struct world_options *options);

/* Only fills in the options and starts; for tests of a start that must fail. The world is then made
 * as far as the database; world_end() undoes it either way. */
enum err world_try(struct world *world, const struct world_options *options, struct fault *fault);

void world_end(struct world *world);

/* Puts all rows back as they were at the beginning, but for the trails, which only grow, and lets
 * the service forget what it knew. */
void world_restore(struct world *world);

/* A fingerprint of everything that a clinic has, but for its trail. In the arena. */
char *world_checksum(struct world *world, struct arena *arena, int64_t clinic_id);

#endif
