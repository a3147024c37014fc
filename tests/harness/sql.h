/* Plain SQL for tests: looks behind the service's back, plants what tests need.
 *
 * Every function but sql_try() dies when the statement fails, with the statement in the message.
 */
#ifndef TESTS_HARNESS_SQL_H
#define TESTS_HARNESS_SQL_H

#include "db/arena.h"

#include <libpq-fe.h>

enum { SQLSTATE_TEXT = 6 };

PGconn *sql_connect(const char *url);
static inline void sql_close(PGconn **conn)
{
    PQfinish(*conn);
    *conn = NULL;
}
#define SQL_CLOSE CLEANUP(sql_close)

/* One or several statements without parameters; the text is a printf format. */
void sql_run(PGconn *conn, const char *format, ...) PRINTF(2, 3);

/* Runs one statement and says what became of it: rows affected or returned, or -1 and the SQLSTATE.
 */
int sql_try(PGconn *conn, char sqlstate[SQLSTATE_TEXT], const char *format, ...) PRINTF(3, 4);

/* The first value of the first row, as text; NULL when there is none. */
char *sql_text(PGconn *conn, struct arena *arena, const char *format, ...) PRINTF(3, 4);
int64_t sql_int(PGconn *conn, const char *format, ...) PRINTF(2, 3);

/* All rows; freed with the arena. Read it with PQntuples(), PQgetvalue(). */
PGresult *sql_rows(PGconn *conn, struct arena *arena, const char *format, ...) PRINTF(3, 4);

/* Until so many of the service's statements wait for a lock; also from within a transaction. */
void sql_wait_for_blocked(PGconn *boss, int n);

/* Until the question (a count) is answered by more than 0; dies after a minute. */
void sql_wait_until(PGconn *conn, const char *question);

/* A whole file of the source tree ("db/verify/catalogue.sql"), in the arena. */
char *source_read(struct arena *arena, const char *path);

#endif
