/* For root, who is nobody's service: to act as whom a folder belongs to, and to come back. What is
 * made meanwhile is the service's, and what it may not do fails here, too. */
#ifndef DB_OWNER_H
#define DB_OWNER_H

#include <stdbool.h>
#include <sys/types.h>

struct owner {
    uid_t user;
    gid_t group;
    bool is_other; /* we are somebody else until owner_leave() */
};

/* Of the nearest folder above, when `path` is not there. Nothing happens to whoever is not root. */
bool owner_become(const char *path, struct owner *out);
void owner_leave(struct owner *owner);

#endif
