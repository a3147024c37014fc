-- What must agree with something else, each statement one rule: what it is called, what it is about,
-- how many rows break it, five of them. $1 is the clinic, null for all.

SELECT 'quota', q.kind, count(*), to_json((array_agg(q.clinic_id::text))[1:5])
FROM (
    SELECT c.clinic_id, k.kind, coalesce(q.used, 0) AS used, CASE k.kind
        WHEN 'patient' THEN (SELECT count(*) FROM clinicd.patient p WHERE p.clinic_id = c.clinic_id AND p.deleted_at IS NULL)
        ELSE (SELECT count(*) FROM clinicd.account a
            WHERE a.clinic_id = c.clinic_id AND a.role = k.kind AND a.is_active) END AS found
    FROM clinicd.clinic c CROSS JOIN (VALUES ('doctor'), ('patient'), ('receptionist')) AS k (kind)
    LEFT JOIN clinicd.quota q ON q.clinic_id = c.clinic_id AND q.kind = k.kind
    WHERE $1::bigint IS NULL OR c.clinic_id = $1) AS q
WHERE q.used <> q.found GROUP BY q.kind;

-- What a clinic keeps is counted where its limits are.
SELECT 'quota', 'file', count(*), to_json((array_agg(q.clinic_id::text))[1:5])
FROM (
    SELECT c.clinic_id, (SELECT (count(*), coalesce(sum(f.size_bytes), 0)::bigint) FROM clinicd.file f
        WHERE f.clinic_id = c.clinic_id AND f.deleted_at IS NULL) AS found, (coalesce(k.files, 0), coalesce(k.bytes, 0)) AS kept
    FROM clinicd.clinic c LEFT JOIN clinicd.file_quota k ON k.clinic_id = c.clinic_id
    WHERE $1::bigint IS NULL OR c.clinic_id = $1) AS q
WHERE q.found IS DISTINCT FROM q.kept HAVING count(*) > 0;

-- A number that was given is never given again.
SELECT 'counter', n.kind, count(*), to_json((array_agg(n.shown))[1:5])
FROM (
    SELECT clinic_id, 'patient' AS kind, patient_number AS shown FROM clinicd.patient WHERE patient_number ~ '^PT-[0-9]{4}-[0-9]{1,9}$'
    UNION ALL
    SELECT clinic_id, 'prescription', rx_number FROM clinicd.prescription WHERE rx_number ~ '^RX-[0-9]{4}-[0-9]{1,9}$') AS n
LEFT JOIN clinicd.counter c ON c.clinic_id = n.clinic_id AND c.kind = n.kind AND c.period = split_part(n.shown, '-', 2)::int
WHERE ($1::bigint IS NULL OR n.clinic_id = $1) AND split_part(n.shown, '-', 3)::bigint > coalesce(c.value, 0)
GROUP BY n.kind;

SELECT 'figure', 'prescription_figure', count(*), to_json((array_agg(coalesce(n.doctor_id, f.doctor_id)))[1:5])
FROM clinicd.prescription_figures() n
FULL JOIN clinicd.prescription_figure f ON f.clinic_id = n.clinic_id AND f.doctor_id = n.doctor_id
WHERE ($1::bigint IS NULL OR coalesce(n.clinic_id, f.clinic_id) = $1)
    AND (n.pending, n.completed, n.cancelled, n.recommended) IS DISTINCT FROM (f.pending, f.completed, f.cancelled, f.recommended);

-- Events are numbered without gaps; the oldest go.
SELECT 'numbering', 'event', count(*), to_json((array_agg(e.clinic_id::text))[1:5])
FROM (SELECT e.clinic_id, min(e.number) AS first, max(e.number) AS last, count(*) AS n FROM clinicd.event e
    WHERE $1::bigint IS NULL OR e.clinic_id = $1 GROUP BY e.clinic_id) AS e
LEFT JOIN clinicd.counter c ON c.clinic_id = e.clinic_id AND c.kind = 'event' AND c.period = 0
WHERE e.n <> e.last - e.first + 1 OR e.last IS DISTINCT FROM c.value;

SELECT 'history', 'visit', count(*), to_json((array_agg(v.id))[1:5])
FROM clinicd.visit v
LEFT JOIN LATERAL (SELECT h.to_status FROM clinicd.visit_change h
    WHERE h.clinic_id = v.clinic_id AND h.visit_id = v.id ORDER BY h.number DESC LIMIT 1) AS h ON true
WHERE ($1::bigint IS NULL OR v.clinic_id = $1) AND h.to_status IS DISTINCT FROM v.status;

-- A completed prescription has an order for each of its tests.
SELECT 'order', 'prescription_test', count(*), to_json((array_agg(t.id))[1:5])
FROM clinicd.prescription p
JOIN clinicd.prescription_test t ON t.clinic_id = p.clinic_id AND t.prescription_id = p.id AND t.deleted_at IS NULL
WHERE ($1::bigint IS NULL OR p.clinic_id = $1) AND p.status = 'completed' AND p.deleted_at IS NULL AND NOT EXISTS (
    SELECT FROM clinicd.lab_order o WHERE o.clinic_id = t.clinic_id AND o.test_id = t.id);

-- The trail tells of every record, but of those that an import brought: its own report does.
SELECT 'trail', r.entity, count(*), to_json((array_agg(r.id))[1:5])
FROM (
    SELECT clinic_id, id, 'patient' AS entity FROM clinicd.patient
    UNION ALL SELECT clinic_id, id, 'visit' FROM clinicd.visit
    UNION ALL SELECT clinic_id, id, 'prescription' FROM clinicd.prescription) AS r
WHERE ($1::bigint IS NULL OR r.clinic_id = $1)
    AND NOT EXISTS (SELECT FROM clinicd.audit a WHERE a.clinic_id = r.clinic_id AND a.entity = r.entity AND a.entity_id = r.id)
    AND NOT EXISTS (SELECT FROM ops.import_map m WHERE m.clinic_id = r.clinic_id AND m.id = r.id)
GROUP BY r.entity;

-- Rows of the trail that are sealed are numbered without gaps.
SELECT 'trail', 'chain', count(*), to_json((array_agg(a.clinic_id::text))[1:5])
FROM (SELECT a.clinic_id FROM clinicd.audit a
    WHERE a.chain_number IS NOT NULL AND ($1::bigint IS NULL OR a.clinic_id = $1) GROUP BY a.clinic_id
    HAVING count(*) <> max(a.chain_number) OR min(a.chain_number) <> 1 OR count(DISTINCT a.chain_number) <> count(*)) AS a;
