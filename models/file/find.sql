-- What a file is, whose, and what it reports.
-- kind: read
-- rows: optional
-- audit: entity=file id=id patient=_patient_id
SELECT f.id, f.version, f.kind, f.name, f.media_type, f.size_bytes, f.sha256, f.state,
    json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name) AS patient,
    json_build_object('id', r.id, 'report_type', r.report_type, 'description', r.description,
        'admission_id', r.admission_id, 'test_type', r.test_type, 'test_on', r.test_on, 'notes', r.notes,
        'prescription_id', t.prescription_id, 'test_id', t.id) AS report,
    f.uploaded_at, CASE WHEN f.uploaded_by_id IS NOT NULL
        THEN json_build_object('id', f.uploaded_by_id, 'name', f.uploaded_by_name) END AS uploaded_by,
    f.created_at, f.updated_at, p.id AS _patient_id
FROM file f
JOIN report r ON r.clinic_id = $clinic AND r.file_id = f.id AND ($patient IS NULL OR r.patient_id = $patient)
JOIN patient p ON p.clinic_id = $clinic AND p.id = f.patient_id AND p.deleted_at IS NULL
LEFT JOIN prescription_test t ON t.clinic_id = $clinic AND t.id = r.test_id
    AND ($patient IS NULL OR t.patient_id = $patient)
WHERE f.clinic_id = $clinic AND f.id = $id::uuid AND f.deleted_at IS NULL AND ($patient IS NULL OR f.patient_id = $patient)
