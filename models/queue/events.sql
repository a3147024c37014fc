-- What happened after the event of that number, the oldest first.
-- kind: read
-- rows: many
SELECT e.number, e.at, e.kind AS _event, e.visit_id AS "visit.id", e.visit_version AS "visit.version",
    e.token_number AS "visit.token_number", e.token_on AS "visit.token_on",
    CASE WHEN e.doctor_id IS NOT NULL THEN json_build_object('id', e.doctor_id, 'name', e.doctor_name) END
        AS "visit.doctor",
    e.visit_type AS "visit.visit_type", e.priority AS "visit.priority", e.status AS "visit.status"
FROM event e
WHERE e.clinic_id = $clinic AND e.number > $number::bigint
ORDER BY e.number LIMIT $most::bigint
