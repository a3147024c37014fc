/* One function a rule of lint.c's table: does this statement break it? */
#ifndef DB_MIGRATE_LINT_RULES_H
#define DB_MIGRATE_LINT_RULES_H

#include "db/migrate/script.h"

#define RULE(name) bool name(const struct script *script, const struct statement *statement)

RULE(lint_rewriting_default);
RULE(lint_not_null);
RULE(lint_constraint_at_once);
RULE(lint_unique_at_once);
RULE(lint_index_locks);
RULE(lint_concurrently_in_tx);
RULE(lint_type_change);
RULE(lint_rename);
RULE(lint_drop);
RULE(lint_truncate);
RULE(lint_vacuum_full);
RULE(lint_enum_value);
RULE(lint_whole_table);
RULE(lint_second_lock);
RULE(lint_long_name);
RULE(lint_serial);
RULE(lint_char);
RULE(lint_timestamp);
RULE(lint_index_if_not_exists);
RULE(lint_not_repeatable);
RULE(lint_timeout);

/* Of many clinics: lint_tenant.c. */
RULE(lint_no_clinic);
RULE(lint_unique_over_clinics);
RULE(lint_foreign_key);
RULE(lint_no_wall);
RULE(lint_wall_by_hand);
RULE(lint_rights);
RULE(lint_view);
RULE(lint_definer);
RULE(lint_enum);
RULE(lint_filter_key);
RULE(lint_search_column);
RULE(lint_row_security);
RULE(lint_sequence);
RULE(lint_shards);

#endif
