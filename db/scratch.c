#include "db/scratch.h"

#include "db/backup/survey.h"
#include "db/clock.h"
#include "db/uuid.h"

#include <string.h>

#define PREFIX "clinicd-scratch-"

static const int64_t left_after_us = 3600LL * 1000000;

/* A name holds the time when it was made, so names of before $1 are older. */
static const char leftovers[] =
    "SELECT format('DROP DATABASE IF EXISTS %I', d.datname) FROM pg_catalog.pg_database d"
    " WHERE d.datname ~ '^" PREFIX "[0-9a-f-]{36}$' AND d.datname COLLATE \"C\" < $1"
    "   AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_activity a WHERE a.datname = d.datname)";

static const char server[] = "SELECT system_identifier::text FROM pg_catalog.pg_control_system()";

/* As the real one, on whose connection this is asked, so that it sorts and compares the same. */
static const char make[] =
    "SELECT format('CREATE DATABASE %I OWNER clinicd_owner TEMPLATE template0 ENCODING %L"
    " LC_COLLATE %L LC_CTYPE %L', $1::text, pg_encoding_to_char(encoding), datcollate, datctype)"
    "  FROM pg_catalog.pg_database WHERE datname = current_database()";

static const char close_it[] = "SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', $1::text)";
static const char open_it[] =
    "SELECT format('GRANT CONNECT ON DATABASE %I TO clinicd_app, clinicd_migrator', $1::text)";
static const char drop[] = "SELECT format('DROP DATABASE IF EXISTS %I WITH (FORCE)', $1::text)";

/* The statement comes from `asked`, where names are quoted, and is run by the maker. */
static enum err made_run(const struct survey *maker, const struct survey *asked, const char *sql,
                         const char *name)
{
    const char *statement = NULL;
    enum err err = survey_text(asked, sql, 1, &name, &statement);
    return err ? err : survey_run(maker, statement, 0, NULL, NULL);
}

static enum err leftovers_drop(const struct survey *maker)
{
    char id[UUID_TEXT];
    PGresult *list = NULL;
    const char *before = arena_format(maker->fault->arena, PREFIX "%s",
                                      uuid_make(clock_now_us() - left_after_us, id));
    enum err err = survey_run(maker, leftovers, 1, &before, &list);
    for (int i = 0; !err && i < PQntuples(list); i++)
        err = survey_run(maker, PQgetvalue(list, i, 0), 0, NULL, NULL);
    return err;
}

static enum err server_check(const struct survey *maker, const struct survey *real)
{
    const char *ours = "", *theirs = "";
    enum err err = survey_text(real, server, 0, NULL, &ours);
    if (!err)
        err = survey_text(maker, server, 0, NULL, &theirs);
    if (!err && strcmp(ours, theirs) != 0)
        err = fail(maker->fault, ERR_CONFLICT, "other-server",
                   "CLINICD_RESTORE_URL is of another server than CLINICD_MIGRATE_URL: name an "
                   "empty database by --scratch URL");
    return err;
}

static enum err url_of(const char *url, const char *name, struct fault *fault, const char **out)
{
    struct tool_target target;
    struct survey survey CLEANUP(survey_close) = {.conn = NULL};
    enum err err = survey_open(url, name, fault, &survey);
    if (err)
        return err;
    survey_target(&survey, &target);
    *out = target.url;
    return ERR_NONE;
}

static enum err make_it(const struct survey *maker, const struct survey *real, const char *name)
{
    enum err err = server_check(maker, real);
    if (!err)
        err = leftovers_drop(maker);
    if (!err)
        err = made_run(maker, real, make, name);
    if (!err)
        err = made_run(maker, real, close_it, name);
    return err ? err : made_run(maker, real, open_it, name);
}

enum err scratch_begin(const char *maker_url, const char *migrator_url, const char *app_url,
                       struct fault *fault, struct scratch *out)
{
    char id[UUID_TEXT];
    struct survey maker CLEANUP(survey_close) = {.conn = NULL};
    struct survey real CLEANUP(survey_close) = {.conn = NULL};
    struct scratch scratch = {
        .name = arena_format(fault->arena, PREFIX "%s", uuid_make(clock_now_us(), id)),
        .maker_url = maker_url};
    enum err err = survey_open(maker_url, NULL, fault, &maker);
    if (!err)
        err = survey_open(migrator_url, NULL, fault, &real);
    if (!err)
        err = make_it(&maker, &real, scratch.name);
    if (!err)
        err = url_of(migrator_url, scratch.name, fault, &scratch.url);
    if (!err && app_url)
        err = url_of(app_url, scratch.name, fault, &scratch.app_url);
    if (err && maker.conn)
        scratch_end(&scratch, fault);
    else if (!err)
        *out = scratch;
    return err;
}

void scratch_end(struct scratch *scratch, struct fault *fault)
{
    struct fault aside = {.arena = fault->arena};
    struct survey maker CLEANUP(survey_close) = {.conn = NULL};
    if (!scratch->name)
        return;
    if (survey_open(scratch->maker_url, NULL, &aside, &maker) == ERR_NONE &&
        made_run(&maker, &maker, drop, scratch->name))
        fault_reset(&aside);
    scratch->name = NULL;
}
