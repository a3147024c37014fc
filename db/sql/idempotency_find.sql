-- The answer that was kept: its text, or the row that it is made of (db/kept.h).
-- kind: read
-- rows: optional
SELECT i.operation, i.body_digest, i.status, i.headers, i.body, i.is_sealed,
    (SELECT json_agg(json_build_array(m.name, json_typeof(m.value), m.value #>> '{}') ORDER BY m.place)
     FROM json_each(i.kept_row) WITH ORDINALITY AS m (name, value, place)) AS members
FROM idempotency i
WHERE i.clinic_id = $clinic AND i.principal = $principal::text AND i.key_hash = $hash::text
