/* The database that the settings name, for the length of a command: a server of the operator's own,
 * or the embedded one, which is started for the command or joined when a `clinicd serve` runs it.
 *
 * Opening it becomes the service's user and goes into the data directory (home.h), so it comes
 * before the first thread, and relative paths start there from then on.
 */
#ifndef API_APP_SITE_H
#define API_APP_SITE_H

#include "api/app/home.h"
#include "api/app/settings.h"

struct embedded;

enum site_use {
    SITE_SERVE, /* alone: refused while another process uses the data directory */
    SITE_VISIT, /* beside a running service, or without one */
};

struct site {
    struct home home;
    const struct settings *settings;
    struct embedded *embedded; /* NULL: a server of the operator's own */
    bool is_joined;            /* somebody else runs the embedded server */
};

/* ERR_CONFLICT: the data directory is in use. */
enum err site_open(const struct settings *settings, enum site_use use, struct fault *fault,
                   struct site *out) FAILS;

/* Stops what site_open() started. */
void site_close(struct site *site);

const char *site_app_url(const struct site *site);

/* ERR_INPUT when the server is the operator's own and CLINICD_MIGRATE_URL is empty. */
enum err site_migrator_url(const struct site *site, struct fault *fault, const char **out) FAILS;

/* The same for CLINICD_BACKUP_URL and CLINICD_RESTORE_URL. */
enum err site_backup_url(const struct site *site, struct fault *fault, const char **out) FAILS;
enum err site_restore_url(const struct site *site, struct fault *fault, const char **out) FAILS;

/* Where backups are made, and the store that the settings name: absolute, by the data directory. */
const char *site_backups_dir(const struct site *site, struct arena *arena);
void site_store(const struct site *site, struct arena *arena, struct store_options *out);

#endif
