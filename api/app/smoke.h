/* The smoke run: the service from outside, as its users meet it. Two clinics are opened, a patient
 * is registered and read, the other clinic sees nothing of it; then all is closed again. */
#ifndef API_APP_SMOKE_H
#define API_APP_SMOKE_H

#include "api/app/migration.h"
#include "db/maintain.h"

struct smoke_order {
    const char *url, *username;
    char *password; /* a super admin's */
};

/* From --http, --username and --password-stdin. Give it to smoke_order_forget() in the end. */
enum exit_code smoke_order_read(struct call *call, struct smoke_order *out);
void smoke_order_forget(struct smoke_order *order);

/* Each step is a line of the call's text, and an object of `steps`, a JSON array. ERR_INTERNAL
 * "verification-failed" names the one that failed. `pass` NULL: the service is not away. */
enum err smoke_run(struct call *call, const struct smoke_order *order, const char *pass,
                   struct buf *steps) FAILS;

/* The same with a pass through the maintenance that is on; its end is noted. */
enum err smoke_prove(struct migration_work *work, const struct smoke_order *order,
                     struct buf *steps) FAILS;

#endif
