-- Moves an order on, as lab_moves() says. Completing is lab_record's: it takes a result.
-- kind: write
-- rows: optional
-- audit: entity=lab_order id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: illegal-transition precondition-failed
WITH old AS (
    SELECT o.id, o AS was, rx, p, CASE
        WHEN o.version <> $if_match THEN 'precondition-failed'
        WHEN $body::jsonb->>'status' <> ALL (lab_ways(o.status)) THEN 'illegal-transition' END AS fault
    FROM lab_order o
    JOIN prescription rx ON rx.clinic_id = $clinic AND rx.id = o.prescription_id
    JOIN patient p ON p.clinic_id = $clinic AND p.id = o.patient_id AND p.deleted_at IS NULL
    WHERE o.clinic_id = $clinic AND o.prescription_id = $id::uuid AND o.test_id = $tid::uuid
        AND o.withdrawn_at IS NULL AND ($patient IS NULL OR o.patient_id = $patient)
    FOR UPDATE OF o
),
new AS (
    UPDATE lab_order o SET status = $body->>'status', note = $body->>'note', version = o.version + 1, updated_at = $now
    FROM old
    WHERE o.clinic_id = $clinic AND o.id = old.id AND old.fault IS NULL
    RETURNING o AS o
)
SELECT s.*, (old.was).patient_id AS _patient_id, old.fault AS _fault,
    CASE old.fault WHEN 'illegal-transition' THEN to_json(lab_ways((old.was).status)) END AS _detail,
    to_json(b) AS _before
FROM old
CROSS JOIN LATERAL lab_order_shown(old.was, old.rx, old.p) b
LEFT JOIN new ON true
LEFT JOIN LATERAL lab_order_shown(new.o, old.rx, old.p) s ON true
