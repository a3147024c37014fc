-- Closes an account: its sessions end, a reset token is void, its place of the quota is given back. With
-- $role only somebody of that role. The lock: as in staff_update.sql.
-- kind: write
-- rows: optional
-- audit: entity=account id=id before=_before after=row
-- lock: receptionist
-- faults: precondition-failed account-inactive last-admin
WITH old AS (
    SELECT a.id, a.role, a.is_active, a.version
    FROM account a
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND a.role <> 'patient'
        AND ($role::text IS NULL OR a.role = $role)
    FOR UPDATE OF a
),
fault AS (
    SELECT CASE
        WHEN old.version <> $if_match THEN 'precondition-failed'
        WHEN NOT old.is_active THEN 'account-inactive'
        WHEN old.role = 'admin' AND NOT EXISTS (
            SELECT 1 FROM account o
            WHERE o.clinic_id = $clinic AND o.role = 'admin' AND o.is_active AND o.id <> old.id)
            THEN 'last-admin' END AS code
    FROM old
),
new AS (
    UPDATE account a SET is_active = false, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    FROM old, fault
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND fault.code IS NULL
    RETURNING a.id, a.role, a.is_active, a.version
),
place AS (
    UPDATE quota q SET used = q.used - 1
    FROM new
    WHERE q.clinic_id = $clinic AND q.kind = new.role
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM new
    WHERE s.clinic_id = $clinic AND s.account_id = new.id AND s.revoked_at IS NULL
)
SELECT old.id, new.role, new.is_active, new.version, fault.code AS _fault, to_json(old) AS _before,
    CASE WHEN new.id IS NOT NULL THEN announce('account', new.id::text, $now)::text END AS _announced
FROM old CROSS JOIN fault
LEFT JOIN new ON true
