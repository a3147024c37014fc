/* As whom clinicd runs, and where its files live.
 *
 * Root never serves: it becomes the owner of an existing embedded database in the data directory,
 * or else the system user `clinicd`, who is created when missing. Everybody else stays who they
 * are. The data directory is CLINICD_DATA_DIR when that user can reach it, else /var/lib/clinicd.
 * Before it lets go of its powers root also makes /run/clinicd, where the database's socket goes.
 */
#ifndef API_APP_HOME_H
#define API_APP_HOME_H

#include "db/arena.h"

#include <stdbool.h>

struct home {
    const char *data_dir; /* absolute, exists, mode 0700 */
    int lock;             /* descriptor that holds the lock, or -1 */
};

/* Becomes the user, makes the data directory, forbids core files (they would hold patients' data).
 * For good: call it before the first thread. The text lives in the fault's arena. */
enum err home_enter(const char *data_dir, struct fault *fault, struct home *out) FAILS;

/* Makes this process the only one that runs the data directory. False when another one does. The
 * lock ends with the process, however that ends. */
bool home_lock(struct home *home);

void home_unlock(struct home *home);

#endif
