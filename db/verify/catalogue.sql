-- The audit of the catalogue: every row is a defect, so empty is a pass. `clinicd verify isolation`
-- and `doctor` ask it, with the search path pg_catalog (the texts of policies depend on it);
-- tests/db/catalog_test.c runs it on the migrated schema and on planted defects. What is allowed to
-- differ stands in the lists right below, each with its reason: reviewed, never guessed.
WITH
global(rel) AS (VALUES -- tables that belong to no clinic
    ('clinicd.news'),                   -- opaque ids of what changed, an hour long
    ('clinicd.platform_account'), ('clinicd.platform_session'), ('clinicd.platform_login_failure'),
    ('clinicd.platform_idempotency'), ('clinicd.platform_audit'),
    ('clinicd.clinic_application')),    -- clinics to be: read by the platform only
unscoped_unique(name) AS (VALUES -- unique over all clinics, and why that tells nobody anything
    ('clinic__slug-taken'),                -- slugs are public: the directory shows them
    ('clinic__registration-number-taken'), -- only the platform creates clinics or changes it
    ('share_link__token')),                -- a hash of 256 random bits: nobody hits another's by chance
derived(name) AS (VALUES -- rows that only index another row and go with it
    ('patient_word__patient')),
refers(name) AS (VALUES -- name a prescription and are no part of it
    ('admission')),                        -- what it advised, and the patient was admitted
deletable(rel) AS (VALUES ('')), -- tables that the service may DELETE from: none, records stay
canon(clinic, patient, completed, part_completed) AS (VALUES (
    '(clinic_id = ( SELECT (NULLIF(current_setting(''app.clinic_id''::text, true), ''''::text))::bigint AS "nullif"))',
    '((( SELECT (NULLIF(current_setting(''app.patient_id''::text, true), ''''::text))::uuid AS "nullif") IS NULL) OR (%s = ( SELECT (NULLIF(current_setting(''app.patient_id''::text, true), ''''::text))::uuid AS "nullif")))',
    '((( SELECT (NULLIF(current_setting(''app.patient_id''::text, true), ''''::text))::uuid AS "nullif") IS NULL) OR (status = ''completed''::text))',
    '((( SELECT (NULLIF(current_setting(''app.patient_id''::text, true), ''''::text))::uuid AS "nullif") IS NULL) OR (EXISTS ( SELECT FROM clinicd.prescription p WHERE ((p.clinic_id = %1$s.clinic_id) AND (p.id = %1$s.prescription_id) AND (p.status = ''completed''::text)))))')),

app AS (SELECT oid, rolname FROM pg_roles WHERE rolname = 'clinicd_app'),
r AS (SELECT c.oid, n.nspname || '.' || c.relname AS rel, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
        c.relowner, c.relispartition, c.reloptions, c.relacl
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'clinicd'),
t AS (SELECT * FROM r WHERE relkind IN ('r', 'p')),
k AS (SELECT attrelid, attnum, atttypid, attnotnull FROM pg_attribute WHERE attname = 'clinic_id' AND NOT attisdropped),
tenant AS (SELECT t.*, has_table_privilege('clinicd_app', t.oid, 'SELECT,INSERT,UPDATE,DELETE') AS is_open
    FROM t JOIN k ON k.attrelid = t.oid),
-- a partition that nobody may touch directly needs no policy of its own: its parent's holds
walled AS (SELECT * FROM tenant WHERE NOT (relispartition AND NOT is_open)),
of_patient AS ( -- which column says whose record a row is
    SELECT w.*, CASE w.relname WHEN 'patient' THEN 'id' ELSE 'patient_id' END AS patient_column FROM walled w
    WHERE w.relname = 'patient' OR EXISTS (SELECT 1 FROM pg_attribute a
        WHERE a.attrelid = w.oid AND a.attname = 'patient_id' AND NOT a.attisdropped)),
-- of a prescription a patient sees what is completed
of_prescription AS (
    SELECT w.* FROM walled w WHERE w.relname = 'prescription' OR EXISTS (SELECT 1 FROM pg_attribute a
        WHERE a.attrelid = w.oid AND a.attname = 'prescription_id' AND NOT a.attisdropped)
        AND w.relname NOT IN (SELECT name FROM refers)),
p AS (SELECT polrelid, polname, polcmd, polpermissive, polroles, pg_get_expr(polqual, polrelid) AS qual,
        pg_get_expr(polwithcheck, polrelid) AS with_check FROM pg_policy),
f AS (SELECT p.oid, p.oid::regprocedure::text AS name, prosecdef, proowner, proconfig, proacl,
        obj_description(p.oid, 'pg_proc') AS remark
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = 'clinicd' AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e'))

-- walls
SELECT 'no_clinic_id_and_not_allow_listed' AS defect, rel FROM t WHERE oid NOT IN (SELECT oid FROM tenant)
    AND rel NOT IN (SELECT rel FROM global)
UNION ALL SELECT 'allow_listed_but_absent', rel FROM global WHERE rel NOT IN (SELECT rel FROM t)
UNION ALL SELECT 'rls_off', rel FROM walled WHERE NOT relrowsecurity
UNION ALL SELECT 'rls_not_forced', rel FROM walled WHERE NOT relforcerowsecurity
UNION ALL SELECT 'no_policy', rel FROM walled WHERE NOT EXISTS (SELECT 1 FROM p WHERE polrelid = oid AND polpermissive)
UNION ALL SELECT 'policy_not_canonical:' || polname, rel FROM tenant JOIN p ON polrelid = oid CROSS JOIN canon
    WHERE polpermissive AND (polcmd <> '*' OR qual IS DISTINCT FROM canon.clinic OR with_check IS DISTINCT FROM canon.clinic)
UNION ALL SELECT 'policy_or_widens', rel FROM tenant JOIN p ON polrelid = oid WHERE polpermissive GROUP BY rel HAVING count(*) > 1
UNION ALL SELECT 'policy_for_some_roles:' || polname, rel FROM tenant JOIN p ON polrelid = oid WHERE polroles <> '{0}'::oid[]
UNION ALL SELECT 'no_patient_policy', rel FROM of_patient
    WHERE NOT EXISTS (SELECT 1 FROM p WHERE polrelid = oid AND polname = 'patient' AND NOT polpermissive)
UNION ALL SELECT 'patient_policy_not_canonical:' || polname, rel FROM of_patient JOIN p ON polrelid = oid CROSS JOIN canon
    WHERE NOT polpermissive AND polname <> 'completed' AND (qual IS DISTINCT FROM format(canon.patient, patient_column)
        OR CASE relname WHEN 'audit' THEN polcmd <> 'r' -- whoever acts writes the trail, also about others
            ELSE polcmd <> '*' OR with_check IS DISTINCT FROM format(canon.patient, patient_column) END)
UNION ALL SELECT 'no_completed_policy', rel FROM of_prescription
    WHERE NOT EXISTS (SELECT 1 FROM p WHERE polrelid = oid AND polname = 'completed' AND NOT polpermissive)
UNION ALL SELECT 'completed_policy_not_canonical', rel FROM walled JOIN p ON polrelid = oid CROSS JOIN canon
    WHERE polname = 'completed' AND (polpermissive OR polcmd <> '*' OR with_check IS NOT NULL
        OR regexp_replace(qual, '\s+', ' ', 'g') IS DISTINCT FROM
            CASE relname WHEN 'prescription' THEN canon.completed ELSE format(canon.part_completed, relname) END)
UNION ALL SELECT 'unknown_restrictive_policy:' || polname, rel FROM walled JOIN p ON polrelid = oid
    WHERE NOT polpermissive AND oid NOT IN (SELECT oid FROM of_patient UNION SELECT oid FROM of_prescription)

-- keys
UNION ALL SELECT 'clinic_id_nullable', rel FROM tenant JOIN k ON attrelid = oid WHERE NOT attnotnull
UNION ALL SELECT 'clinic_id_type', rel FROM tenant JOIN k ON attrelid = oid WHERE atttypid <> 'bigint'::regtype
UNION ALL SELECT 'key_without_clinic_id_first', rel FROM tenant WHERE NOT EXISTS (
    SELECT 1 FROM pg_constraint co JOIN k ON k.attrelid = co.conrelid
    WHERE co.conrelid = tenant.oid AND co.contype = 'p' AND co.conkey[1] = k.attnum)
UNION ALL SELECT 'fk_without_clinic_id:' || conname, tenant.rel FROM tenant
    JOIN pg_constraint co ON co.conrelid = tenant.oid AND contype = 'f' JOIN tenant target ON target.oid = co.confrelid
    WHERE NOT EXISTS (SELECT 1 FROM k a, k b, generate_subscripts(co.conkey, 1) i WHERE a.attrelid = co.conrelid
        AND b.attrelid = co.confrelid AND co.conkey[i] = a.attnum AND co.confkey[i] = b.attnum)
UNION ALL SELECT 'fk_cascades:' || conname, tenant.rel FROM tenant JOIN pg_constraint co ON co.conrelid = tenant.oid
    WHERE contype = 'f' AND (confdeltype NOT IN ('r', 'a') OR confupdtype NOT IN ('r', 'a'))
    AND conname NOT IN (SELECT name FROM derived)
UNION ALL SELECT 'fk_without_patient_id:' || conname, tenant.rel FROM tenant JOIN pg_constraint co ON co.conrelid = tenant.oid
    WHERE contype = 'f' AND confrelid = (SELECT oid FROM t WHERE relname = 'patient') AND tenant.oid NOT IN (SELECT oid FROM of_patient)
UNION ALL SELECT 'unique_without_clinic_id:' || ic.relname, tenant.rel FROM tenant
    JOIN pg_index ix ON ix.indrelid = tenant.oid AND indisunique JOIN pg_class ic ON ic.oid = ix.indexrelid
    JOIN k ON k.attrelid = tenant.oid
    WHERE NOT (k.attnum = ANY (ix.indkey::int2[])) AND ic.relname NOT IN (SELECT name FROM unscoped_unique)

-- rights
UNION ALL SELECT 'view_not_invoker', rel FROM r WHERE relkind = 'v' AND has_table_privilege('clinicd_app', oid, 'SELECT')
    AND NOT coalesce(reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)
UNION ALL SELECT 'matview_readable', rel FROM r WHERE relkind = 'm' AND has_table_privilege('clinicd_app', oid, 'SELECT')
UNION ALL SELECT 'sequence_visible', rel FROM r WHERE CASE relkind WHEN 'S' THEN has_sequence_privilege('clinicd_app', oid, 'SELECT,USAGE,UPDATE') END
UNION ALL SELECT 'forbidden_privilege', rel FROM t WHERE has_table_privilege('clinicd_app', oid, 'TRUNCATE,REFERENCES,TRIGGER')
UNION ALL SELECT 'delete_not_allow_listed', rel FROM t WHERE has_table_privilege('clinicd_app', oid, 'DELETE')
    AND rel NOT IN (SELECT rel FROM deletable)
UNION ALL SELECT 'audit_can_be_changed', rel FROM t WHERE relname IN ('audit', 'platform_audit') AND
    (has_table_privilege('clinicd_app', oid, 'UPDATE,DELETE') OR has_any_column_privilege('clinicd_app', oid, 'UPDATE'))
UNION ALL SELECT 'audit_trigger_missing:' || kind, rel FROM t CROSS JOIN (VALUES ('row', 27), ('truncate', 34)) AS w(kind, bits)
    WHERE (relname ~ '^(platform_)?audit$' OR relname ~ '^audit_') AND NOT EXISTS (SELECT 1 FROM pg_trigger g
        WHERE g.tgrelid = t.oid AND g.tgfoid = 'clinicd.audit_is_append_only()'::regprocedure
          AND g.tgtype & bits = bits AND g.tgenabled IN ('O', 'A') AND g.tgqual IS NULL)
UNION ALL SELECT 'backup_can_write', rel FROM t WHERE has_table_privilege('clinicd_backup', oid, 'INSERT,UPDATE,DELETE,TRUNCATE')
UNION ALL SELECT 'public_privilege', rel FROM r, LATERAL aclexplode(relacl) a WHERE a.grantee = 0
UNION ALL SELECT 'other_schema', n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname NOT IN ('clinicd', 'pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
      AND c.relkind IN ('r', 'p', 'v', 'm', 'f') AND has_schema_privilege('clinicd_app', n.oid, 'USAGE')
      AND has_table_privilege('clinicd_app', c.oid, CASE n.nspname WHEN 'ops' THEN 'INSERT,UPDATE,DELETE' ELSE 'SELECT,INSERT,UPDATE,DELETE' END)
UNION ALL SELECT 'schema_create', nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND has_schema_privilege('clinicd_app', oid, 'CREATE')
UNION ALL SELECT 'db_temp_or_create', current_database()::text WHERE has_database_privilege('clinicd_app', current_database(), 'TEMP,CREATE')
UNION ALL SELECT 'default_privileges_widen', d.oid::text FROM pg_default_acl d, LATERAL aclexplode(defaclacl) a
    WHERE a.grantee IN (0, (SELECT oid FROM app)) AND d.defaclobjtype IN ('r', 'S')
UNION ALL SELECT 'foreign_server', srvname::text FROM pg_foreign_server
UNION ALL SELECT 'publication', pubname::text FROM pg_publication

-- functions that see more than their caller
UNION ALL SELECT 'secdef_callable', name FROM f WHERE prosecdef AND has_function_privilege('clinicd_app', oid, 'EXECUTE')
    AND NOT coalesce(remark LIKE 'tenant-safe:%', false)
UNION ALL SELECT 'secdef_search_path', name FROM f WHERE prosecdef
    AND NOT coalesce(proconfig @> ARRAY['search_path=pg_catalog, pg_temp'], false)
UNION ALL SELECT 'secdef_public', f.name FROM f WHERE prosecdef AND has_function_privilege('public', oid, 'EXECUTE')
UNION ALL SELECT 'secdef_owner_is_superuser', f.name FROM f JOIN pg_roles o ON o.oid = proowner WHERE prosecdef AND o.rolsuper

-- roles
UNION ALL SELECT 'role_attr', rolname::text FROM pg_roles WHERE rolname IN ('clinicd_app', 'clinicd_owner')
    AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'role_attr', rolname::text FROM pg_roles WHERE rolname IN ('clinicd_migrator', 'clinicd_backup', 'clinicd_definer')
    AND (rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'nobody_signs_in_as', rolname::text FROM pg_roles WHERE rolname IN ('clinicd_owner', 'clinicd_definer') AND rolcanlogin
UNION ALL SELECT 'not_owned_by_the_owner', rel FROM r WHERE relowner <> 'clinicd_owner'::regrole
UNION ALL SELECT 'app_owns', rel FROM r, app WHERE relowner = app.oid
UNION ALL SELECT 'app_owns', name FROM f, app WHERE proowner = app.oid
UNION ALL SELECT 'app_member_of', o.rolname::text FROM pg_roles o, app WHERE o.oid <> app.oid AND pg_has_role(app.oid, o.oid, 'MEMBER')
UNION ALL SELECT 'version_floor', current_setting('server_version') WHERE current_setting('server_version_num')::int < 150000
ORDER BY 1, 2;
