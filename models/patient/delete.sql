-- Hides a patient and gives the place of the quota back; the record, and its number, are kept.
-- kind: write
-- rows: optional
-- audit: entity=patient id=id patient=id before=_before after=row
-- lock: patient
-- faults: precondition-failed
WITH old AS (
    SELECT p.id, p.version, p.deleted_at
    FROM patient p
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    FOR UPDATE OF p
),
new AS (
    UPDATE patient p SET deleted_at = $now, version = p.version + 1, updated_at = $now
    FROM old
    WHERE p.clinic_id = $clinic AND p.id = old.id AND p.version = $if_match
    RETURNING p.version, p.deleted_at
),
place AS (
    UPDATE quota q SET used = q.used - 1
    FROM new
    WHERE q.clinic_id = $clinic AND q.kind = 'patient'
)
SELECT old.id, new.version, new.deleted_at,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    to_json(old) AS _before
FROM old LEFT JOIN new ON true
