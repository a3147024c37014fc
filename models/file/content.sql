-- What is needed to hand out a patient's file; one that is not clean is not handed out. It changes nothing and is a
-- write all the same, so that a refusal is in the trail as one, and what is handed out is there, on the disk, first.
-- kind: write
-- rows: optional
-- audit: entity=file id=id patient=_patient_id
-- faults: file-pending file-infected file-missing
SELECT f.id, f.name, f.media_type, f.size_bytes, f.sha256, p.id AS _patient_id,
    CASE WHEN f.state <> 'clean' THEN 'file-' || f.state END AS _fault
FROM file f
JOIN patient p ON p.clinic_id = $clinic AND p.id = f.patient_id AND p.deleted_at IS NULL
WHERE f.clinic_id = $clinic AND f.id = $id::uuid AND f.deleted_at IS NULL AND ($patient IS NULL OR f.patient_id = $patient)
