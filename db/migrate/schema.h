/* Schema ops: what the tools remember. The statements make what is missing and change nothing that
 * is there, so every run begins with them. The migrator owns it all; the service reads the versions
 * of ops.migration and nothing else, backups read everything.
 */
#ifndef DB_MIGRATE_SCHEMA_H
#define DB_MIGRATE_SCHEMA_H

extern const char *const ops_schema[]; /* NULL-terminated */

#endif
