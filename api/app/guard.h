/* What the command line says about the conditions of a migration (db/migrate.h), and the backup
 * that is made when it is all that is missing. */
#ifndef API_APP_GUARD_H
#define API_APP_GUARD_H

#include "api/app/site.h"
#include "db/doctor.h"
#include "db/migrate.h"

struct call;

struct guard {
    const struct site *site;
    struct arena *arena;
    const char *arguments; /* for ops.run: a JSON array */
    struct stop *stop;
    struct migrate_guard rules;
    struct doctor_options doctor;
};

/* For `migrate up` and `to`: reads --backup, --backup-max-age, --waive and --reason. `guard` must
 * stay where it is. ERR_INPUT: a usage fault. */
enum err guard_take(struct call *call, const struct site *site, struct stop *stop,
                    const char *migrate_url, struct guard *guard) FAILS;

/* For `serve`, which migrates its embedded database at an upgrade, before anybody is served: a
 * proven backup first; a rehearsal and a window nobody could give it. */
void guard_embedded(const struct site *site, struct arena *arena, struct guard *guard);

#endif
