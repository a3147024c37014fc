#include "db/words.h"

#include <stddef.h>
#include <string.h>

/* All that libpq 15 says once it has understood where to go. */
static const char *const about_servers[] = {"connection to server", "could not translate host name",
                                            "server closed the connection", "timeout expired"};

const char *words_of_refusal(const PGconn *connection)
{
    if (!connection)
        return "out of memory";
    const char *words = PQerrorMessage(connection);
    if (PQstatus(connection) == CONNECTION_OK)
        return words;
    if (words[0] == '\0')
        return "no answer in time";
    for (size_t i = 0; i < sizeof about_servers / sizeof about_servers[0]; i++) {
        if (strncmp(words, about_servers[i], strlen(about_servers[i])) == 0 &&
            !strchr(words, '@')) /* no name of a host, but the rest of a password */
            return words;
    }
    return "libpq does not understand the connection string (a password in a URI is written with "
           "%40 for @, %2F for /, %25 for %)";
}
