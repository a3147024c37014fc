-- Changes a clinic's subscription, quotas and whether it is open. A quota below what is in use is
-- refused by the quota's own constraint.
-- kind: write
-- rows: optional
-- audit: entity=clinic id=_id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT c.id, c.version, c AS was FROM clinic c WHERE c.clinic_id = $clinic FOR UPDATE OF c
),
new AS (
    UPDATE clinic c SET
        status = CASE WHEN ($body::jsonb->>'is_active')::boolean = false THEN 'inactive'
                      WHEN $body ? 'subscription_status' THEN $body->>'subscription_status'
                      WHEN $body ? 'is_active' AND c.status IN ('suspended', 'inactive') THEN 'active'
                      ELSE c.status END,
        version = c.version + 1, updated_at = $now
    FROM old
    WHERE c.clinic_id = $clinic AND c.version = $if_match
    RETURNING c.id, c AS c
),
had AS (
    SELECT q.kind, q.allowed FROM quota q WHERE q.clinic_id = $clinic
),
wanted AS (
    SELECT had.kind, coalesce(($body->>k.member)::int, had.allowed) AS allowed
    FROM had
    JOIN (VALUES ('doctor', 'max_doctors'), ('patient', 'max_patients'),
                 ('receptionist', 'max_receptionists')) k (kind, member) ON k.kind = had.kind
),
places AS (
    UPDATE quota q SET allowed = wanted.allowed
    FROM wanted, new
    WHERE q.clinic_id = $clinic AND q.kind = wanted.kind AND q.allowed <> wanted.allowed
),
kept AS (
    SELECT k.max_files, k.max_bytes FROM file_quota k WHERE k.clinic_id = $clinic
),
room AS (
    UPDATE file_quota k SET max_files = coalesce(($body->>'max_files')::bigint, k.max_files),
        max_bytes = coalesce(($body->>'max_file_bytes')::bigint, k.max_bytes)
    FROM new WHERE k.clinic_id = $clinic
    RETURNING k.max_files, k.max_bytes
)
SELECT s.*, room.max_files, room.max_bytes AS max_file_bytes, old.id AS _id,
    CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault,
    (to_jsonb(b) || jsonb_build_object('max_files', kept.max_files, 'max_file_bytes', kept.max_bytes))::json AS _before,
    CASE WHEN new.id IS NOT NULL THEN announce('clinic', ($clinic)::text, $now)::text END AS _announced
FROM old
JOIN kept ON true
CROSS JOIN LATERAL clinic_shown(old.was, (SELECT had.allowed FROM had WHERE had.kind = 'doctor'),
    (SELECT had.allowed FROM had WHERE had.kind = 'patient'),
    (SELECT had.allowed FROM had WHERE had.kind = 'receptionist')) b
LEFT JOIN new ON true
LEFT JOIN room ON true
LEFT JOIN LATERAL clinic_shown(new.c, (SELECT wanted.allowed FROM wanted WHERE wanted.kind = 'doctor'),
    (SELECT wanted.allowed FROM wanted WHERE wanted.kind = 'patient'),
    (SELECT wanted.allowed FROM wanted WHERE wanted.kind = 'receptionist')) s ON true
