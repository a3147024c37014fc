-- Records the result of an order, which completes it; or corrects one, with a reason: the order keeps what
-- it said before. The result may be, or come with, a test report of the same patient that names no other test.
-- kind: write
-- rows: optional
-- audit: entity=lab_order id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: illegal-transition precondition-failed validation-failed
WITH old AS (
    SELECT o.id, o AS was, rx, p, CASE
        WHEN o.version <> $if_match THEN 'precondition-failed'
        WHEN o.status <> 'completed' AND 'completed' <> ALL (lab_ways(o.status)) THEN 'illegal-transition'
        WHEN (o.status = 'completed') <> ($body::jsonb->>'reason' IS NOT NULL) THEN 'validation-failed' END AS fault
    FROM lab_order o
    JOIN prescription rx ON rx.clinic_id = $clinic AND rx.id = o.prescription_id
    JOIN patient p ON p.clinic_id = $clinic AND p.id = o.patient_id AND p.deleted_at IS NULL
    WHERE o.clinic_id = $clinic AND o.prescription_id = $id::uuid AND o.test_id = $tid::uuid
        AND o.withdrawn_at IS NULL AND ($patient IS NULL OR o.patient_id = $patient)
    FOR UPDATE OF o
),
rests AS (
    SELECT r.file_id FROM old
    JOIN report r ON r.clinic_id = $clinic AND r.patient_id = (old.was).patient_id AND r.kind = 'test_report'
        AND ($patient IS NULL OR r.patient_id = $patient)
    JOIN file f ON f.clinic_id = $clinic AND f.id = r.file_id AND f.deleted_at IS NULL AND f.state <> 'infected'
        AND ($patient IS NULL OR f.patient_id = $patient)
    WHERE r.id = ($body->>'report_id')::uuid AND coalesce(r.test_id, (old.was).test_id) = (old.was).test_id
    FOR SHARE OF f
),
flaw AS (
    SELECT json_build_array(json_build_object('pointer', '#/report_id', 'code', 'unknown',
        'detail', 'is no test report that this test can rest on')) AS list
    FROM old WHERE old.fault IS NULL AND $body->>'report_id' IS NOT NULL AND NOT EXISTS (SELECT FROM rests)
),
new AS (
    UPDATE lab_order o SET status = 'completed', result_text = $body->>'result',
        result_values = coalesce($body->'result_values', '[]'), report_file_id = (SELECT rests.file_id FROM rests),
        result_at = $now, result_by_id = $actor_id, result_by_name = $actor_name,
        correction_reason = $body->>'reason', version = o.version + 1, updated_at = $now
    FROM old
    WHERE o.clinic_id = $clinic AND o.id = old.id AND old.fault IS NULL AND NOT EXISTS (SELECT FROM flaw)
    RETURNING o AS o
)
SELECT s.*, (old.was).patient_id AS _patient_id,
    CASE WHEN flaw.list IS NOT NULL THEN 'validation-failed' ELSE old.fault END AS _fault, flaw.list AS _flaws,
    CASE old.fault WHEN 'illegal-transition' THEN to_json(lab_ways((old.was).status))
                   WHEN 'validation-failed' THEN to_json((old.was).status = 'completed') END AS _detail,
    to_json(b) AS _before
FROM old
CROSS JOIN LATERAL lab_order_shown(old.was, old.rx, old.p) b
LEFT JOIN flaw ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL lab_order_shown(new.o, old.rx, old.p) s ON true
