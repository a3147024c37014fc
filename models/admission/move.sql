-- Moves somebody who is admitted on, as admission_moves() says. An end is admission_end's.
-- kind: write
-- rows: optional
-- audit: entity=admission id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: precondition-failed admission-ended illegal-transition
WITH old AS MATERIALIZED (
    SELECT a.id, a AS was, p AS p, CASE
        WHEN a.version <> $if_match THEN 'precondition-failed'
        WHEN a.ended_at IS NOT NULL THEN 'admission-ended'
        WHEN $status::text <> ALL (admission_ways(a.status)) THEN 'illegal-transition' END AS fault
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    FOR NO KEY UPDATE OF a
),
new AS (
    UPDATE admission a SET status = $status, moved_by_id = $actor_id, moved_by_name = $actor_name,
        move_note = $reason::text, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND old.fault IS NULL
    RETURNING a AS a
)
SELECT s.*, (old.was).patient_id AS _patient_id, old.fault AS _fault, left(md5(s::text), 16) AS _etag,
    CASE old.fault WHEN 'illegal-transition' THEN to_json(admission_ways((old.was).status)) END AS _detail,
    to_json(b) AS _before
FROM old
CROSS JOIN LATERAL admission_shown(old.was, old.p, $now, $timezone::text) b
LEFT JOIN new ON true
LEFT JOIN LATERAL admission_shown(new.a, old.p, $now, $timezone) s ON true
