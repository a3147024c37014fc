-- A clinic that is made for an import, as models/clinic/create.sql makes one; closed until the import is whole. Its
-- administrator and pharmacy are remembered, for they go when the import is taken back.
WITH b AS (
    SELECT i.id AS import_id, i.source_id, $2::jsonb AS r, clinicd.clinic_allot_id() AS clinic_id, i.started_at AS at,
        ops.row_id(i.source_id, 'created-clinic', i.id, i.started_at) AS id, ops.row_id(i.source_id, 'created-admin', i.id, i.started_at) AS admin_id,
        ops.row_id(i.source_id, 'created-pharmacy', i.id, i.started_at) AS pharmacy_id
    FROM ops.import i WHERE i.id = $1::bigint
),
new AS (
    INSERT INTO clinicd.clinic (clinic_id, id, slug, name, address, city, state, zip_code, phone_number, email, website,
        registration_number, gstin, timezone, language, status, created_at, updated_at)
    SELECT b.clinic_id, b.id, b.r->>'slug', b.r->>'name', b.r->>'address', b.r->>'city', b.r->>'state', b.r->>'zip_code',
        b.r->>'phone_number', b.r->>'email', b.r->>'website', b.r->>'registration_number', b.r->>'gstin', b.r->>'timezone',
        b.r->>'language', 'importing', b.at, b.at
    FROM b
),
places AS (
    INSERT INTO clinicd.quota (clinic_id, kind, allowed)
    SELECT b.clinic_id, k.kind, (b.r->>k.member)::int
    FROM b, (VALUES ('doctor', 'max_doctors'), ('patient', 'max_patients'), ('receptionist', 'max_receptionists')) k (kind, member)
),
admin AS (
    INSERT INTO clinicd.account (clinic_id, id, username, role, first_name, last_name, email, password_hash,
        must_change_password, password_expires_at, password_changed_at, created_at, updated_at)
    SELECT b.clinic_id, b.admin_id, $3, 'admin', coalesce(b.r->'admin'->>'first_name', 'Clinic'),
        coalesce(b.r->'admin'->>'last_name', 'Administrator'), coalesce(b.r->'admin'->>'email', b.r->>'email'), $4,
        true, b.at + interval '72 hours', b.at, b.at, b.at
    FROM b
),
shop AS (
    INSERT INTO clinicd.pharmacy (clinic_id, id, name, address, phone_number, is_primary, created_at, updated_at)
    SELECT b.clinic_id, b.pharmacy_id, b.r->'pharmacy'->>'name', b.r->'pharmacy'->>'address', b.r->'pharmacy'->>'phone_number',
        true, b.at, b.at
    FROM b WHERE b.r ? 'pharmacy'
),
remembered AS (
    INSERT INTO ops.import_map (source_id, name, legacy_id, import_id, outcome, clinic_id, id, digest)
    SELECT b.source_id, m.name, b.import_id, b.import_id, 'loaded', b.clinic_id, m.id, 0
    FROM b, LATERAL (VALUES ('created-admin', b.admin_id), ('created-pharmacy', b.pharmacy_id)) m (name, id)
),
noted AS (
    INSERT INTO ops.import_clinic (import_id, clinic_id, is_new, next_status)
    SELECT b.import_id, b.clinic_id, true, CASE WHEN (b.r->>'is_active')::boolean THEN b.r->>'subscription_status' ELSE 'inactive' END
    FROM b
)
UPDATE ops.import i SET home_clinic = b.clinic_id FROM b WHERE i.id = b.import_id;
