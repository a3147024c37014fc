/* The minor releases of PostgreSQL that have the newest fixes of row-level security: the one place
 * where they stand.
 *
 * How it is kept: whoever prepares a release of clinicd reads postgresql.org/support/security for
 * what touches row security, policies or what statistics show past them, raises the minors of the
 * lines that got it, adds a line that is new, and sets the date to the day that he looked. A line
 * that is not here is either too old to be served or newer than what was known on that day. */
#ifndef DB_FIXES_H
#define DB_FIXES_H

#define FIXES_DATE "2026-11-13"

enum { SERVER_LEAST = 150000 }; /* server_version_num; older ones lack security_invoker views */

/* The minor that the server's line should have at least; -1: nothing is known of that line. */
int fixes_least_minor(int server_version_num);

#endif
