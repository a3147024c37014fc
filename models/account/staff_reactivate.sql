-- Opens a closed account again, if the quota has a place. A session that was opened in the very moment of
-- the closing stays closed.
-- kind: write
-- rows: optional
-- audit: entity=account id=id before=_before after=row
-- keyed: yes
-- lock: receptionist
-- faults: account-active
WITH old AS (
    SELECT a.id, a.is_active, a AS was
    FROM account a
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND a.role <> 'patient'
    FOR UPDATE OF a
),
new AS (
    UPDATE account a SET is_active = true, version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND NOT a.is_active
    RETURNING a AS a, a.id, a.role
),
place AS (
    UPDATE quota q SET used = q.used + 1
    FROM new
    WHERE q.clinic_id = $clinic AND q.kind = new.role
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM new
    WHERE s.clinic_id = $clinic AND s.account_id = new.id AND s.revoked_at IS NULL
)
SELECT s.*, CASE WHEN old.is_active THEN 'account-active' END AS _fault, to_json(b) AS _before
FROM old
CROSS JOIN LATERAL account_shown(old.was) b
LEFT JOIN new ON true
LEFT JOIN LATERAL account_shown(new.a) s ON true
