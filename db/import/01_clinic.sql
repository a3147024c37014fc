-- Clinics. One that was chosen on the command line takes the place of the file's only one; the others are made,
-- closed to everybody until the import is whole.
-- import: table=clinic

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, i.source_id, coalesce(h.clinic_id, i.home_clinic) AS home_clinic, i.choices->>'timezone' AS timezone,
        h.clinic_id IS NOT NULL OR i.home_clinic IS NOT NULL AND w.source_rows = 1 AS is_chosen,
        coalesce(ops.moment(s.r->>'created_at'), i.started_at) AS created,
        coalesce(NULLIF(btrim(regexp_replace(lower(s.r->>'slug'), '[^a-z0-9]+', '-', 'g'), '-'), ''), 'clinic') AS slug
    FROM ops.import i
    JOIN ops.import_table w ON w.import_id = i.id AND w.name = 'clinic'
    CROSS JOIN ops.staged($1, 'clinic') s
    LEFT JOIN clinicd.clinic h ON h.slug = i.choices->'clinic_map'->>(s.n::text)
    WHERE i.id = $1
),
t AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.is_chosen THEN s.home_clinic ELSE clinicd.clinic_allot_id() END AS clinic_id,
        ops.row_id(s.source_id, 'clinic', s.n, s.created) AS id,
        CASE WHEN length(s.slug) NOT BETWEEN 3 AND 50 OR EXISTS (SELECT FROM clinicd.clinic c WHERE c.slug = s.slug)
             THEN left(s.slug, 30) || '-' || s.source_id || '-' || s.n ELSE s.slug END AS new_slug,
        CASE WHEN ops.tidy(s.r->>'registration_number') IS NULL OR EXISTS (SELECT FROM clinicd.clinic c
                  WHERE c.registration_number = ops.tidy(s.r->>'registration_number'))
             THEN 'LEGACY-' || s.source_id || '-' || s.n ELSE ops.tidy(s.r->>'registration_number') END AS registration,
        coalesce(ops.tidy(s.r->>'name'), initcap(s.slug)) AS name,
        CASE WHEN s.r->>'is_active' = '0' THEN 'inactive'
             WHEN s.r->>'subscription_status' IN ('active', 'trial', 'expired', 'suspended') THEN s.r->>'subscription_status'
             ELSE 'active' END AS next_status
    FROM s
),
made AS (
    INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email, website,
        registration_number, timezone, status, created_at, updated_at)
    SELECT t.clinic_id, t.id, t.new_slug, t.name, coalesce(ops.tidy(t.r->>'address'), ''),
        coalesce(ops.tidy(t.r->>'city'), ''), coalesce(ops.tidy(t.r->>'state'), ''), coalesce(ops.tidy(t.r->>'zip_code'), ''),
        coalesce(ops.tidy(t.r->>'phone_number'), ''), coalesce(ops.tidy(t.r->>'email'), ''), ops.tidy(t.r->>'website'),
        t.registration, coalesce(t.timezone, 'Asia/Kolkata'), 'importing', t.created, coalesce(ops.moment(t.r->>'updated_at'), t.created)
    FROM t WHERE NOT t.is_chosen
),
places AS (
    INSERT INTO clinicd.quota (clinic_id, kind, allowed)
    SELECT t.clinic_id, k.kind, least(greatest(0, coalesce(ops.ref(t.r, k.member), 0)), 2147483647)::int
    FROM t, (VALUES ('doctor', 'max_doctors'), ('patient', 'max_patients'), ('receptionist', 'max_receptionists')) k (kind, member)
    WHERE NOT t.is_chosen
),
noted AS (
    INSERT INTO ops.import_clinic (import_id, clinic_id, is_new, next_status)
    SELECT $1, t.clinic_id, true, t.next_status FROM t WHERE NOT t.is_chosen
),
links AS ( -- where the old address cannot be one of ours
    INSERT INTO ops.clinic_redirect (slug, clinic_id, import_id)
    SELECT t.r->>'slug', t.clinic_id, $1 FROM t
    WHERE t.r->>'slug' ~ '^[A-Za-z0-9_-]{1,64}$' AND t.r->>'slug' !~ '^[a-z0-9]+(-[a-z0-9]+)*$'
    ON CONFLICT (slug) DO NOTHING
)
INSERT INTO ops.import_outcome (n, outcome, clinic_id, id, canon, changes)
SELECT t.n, CASE WHEN t.is_chosen THEN 'merged' ELSE 'loaded' END, t.clinic_id, t.id,
    ops.canon(t.new_slug, t.name, t.registration, ops.tidy(t.r->>'phone_number')),
    array_remove(ARRAY[CASE WHEN NOT t.is_chosen AND t.new_slug <> t.r->>'slug' THEN 'slug-changed' END,
        CASE WHEN NOT t.is_chosen AND t.registration <> t.r->>'registration_number' THEN 'registration-number-changed' END,
        CASE WHEN ops.tidy(t.r->>'logo') IS NOT NULL THEN 'logo-left' END], NULL)
FROM t;

-- Rows without a clinic belong to the only one there is.
UPDATE ops.import i SET home_clinic = (
    SELECT k.clinic_id FROM (SELECT o.clinic_id FROM ops.import_outcome o
        UNION ALL SELECT m.clinic_id FROM ops.import_map m WHERE m.source_id = i.source_id AND m.name = 'clinic') k LIMIT 1)
FROM ops.import_table w
WHERE i.id = $1 AND i.home_clinic IS NULL AND w.import_id = i.id AND w.name = 'clinic' AND w.source_rows = 1;

-- Unless it was said whose they are, or that they are nobody's.
UPDATE ops.import i SET home_clinic = (SELECT c.clinic_id FROM clinicd.clinic c WHERE c.slug = i.choices->>'null_clinic')
WHERE i.id = $1 AND i.choices->>'null_clinic' <> 'inherit';

-- section check
SELECT count(*), sum(ops.canon(c.slug, c.name, c.registration_number, NULLIF(c.phone_number, '')))
FROM ops.import_map m JOIN clinicd.clinic c ON c.clinic_id = m.clinic_id
WHERE m.import_id = $1 AND m.name = 'clinic' AND m.outcome = 'loaded';
