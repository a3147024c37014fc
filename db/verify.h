/* Proofs about a database that is there: do the walls between clinics stand, is the schema this
 * program's, does the data agree with itself.
 *
 * Nothing is changed: what a proof must write it rolls back. A proof that finds something gives
 * ERR_INTERNAL "verification-failed" and its findings; every text lives in the fault's arena.
 */
#ifndef DB_VERIFY_H
#define DB_VERIFY_H

#include "db/arena.h"
#include "db/migrate.h"

struct finding {
    const char *check;  /* "insert into another" */
    const char *object; /* "patient" */
    const char *detail;
    int64_t count;   /* of rows; 0: not counted */
    const char *ids; /* up to five of them as a JSON array, or NULL */
};

struct verification {
    const char *database, *server_version, *system_identifier; /* NULL: never connected */
    struct finding *findings;
    size_t n, room;
    int tables, checks; /* what was tried */
};

/* Two clinics that never were, with a row in every table, as the service's role: each table ×
 * select, insert, update, delete, move, foreign key × no context, own, another's. Then the context
 * itself, on one connection that is used again, and the rules that the catalogue must keep. */
enum err verify_isolation(const char *app_url, struct fault *fault, struct verification *out) FAILS;

/* Proves that verify_isolation() can fail: in the scratch database, which the migrator fills from
 * this program's migrations and empties again, the wall of one table after the other is taken away,
 * and the check must name that table and no other. A table that it does not name is a finding. */
enum err verify_self_test(const struct migrate_options *options, const char *app_url,
                          const char *scratch_url, struct fault *fault,
                          struct verification *out) FAILS;

/* The migrations of this program are applied as they are, the catalogue is as they left it, or,
 * with a scratch database, as they make it there from nothing; what they promise holds. */
enum err verify_schema(const struct migrate_options *options, const char *scratch_url,
                       struct fault *fault, struct verification *out) FAILS;

/* Every row points at one that is there, counts are what is counted, numbers have no gaps, the
 * trail tells of every record: of one clinic, or of all when slug is NULL. ERR_INPUT: no such. */
enum err verify_data(const char *migrator_url, const char *slug, struct fault *fault,
                     struct verification *out) FAILS;

/* Groups of rows that may be the same thing twice, each a finding. Nobody is merged. */
enum err verify_duplicates(const char *migrator_url, const char *slug, struct fault *fault,
                           struct verification *out) FAILS;

/* A line of the schema as it is: "column", "slug", "text NOT NULL". */
struct schema_line {
    const char *kind, *name, *definition;
};

/* table: "patient", "ops.run"; NULL lists all tables. ERR_INPUT: there is no such. */
enum err verify_show(const char *migrator_url, const char *table, struct fault *fault,
                     struct verification *facts, struct schema_line **out, size_t *n) FAILS;

/* For those who make findings. */
enum err verification_verdict(const struct verification *all, struct fault *fault) FAILS;
void verification_find(struct verification *all, struct arena *arena, const struct finding *one);

#endif
