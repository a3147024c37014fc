-- Changes what the merge patch names; a change of role moves the receptionist's place of the quota.
-- Whoever takes an administrator away holds the same lock, so that of two at once one sees the other.
-- kind: write
-- rows: optional
-- audit: entity=account id=id before=_before after=row
-- lock: receptionist
-- faults: precondition-failed role-fixed last-admin
WITH old AS (
    SELECT a.id, a.role, a.is_active, a AS was, coalesce($body::jsonb->>'role', a.role) AS next_role
    FROM account a
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND a.role <> 'patient'
    FOR UPDATE OF a
),
fault AS (
    SELECT CASE
        WHEN (old.was).version <> $if_match THEN 'precondition-failed'
        WHEN old.role = 'doctor' AND old.next_role <> 'doctor' THEN 'role-fixed'
        WHEN old.role = 'admin' AND old.next_role <> 'admin' AND old.is_active AND NOT EXISTS (
            SELECT 1 FROM account o
            WHERE o.clinic_id = $clinic AND o.role = 'admin' AND o.is_active AND o.id <> old.id)
            THEN 'last-admin' END AS code
    FROM old
),
new AS (
    UPDATE account a SET
        role = old.next_role,
        first_name = CASE WHEN $body ? 'first_name' THEN $body->>'first_name' ELSE a.first_name END,
        last_name = CASE WHEN $body ? 'last_name' THEN $body->>'last_name' ELSE a.last_name END,
        email = CASE WHEN $body ? 'email' THEN $body->>'email' ELSE a.email END,
        mobile_number = CASE WHEN $body ? 'mobile_number' THEN $body->>'mobile_number' ELSE a.mobile_number END,
        version = a.version + 1, updated_at = $now
    FROM old, fault
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND fault.code IS NULL
    RETURNING a AS a, a.id, a.role
),
place AS (
    UPDATE quota q SET used = q.used + CASE new.role WHEN 'receptionist' THEN 1 ELSE -1 END
    FROM old, new
    WHERE q.clinic_id = $clinic AND q.kind = 'receptionist' AND old.is_active
        AND (old.role = 'receptionist') <> (new.role = 'receptionist')
)
SELECT s.*, fault.code AS _fault, to_json(b) AS _before,
    CASE WHEN new.id IS NOT NULL THEN announce('account', new.id::text, $now)::text END AS _announced
FROM old CROSS JOIN fault
CROSS JOIN LATERAL account_shown(old.was) b
LEFT JOIN new ON true
LEFT JOIN LATERAL account_shown(new.a) s ON true
