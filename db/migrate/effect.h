/* What a statement does to which table. For script.c. */
#ifndef DB_MIGRATE_EFFECT_H
#define DB_MIGRATE_EFFECT_H

#include "db/migrate/script.h"

/* Fills table and effect; an effect without operation is none that matters. */
void effect_read(struct store *store, struct statement *statement);

#endif
