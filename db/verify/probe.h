/* The table matrix: every table of a clinic × what somebody of another clinic might try, made by
 * the server from its catalogue (db/verify/tables.sql). For db/verify/ and its tests. */
#ifndef DB_VERIFY_PROBE_H
#define DB_VERIFY_PROBE_H

#include "db/verify.h"

#include <libpq-fe.h>

/* Two clinics with rows; every id of one is that of the other but for how it begins. */
struct probe_clinics {
    const char *own, *other;         /* clinic_id */
    const char *own_ids, *other_ids; /* how ids begin: all but the last ten digits */
};

struct probe_work {
    PGconn *conn; /* the service's role, inside a transaction that the caller rolls back */
    const struct probe_clinics *clinics;
    const char *table; /* NULL: all */
    struct fault *fault;
    struct verification *result;
};

/* A connection whose search path is pg_catalog, as whom the url says; to its database, or to that
 * one on the same server. */
enum err probe_connect(const char *url, const char *database, struct fault *fault,
                       PGconn **out) FAILS;
static inline void probe_close(PGconn **conn)
{
    PQfinish(*conn);
    *conn = NULL;
}
#define PROBE_CLOSE CLEANUP(probe_close)

/* Runs one statement with up to two parameters (bigint or text, as given), whose result lives in
 * the fault's arena. */
enum err probe_run(PGconn *conn, struct fault *fault, const char *sql, int n,
                   const char *const values[], PGresult **out) FAILS;

/* Tells the result which database it is. ERR_CONFLICT: it is not migrated, or the role another. */
enum err probe_facts(PGconn *conn, const char *role, struct fault *fault,
                     struct verification *out) FAILS;

/* All of them; the work's result gets the findings. Fails only when it could not ask. */
enum err probe_tables(const struct probe_work *work) FAILS;

#endif
