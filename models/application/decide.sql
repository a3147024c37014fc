-- Approves or rejects an application, once.
-- kind: write
-- rows: optional
-- audit: entity=clinic_application id=_id after=row
-- faults: already-decided
WITH old AS (
    SELECT a.id, a.status FROM clinic_application a WHERE a.id = $id::uuid FOR UPDATE OF a
),
new AS (
    UPDATE clinic_application a SET
        status = $decision::text, reason = $reason::text,
        opened_slug = CASE WHEN $decision = 'approved' THEN coalesce($slug::text, a.clinic->>'slug') END,
        decided_by_id = $actor_id, decided_by_name = $actor_name, decided_at = $now,
        version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.id = old.id AND old.status = 'pending'
    RETURNING a AS a
)
SELECT s.*, old.id AS _id, CASE WHEN old.status <> 'pending' THEN 'already-decided' END AS _fault
FROM old
LEFT JOIN new ON true
LEFT JOIN LATERAL clinic_application_shown(new.a) s ON true
