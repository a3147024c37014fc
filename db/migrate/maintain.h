/* What giving orders (maintain.c) and passes (pass.c) share. For db/migrate/ only. */
#ifndef DB_MIGRATE_MAINTAIN_H
#define DB_MIGRATE_MAINTAIN_H

#include "db/maintain.h"
#include "db/migrate/migrator.h"

/* Connects, makes the tables that an older program's database has not, begins a row of ops.run. */
enum err maintain_begin(struct migrator *migrator, const char *command) FAILS;

/* One statement on ops.maintenance; row and news become true together. */
enum err maintain_write(struct migrator *migrator, const char *sql, int n,
                        const char *const values[]) FAILS;

#endif
