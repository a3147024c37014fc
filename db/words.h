/* Why a connection was not made, in words that may be printed. libpq quotes what it cannot read of
 * a connection string, and that may be a password. For db/ only. */
#ifndef DB_WORDS_H
#define DB_WORDS_H

#include <libpq-fe.h>

/* libpq's own words when they are about a server, else a sentence of ours; it lives as long as the
 * connection. NULL stands for no memory. */
const char *words_of_refusal(const PGconn *connection);

#endif
