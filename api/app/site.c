#include "api/app/site.h"

#include "db/embedded.h"

#include <limits.h>
#include <unistd.h>

enum { JOIN_WAIT_MS = 20000 };

static enum err embedded_open(enum site_use use, struct fault *fault, struct site *site)
{
    if (home_lock(&site->home))
        return embedded_start(site->home.data_dir, fault, &site->embedded);
    if (use == SITE_SERVE)
        return fail(fault, ERR_CONFLICT, "in-use",
                    "another clinicd runs on the data directory %s; stop it first, or set "
                    "CLINICD_DATA_DIR",
                    site->home.data_dir);
    site->is_joined = true;
    return embedded_join(site->home.data_dir, JOIN_WAIT_MS, fault, &site->embedded);
}

/* Without an embedded server the data directory holds the key file only, which many may read. */
enum err site_open(const struct settings *settings, enum site_use use, struct fault *fault,
                   struct site *out)
{
    struct site site = {.settings = settings, .home = {.lock = -1}};
    enum err err = home_enter(settings->data_dir, fault, &site.home);
    if (!err && settings->database_url[0] == '\0')
        err = embedded_open(use, fault, &site);
    if (err)
        home_unlock(&site.home);
    else
        *out = site;
    return err;
}

void site_close(struct site *site)
{
    if (site->is_joined)
        embedded_leave(site->embedded);
    else
        embedded_stop(site->embedded);
    site->embedded = NULL;
    home_unlock(&site->home);
}

const char *site_app_url(const struct site *site)
{
    return site->embedded ? embedded_url(site->embedded, "app") : site->settings->database_url;
}

enum err site_migrator_url(const struct site *site, struct fault *fault, const char **out)
{
    const char *own = site->settings->migrate_url;
    if (!site->embedded && own[0] == '\0')
        return fail(fault, ERR_INPUT, NULL,
                    "CLINICD_MIGRATE_URL is empty: it must name your server as the role "
                    "clinicd_migrator");
    *out = site->embedded ? embedded_url(site->embedded, "migrator") : own;
    return ERR_NONE;
}

enum err site_backup_url(const struct site *site, struct fault *fault, const char **out)
{
    const char *own = site->settings->backup_url;
    if (!site->embedded && own[0] == '\0')
        return fail(fault, ERR_INPUT, NULL,
                    "CLINICD_BACKUP_URL is empty: it must name your server as the role "
                    "clinicd_backup");
    *out = site->embedded ? embedded_url(site->embedded, "backup") : own;
    return ERR_NONE;
}

enum err site_restore_url(const struct site *site, struct fault *fault, const char **out)
{
    const char *own = site->settings->restore_url;
    if (!site->embedded && own[0] == '\0')
        return fail(fault, ERR_INPUT, NULL,
                    "CLINICD_RESTORE_URL is empty: it must name the server that gets the new "
                    "database, as a role that may make one (a superuser)");
    *out = site->embedded ? embedded_boot_url(site->embedded) : own;
    return ERR_NONE;
}

/* A relative path is the caller's folder's as long as the home is not entered. */
static const char *whole_path(const char *path, struct arena *arena)
{
    char here[PATH_MAX];
    return path[0] == '/' || !getcwd(here, sizeof here) ? path
                                                        : arena_format(arena, "%s/%s", here, path);
}

static const char *site_path(const struct site *site, const char *name, struct arena *arena)
{
    const char *home = site->home.data_dir ? site->home.data_dir : site->settings->data_dir;
    return name[0] == '/' ? name : whole_path(arena_format(arena, "%s/%s", home, name), arena);
}

const char *site_backups_dir(const struct site *site, struct arena *arena)
{
    return site_path(site, "backups", arena);
}

void site_store(const struct site *site, struct arena *arena, struct store_options *out)
{
    settings_store(site->settings, out);
    out->folder = site_path(site, site->settings->files_dir, arena);
}
