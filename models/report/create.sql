-- Notes a report about a patient, or about the patient of an admission, and the file that it is: both or neither. The
-- bytes are in the store already. A test report may name the test that it answers, if that was ordered for this patient.
-- kind: write
-- rows: optional
-- audit: entity=report id=id patient=_patient_id after=row
-- keyed: yes
-- faults: validation-failed
WITH whose AS (
    SELECT p.id AS patient_id, ($now AT TIME ZONE $timezone::text)::date AS today
    FROM patient p
    WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL AND ($patient IS NULL OR p.id = $patient)
        AND p.id = coalesce($patient_id::uuid, (SELECT a.patient_id FROM admission a
            WHERE a.clinic_id = $clinic AND a.id = $admission_id::uuid))
),
test AS (
    SELECT o.test_id FROM whose w
    JOIN lab_order o ON o.clinic_id = $clinic AND o.patient_id = w.patient_id AND o.withdrawn_at IS NULL
        AND ($patient IS NULL OR o.patient_id = $patient)
    WHERE o.prescription_id = ($body::jsonb->>'prescription_id')::uuid AND o.test_id = ($body->>'test_id')::uuid
),
flaw AS (
    SELECT json_build_object('pointer', '#/test_on', 'code', 'too-large', 'detail', 'is in the future') AS told
    FROM whose w WHERE ($body->>'test_on')::date > w.today
    UNION ALL
    SELECT json_build_object('pointer', '#/test_id', 'code', 'unknown', 'detail', 'was not ordered for this patient')
    WHERE $body->>'test_id' IS NOT NULL AND NOT EXISTS (SELECT FROM test)
),
kept AS (
    INSERT INTO file (clinic_id, id, patient_id, kind, name, media_type, size_bytes, sha256, state, uploaded_at,
        uploaded_by_id, uploaded_by_name, created_at, updated_at)
    SELECT $clinic, $file_id::uuid, w.patient_id, $kind::text, $name::text, $media_type::text, $size_bytes::bigint,
        $sha256::text, $state::text, $now, $actor_id, $actor_name, $now, $now
    FROM whose w WHERE NOT EXISTS (SELECT FROM flaw)
    RETURNING id, patient_id, file AS f
),
new AS (
    INSERT INTO report (clinic_id, id, patient_id, kind, file_id, admission_id, test_id, report_type, description,
        test_type, test_on, notes, created_at)
    SELECT $clinic, $id::uuid, k.patient_id, $kind, k.id, $admission_id, test.test_id, $body->>'report_type',
        $body->>'description', $body->>'test_type', ($body->>'test_on')::date, $body->>'notes', $now
    FROM kept k LEFT JOIN test ON true
    RETURNING test_id, report AS r
)
SELECT s.*, w.patient_id AS _patient_id, CASE WHEN flaw.list IS NOT NULL THEN 'validation-failed' END AS _fault,
    flaw.list AS _flaws
FROM whose w
CROSS JOIN (SELECT json_agg(told) AS list FROM flaw) flaw
LEFT JOIN kept ON true
LEFT JOIN new ON true
LEFT JOIN prescription_test t ON t.clinic_id = $clinic AND t.id = new.test_id
    AND ($patient IS NULL OR t.patient_id = $patient)
LEFT JOIN LATERAL report_shown(new.r, kept.f, t) s ON true
