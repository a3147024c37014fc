/* Where an operator's command works on the service's data by its models: the database as the
 * service's role, the keys, and transactions that the trail shows as clinicd's own. */
#ifndef API_APP_OFFICE_H
#define API_APP_OFFICE_H

#include "api/app/commands.h"
#include "api/app/site.h"
#include "db/tx.h"

struct database;
struct keys;

struct office {
    struct site site;
    struct database *database;
    struct keys *keys;
};

/* An embedded server that we start ourselves is migrated first. Close it also after a failure. */
enum err office_open(struct call *call, struct office *out) FAILS;
void office_close(struct office *office);

/* A manual transaction of the program itself; clinic_id 0: of the platform. Ends as any does:
 * tx_commit(), tx_end(). `status` is what the trail says when it succeeds. */
void office_tx(const struct office *office, struct call *call, int64_t clinic_id, int status,
               struct tx *out);

#endif
