#include "tests/harness/postgres.h"

#include "db/migrate.h"
#include "tests/harness/die.h"
#include "tests/harness/sql.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char template_name[] = "clinicd_template";

static void url_make(char out[POSTGRES_URL_TEXT], const char *dir, const char *user,
                     const char *database)
{
    int n = snprintf(out, POSTGRES_URL_TEXT, "host=%s dbname=%s user=%s connect_timeout=10", dir,
                     database, user);
    if (n >= POSTGRES_URL_TEXT)
        die("url too long for %s", database);
}

static void urls_make(const char *dir, struct postgres_database *out)
{
    url_make(out->app_url, dir, "clinicd_app", out->name);
    url_make(out->migrator_url, dir, "clinicd_migrator", out->name);
    url_make(out->backup_url, dir, "clinicd_backup", out->name);
    url_make(out->superuser_url, dir, "postgres", out->name);
    url_make(out->unsafe_url, dir, "clinicd_unsafe", out->name);
}

static PGconn *boss_connect(const char *dir)
{
    char url[POSTGRES_URL_TEXT];
    url_make(url, dir, "postgres", "postgres");
    return sql_connect(url);
}

/* The folder of the socket: of the run's cluster, or of one that we make now. The environment is
 * the memory of this, so that there is no global. */
static const char *socket_dir(void)
{
    const char *dir = getenv("CLINICD_TEST_SOCKET");
    if (dir)
        return dir;
    struct cluster cluster;
    const char *shared = getenv("CLINICD_TEST_CLUSTER");
    if (!shared || !cluster_load(shared, &cluster)) {
        cluster_start(true, &cluster);
        postgres_prepare(&cluster);
    }
    setenv("CLINICD_TEST_SOCKET", cluster.dir, 1);
    return getenv("CLINICD_TEST_SOCKET");
}

/* CREATE DATABASE copies no rights on the database itself. */
static void rights_grant(PGconn *boss, const char *name)
{
    sql_run(boss, "REVOKE ALL ON DATABASE %s FROM PUBLIC", name);
    sql_run(boss, "GRANT CONNECT ON DATABASE %s TO clinicd_app, clinicd_backup, clinicd_unsafe",
            name);
    sql_run(boss, "GRANT CONNECT, CREATE ON DATABASE %s TO clinicd_migrator", name);
}

static void migrate(const char *url)
{
    struct arena arena CLEANUP(arena_end) = {0};
    struct fault fault = {.arena = &arena};
    struct migrate_options options = {
        .url = url, .lock_wait_ms = 10000, .to = -1, .data_loss_ok = -1};
    int applied = 0;
    if (migrate_up(&options, &fault, &applied))
        die("the template could not be migrated: %s: %s (%s)", fault.code ? fault.code : "-",
            fault.detail ? fault.detail : "-", fault.reason ? fault.reason : "-");
}

void postgres_prepare(const struct cluster *cluster)
{
    PGconn *boss SQL_CLOSE = boss_connect(cluster->dir);
    for (const char *const *statement = migration_roles; *statement; statement++)
        sql_run(boss, "%s", *statement);
    sql_run(boss, "CREATE ROLE clinicd_unsafe LOGIN BYPASSRLS");
    sql_run(boss, "GRANT clinicd_app TO clinicd_unsafe");
    sql_run(boss, "CREATE DATABASE %s OWNER clinicd_owner", template_name);
    rights_grant(boss, template_name);
    struct postgres_database template = {0};
    snprintf(template.name, sizeof template.name, "%s", template_name);
    urls_make(cluster->dir, &template);
    migrate(template.migrator_url);
}

static void copy(const char *from, const char *name, struct postgres_database *out)
{
    struct postgres_database made = {0};
    const char *dir = socket_dir();
    if (snprintf(made.name, sizeof made.name, "%s_%d", name, (int)getpid()) >=
        (int)sizeof made.name)
        die("database name too long: %s", name);
    PGconn *boss SQL_CLOSE = boss_connect(dir);
    sql_run(boss, "CREATE DATABASE %s OWNER clinicd_owner TEMPLATE %s STRATEGY file_copy",
            made.name, from);
    rights_grant(boss, made.name);
    urls_make(dir, &made);
    *out = made;
}

void postgres_database(const char *name, struct postgres_database *out)
{
    copy(template_name, name, out);
}

void postgres_database_copy(const struct postgres_database *from, const char *name,
                            struct postgres_database *out)
{
    copy(from->name, name, out);
}

void postgres_database_empty(const char *name, struct postgres_database *out)
{
    copy("template1", name, out);
}

void postgres_drop(const struct postgres_database *database)
{
    PGconn *boss SQL_CLOSE = boss_connect(socket_dir());
    sql_run(boss, "DROP DATABASE IF EXISTS %s WITH (FORCE)", database->name);
}
