-- Brings a hidden patient back, if the quota has a place.
-- kind: write
-- rows: optional
-- audit: entity=patient id=id patient=id before=_before after=row
-- keyed: yes
-- lock: patient
-- faults: not-deleted
WITH old AS (
    SELECT p.id, p.version, p.deleted_at
    FROM patient p
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid
    FOR UPDATE OF p
),
new AS (
    UPDATE patient p SET deleted_at = NULL, version = p.version + 1, updated_at = $now
    FROM old
    WHERE p.clinic_id = $clinic AND p.id = old.id AND p.deleted_at IS NOT NULL
    RETURNING p AS p
),
place AS (
    UPDATE quota q SET used = q.used + 1
    FROM new
    WHERE q.clinic_id = $clinic AND q.kind = 'patient'
)
SELECT s.*, CASE WHEN old.deleted_at IS NULL THEN 'not-deleted' END AS _fault, to_json(old) AS _before
FROM old
LEFT JOIN new ON true
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM account a
        WHERE a.clinic_id = $clinic AND a.patient_id = old.id AND a.is_active) AS has_login) login
LEFT JOIN LATERAL patient_shown(new.p, ($now AT TIME ZONE $timezone::text)::date, login.has_login) s ON true
