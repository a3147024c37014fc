/* What files would do, for those of db/migrate/ who ask on their own connection. */
#ifndef DB_MIGRATE_PLAN_H
#define DB_MIGRATE_PLAN_H

#include "db/migrate/migrator.h"

/* Of the files from + 1 to `to`, with the tables as large as they are now; to - from of them. */
enum err plan_files(struct migrator *migrator, int from, int to, struct arena *arena,
                    struct plan_file **out) FAILS;

#endif
