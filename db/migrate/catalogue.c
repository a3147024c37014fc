#include "db/migrate/catalogue.h"

#include <string.h>

/* Rights in an order of their own: they are kept in the order in which they were given. */
#define RIGHTS(column)                                                                             \
    "(SELECT string_agg(a::text, ',' ORDER BY a::text) FROM unnest(" column ") a)"
#define OWNER(column) "pg_get_userbyid(" column ")"

#define TABLES                                                                                     \
    "SELECT c.* FROM pg_class c WHERE c.relnamespace = to_regnamespace('clinicd')"                 \
    " AND NOT c.relispartition"

static const char
    catalogue
        [] =
            "SELECT 'schema clinicd' AS object, concat_ws(' ', " OWNER(
                "nspowner") ", " RIGHTS("nspacl") ") AS definition FROM pg_namespace WHERE nspname "
                                                  "= 'clinicd'"
                                                  " UNION ALL SELECT CASE c.relkind WHEN 'v' THEN "
                                                  "'view ' WHEN 'S' THEN 'sequence ' ELSE 'table '"
                                                  "     END || c.relname, concat_ws(' ', "
                                                  "c.relkind, c.relpersistence, c.relrowsecurity,"
                                                  "     c.relforcerowsecurity, " OWNER("c.relowner") ", c.reloptions::text, " RIGHTS(
                                                      "c.relacl") ", CASE c.relkind WHEN 'v' THEN "
                                                                  "pg_get_viewdef(c.oid)"
                                                                  "     WHEN 'p' THEN "
                                                                  "pg_get_partkeydef(c.oid) END)"
                                                                  "   FROM (" TABLES
                                                                  ") c WHERE c.relkind IN ('r', "
                                                                  "'p', 'v', 'm', 'S', 'f')"
                                                                  " UNION ALL SELECT 'column ' || "
                                                                  "c.relname || '.' || a.attname, "
                                                                  "concat_ws(' ',"
                                                                  "     format_type(a.atttypid, "
                                                                  "a.atttypmod), a.attnotnull, "
                                                                  "a.attidentity, a.attgenerated,"
                                                                  "     (SELECT collname FROM "
                                                                  "pg_collation WHERE oid = "
                                                                  "a.attcollation),"
                                                                  "     pg_get_expr(d.adbin, "
                                                                  "d.adrelid), " RIGHTS(
                                                                      "a.attacl") ") FROM (" TABLES
                                                                                  ") c JOIN "
                                                                                  "pg_attribute a "
                                                                                  "ON a.attrelid = "
                                                                                  "c.oid"
                                                                                  "   LEFT JOIN "
                                                                                  "pg_attrdef d ON "
                                                                                  "d.adrelid = "
                                                                                  "c.oid AND "
                                                                                  "d.adnum = "
                                                                                  "a.attnum"
                                                                                  "  WHERE "
                                                                                  "c.relkind IN "
                                                                                  "('r', 'p', 'v', "
                                                                                  "'m', 'f') AND "
                                                                                  "a.attnum > 0 "
                                                                                  "AND NOT "
                                                                                  "a.attisdropped"
                                                                                  " UNION ALL "
                                                                                  "SELECT "
                                                                                  "'constraint ' "
                                                                                  "|| c.relname || "
                                                                                  "'.' || "
                                                                                  "k.conname,"
                                                                                  "     "
                                                                                  "concat_ws(' ', "
                                                                                  "pg_get_"
                                                                                  "constraintdef(k."
                                                                                  "oid), "
                                                                                  "k.convalidated)"
                                                                                  "   FROM (" TABLES
                                                                                  ") c JOIN "
                                                                                  "pg_constraint k "
                                                                                  "ON k.conrelid = "
                                                                                  "c.oid"
                                                                                  " UNION ALL "
                                                                                  "SELECT 'index ' "
                                                                                  "|| c.relname, "
                                                                                  "concat_ws(' ', "
                                                                                  "pg_get_indexdef("
                                                                                  "c.oid), "
                                                                                  "i.indisvalid)"
                                                                                  "   FROM (" TABLES
                                                                                  ") c JOIN "
                                                                                  "pg_index i ON "
                                                                                  "i.indexrelid = "
                                                                                  "c.oid"
                                                                                  " UNION ALL "
                                                                                  "SELECT 'policy "
                                                                                  "' || c.relname "
                                                                                  "|| '.' || "
                                                                                  "p.polname, "
                                                                                  "concat_ws(' ', "
                                                                                  "p.polcmd,"
                                                                                  "     "
                                                                                  "p.polpermissive,"
                                                                                  " p.polroles::"
                                                                                  "regrole[]::text,"
                                                                                  " pg_get_expr(p."
                                                                                  "polqual, c.oid),"
                                                                                  "     "
                                                                                  "pg_get_expr(p."
                                                                                  "polwithcheck, "
                                                                                  "c.oid))"
                                                                                  "   FROM (" TABLES
                                                                                  ") c JOIN "
                                                                                  "pg_policy p ON "
                                                                                  "p.polrelid = "
                                                                                  "c.oid"
                                                                                  " UNION ALL "
                                                                                  "SELECT 'trigger "
                                                                                  "' || c.relname "
                                                                                  "|| '.' || "
                                                                                  "t.tgname,"
                                                                                  "     "
                                                                                  "concat_ws(' ', "
                                                                                  "pg_get_"
                                                                                  "triggerdef(t."
                                                                                  "oid), "
                                                                                  "t.tgenabled)"
                                                                                  "   FROM (" TABLES
                                                                                  ") c JOIN "
                                                                                  "pg_trigger t ON "
                                                                                  "t.tgrelid = "
                                                                                  "c.oid WHERE NOT "
                                                                                  "t.tgisinternal"
                                                                                  " UNION ALL "
                                                                                  "SELECT "
                                                                                  "'function ' || "
                                                                                  "f.oid::"
                                                                                  "regprocedure, "
                                                                                  "concat_ws(' ',"
                                                                                  "     "
                                                                                  "md5(pg_get_"
                                                                                  "functiondef(f."
                                                                                  "oid)), " OWNER("f.proowner") ", " RIGHTS(
                                                                                      "f.proacl") ", obj_description(f.oid, 'pg_proc'))"
                                                                                                  "   FROM pg_proc f WHERE f.pronamespace = to_regnamespace('clinicd') AND f.prokind <> 'a'"
                                                                                                  "    AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e')"
                                                                                                  " UNION ALL SELECT 'type ' || t.typname, concat_ws(' ', t.typtype, " OWNER(
                                                                                                      "t.typowner") ", (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder)"
                                                                                                                    "          FROM pg_enum e WHERE e.enumtypid = t.oid), format_type(t.typbasetype, t.typtypmod))"
                                                                                                                    "   FROM pg_type t WHERE t.typnamespace = to_regnamespace('clinicd')"
                                                                                                                    "    AND t.typtype IN ('d', 'e') AND NOT EXISTS ("
                                                                                                                    "        SELECT 1 FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')"
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
