-- The file of a report, which is its address.
-- kind: read
-- rows: optional
SELECT r.file_id FROM report r
WHERE r.clinic_id = $clinic AND r.id = $id::uuid AND ($patient IS NULL OR r.patient_id = $patient)
