-- Makes a template of a prescription's medicines and tests, whatever the prescription's state.
-- kind: write
-- rows: optional
-- audit: entity=template id=id patient=_patient_id after=row
-- keyed: yes
-- faults: not-the-author prescription-empty
WITH held AS MATERIALIZED (
    SELECT p.id, p.patient_id, p.doctor_name, l.medicines, l.tests, CASE
        WHEN p.doctor_id IS DISTINCT FROM $actor_id THEN 'not-the-author'
        WHEN l.medicines IS NULL AND l.tests IS NULL THEN 'prescription-empty' END AS fault
    FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    CROSS JOIN LATERAL prescription_lines($clinic, p.id) l
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
),
new AS (
    INSERT INTO template (clinic_id, id, doctor_id, doctor_name, name, description, keyword, visibility, created_at,
        updated_at)
    SELECT $clinic, $template_id::uuid, $actor_id, held.doctor_name, $body::jsonb->>'name', $body->>'description',
        $body->>'keyword', $body->>'visibility', $now, $now
    FROM held WHERE held.fault IS NULL
    RETURNING clinic_id, id
),
filled AS MATERIALIZED (
    SELECT new.clinic_id, new.id, template_lines_add($clinic, new.id, held.medicines, held.tests, $now) FROM new, held
)
SELECT s.*, held.patient_id AS _patient_id, held.fault AS _fault
FROM held
LEFT JOIN filled ON true
LEFT JOIN LATERAL template_shown(filled.clinic_id, filled.id) s ON true
