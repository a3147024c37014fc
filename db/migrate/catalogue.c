#include "db/migrate/catalogue.h"

#include <string.h>

/* Rights are sorted: the server keeps them in the order in which they were given. */
static const char catalogue[] =
    "WITH c AS (SELECT * FROM pg_class WHERE relnamespace = to_regnamespace('clinicd')"
    "            AND NOT relispartition)"
    " SELECT 'schema clinicd' AS object, concat_ws(' ', pg_get_userbyid(nspowner),"
    "        ARRAY(SELECT unnest(nspacl)::text ORDER BY 1)) AS definition"
    "   FROM pg_namespace WHERE nspname = 'clinicd'"
    " UNION ALL SELECT 'table ' || relname, concat_ws(' ', relkind, relpersistence,"
    "        relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner), reloptions,"
    "        ARRAY(SELECT unnest(relacl)::text ORDER BY 1), CASE relkind"
    "            WHEN 'v' THEN pg_get_viewdef(oid) WHEN 'p' THEN pg_get_partkeydef(oid) END)"
    "   FROM c WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f')"
    " UNION ALL SELECT 'column ' || relname || '.' || attname, concat_ws(' ',"
    "        format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,"
    "        (SELECT collname FROM pg_collation WHERE oid = attcollation),"
    "        pg_get_expr(adbin, adrelid), ARRAY(SELECT unnest(attacl)::text ORDER BY 1))"
    "   FROM c JOIN pg_attribute a ON attrelid = c.oid"
    "   LEFT JOIN pg_attrdef ON adrelid = c.oid AND adnum = attnum"
    "  WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND attnum > 0 AND NOT attisdropped"
    " UNION ALL SELECT 'constraint ' || relname || '.' || conname,"
    "        concat_ws(' ', pg_get_constraintdef(k.oid), convalidated)"
    "   FROM c JOIN pg_constraint k ON conrelid = c.oid"
    " UNION ALL SELECT 'index ' || relname, concat_ws(' ', pg_get_indexdef(c.oid), indisvalid)"
    "   FROM c JOIN pg_index ON indexrelid = c.oid"
    " UNION ALL SELECT 'policy ' || relname || '.' || polname, concat_ws(' ', polcmd,"
    "        polpermissive, polroles::regrole[], pg_get_expr(polqual, c.oid),"
    "        pg_get_expr(polwithcheck, c.oid))"
    "   FROM c JOIN pg_policy ON polrelid = c.oid"
    " UNION ALL SELECT 'trigger ' || relname || '.' || tgname,"
    "        concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled)"
    "   FROM c JOIN pg_trigger t ON tgrelid = c.oid WHERE NOT tgisinternal"
    " UNION ALL SELECT 'function ' || f.oid::regprocedure, concat_ws(' ',"
    "        md5(pg_get_functiondef(f.oid)), pg_get_userbyid(proowner),"
    "        ARRAY(SELECT unnest(proacl)::text ORDER BY 1), obj_description(f.oid, 'pg_proc'))"
    "   FROM pg_proc f WHERE pronamespace = to_regnamespace('clinicd') AND prokind <> 'a'"
    "    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'type ' || typname, concat_ws(' ', typtype, pg_get_userbyid(typowner),"
    "        ARRAY(SELECT enumlabel FROM pg_enum WHERE enumtypid = t.oid ORDER BY enumsortorder),"
    "        format_type(typbasetype, typtypmod))"
    "   FROM pg_type t WHERE typnamespace = to_regnamespace('clinicd') AND typtype IN ('d', 'e')"
    "    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')"
    " UNION ALL SELECT 'extension ' || extname, '' FROM pg_extension"
    "  WHERE extnamespace = to_regnamespace('clinicd')";

static const char *around_catalogue(struct migrator *migrator, const char *before,
                                    const char *behind)
{
    return arena_format(migrator->fault->arena, "%s%s%s", before, catalogue, behind);
}

enum err catalogue_keep(struct migrator *migrator)
{
    enum err err = migrator_run(migrator, "DELETE FROM ops.catalogue", NULL);
    if (err)
        return err;
    return migrator_run(
        migrator, around_catalogue(migrator, "INSERT INTO ops.catalogue (object, definition) ", ""),
        NULL);
}

static const char *const kinds[] = {"missing", "added", "changed"};

static void drift_add(struct drift *all, size_t *n, struct arena *arena, const char *kind,
                      const char *object)
{
    all[(*n)++] = (struct drift){.kind = kind, .object = arena_copy(arena, object)};
}

enum err catalogue_drift(struct migrator *migrator, struct arena *arena, struct drift **out,
                         size_t *count)
{
    PGresult *result = NULL;
    enum err err =
        migrator_run(migrator, "SELECT to_regclass('ops.catalogue') IS NOT NULL", &result);
    if (!err && *PQgetvalue(result, 0, 0) == 't')
        err = migrator_run(migrator, "SELECT EXISTS (SELECT 1 FROM ops.catalogue)", &result);
    if (!err && *PQgetvalue(result, 0, 0) != 't')
        err = fail(migrator->fault, ERR_CONFLICT, "catalogue-unknown",
                   "no migration of this program has kept the catalogue: there is nothing to "
                   "compare with");
    if (!err)
        err = migrator_run(
            migrator,
            around_catalogue(migrator,
                             "SELECT CASE WHEN f.object IS NULL THEN 0 WHEN k.object IS NULL THEN 1"
                             " ELSE 2 END, coalesce(k.object, f.object) FROM ops.catalogue k"
                             " FULL JOIN (",
                             ") AS f USING (object)"
                             " WHERE k.definition IS DISTINCT FROM f.definition"
                             "    OR k.object IS NULL OR f.object IS NULL ORDER BY "
                             "coalesce(k.object, f.object) COLLATE \"C\""),
            &result);
    if (err)
        return err;
    struct drift *all = arena_array(arena, struct drift, (size_t)PQntuples(result) + 1);
    *count = 0;
    for (int i = 0; i < PQntuples(result); i++)
        drift_add(all, count, arena, kinds[*PQgetvalue(result, i, 0) - '0'],
                  PQgetvalue(result, i, 1));
    *out = all;
    return ERR_NONE;
}

enum err catalogue_read(struct migrator *migrator, struct arena *arena, struct catalogue_line **out,
                        size_t *count)
{
    PGresult *result = NULL;
    enum err err = migrator_run(
        migrator,
        around_catalogue(migrator, "SELECT object, definition FROM (",
                         ") AS c ORDER BY object COLLATE \"C\", definition COLLATE \"C\""),
        &result);
    if (err)
        return err;
    size_t n = (size_t)PQntuples(result);
    struct catalogue_line *all = arena_array(arena, struct catalogue_line, n + 1);
    for (size_t i = 0; i < n; i++)
        all[i] =
            (struct catalogue_line){.object = arena_copy(arena, PQgetvalue(result, (int)i, 0)),
                                    .definition = arena_copy(arena, PQgetvalue(result, (int)i, 1))};
    *out = all;
    *count = n;
    return ERR_NONE;
}

/* Both are sorted, so one walk along both finds everything. */
size_t catalogue_compare(const struct catalogue_line *wanted, size_t wanted_n,
                         const struct catalogue_line *found, size_t found_n, struct arena *arena,
                         struct drift **out)
{
    struct drift *all = arena_array(arena, struct drift, wanted_n + found_n + 1);
    size_t n = 0;
    for (size_t i = 0, j = 0; i < wanted_n || j < found_n;) {
        int order = i == wanted_n  ? 1
                    : j == found_n ? -1
                                   : strcmp(wanted[i].object, found[j].object);
        if (order < 0)
            drift_add(all, &n, arena, kinds[0], wanted[i].object);
        else if (order > 0)
            drift_add(all, &n, arena, kinds[1], found[j].object);
        else if (strcmp(wanted[i].definition, found[j].definition) != 0)
            drift_add(all, &n, arena, kinds[2], found[j].object);
        i += order <= 0;
        j += order >= 0;
    }
    *out = all;
    return n;
}
