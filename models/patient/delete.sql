-- Hides a patient and gives the place of the quota back; the record, and its number, are kept. A login is
-- closed and its sessions end.
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
),
closed AS (
    UPDATE account a SET is_active = false, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    FROM old, new
    WHERE a.clinic_id = $clinic AND a.patient_id = old.id AND a.is_active
    RETURNING a.id
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM closed
    WHERE s.clinic_id = $clinic AND s.account_id = closed.id AND s.revoked_at IS NULL
)
SELECT old.id, new.version, new.deleted_at,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    to_json(old) AS _before, closed.id AS _login_id,
    CASE WHEN closed.id IS NOT NULL THEN announce('account', closed.id::text, $now)::text END AS _announced
FROM old LEFT JOIN new ON true LEFT JOIN closed ON true
