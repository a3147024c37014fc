/* A database of the tool's own beside the real one, for proofs: made empty by a role that may make
 * databases (the embedded server's superuser, or CLINICD_RESTORE_URL's), dropped at the end. What a
 * killed proof left is dropped by one that comes an hour later.
 */
#ifndef DB_SCRATCH_H
#define DB_SCRATCH_H

#include "db/arena.h"

struct scratch {
    const char *name; /* NULL: it is somebody else's, and stays */
    const char *url;  /* as the migrator; both name this database, for this process only */
    const char *app_url;
    const char *maker_url;
};

/* app_url: the service's at the real database, or NULL. Texts live in the fault's arena.
 * ERR_CONFLICT "other-server": the maker's url is of another server than the migrator's. */
enum err scratch_begin(const char *maker_url, const char *migrator_url, const char *app_url,
                       struct fault *fault, struct scratch *out) FAILS;

/* Ends whoever is connected, and drops it. Its own failure is silent: the next proof drops it. */
void scratch_end(struct scratch *scratch, struct fault *fault);

#endif
