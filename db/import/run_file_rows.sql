-- The files and reports of a chunk. A clinic has a place for what it has, though the limit said fewer.
UPDATE clinicd.file_quota q SET max_files = greatest(q.max_files, q.files + c.n), max_bytes = greatest(q.max_bytes, q.bytes + c.bytes)
FROM (SELECT r.clinic_id, count(*) AS n, sum(r.size_bytes) AS bytes FROM ops.import_report r WHERE r.code IS NULL GROUP BY r.clinic_id) c
WHERE q.clinic_id = c.clinic_id;

INSERT INTO clinicd.file (clinic_id, id, patient_id, kind, name, media_type, size_bytes, sha256, state, uploaded_at, uploaded_by_id,
    uploaded_by_name, created_at, updated_at)
SELECT r.clinic_id, r.file_id, r.patient_id, r.kind, r.file_name, r.media_type, r.size_bytes, r.sha256, r.state, r.uploaded_at,
    r.uploaded_by_id, r.uploaded_by_name, r.uploaded_at, r.uploaded_at
FROM ops.import_report r WHERE r.code IS NULL ORDER BY r.n;

INSERT INTO clinicd.report (clinic_id, id, patient_id, kind, file_id, report_type, description, test_type, test_on, notes, created_at)
SELECT r.clinic_id, r.id, r.patient_id, r.kind, r.file_id, r.report_type, r.description, r.test_type, r.test_on, r.notes, r.uploaded_at
FROM ops.import_report r WHERE r.code IS NULL ORDER BY r.n;

UPDATE ops.import_file f SET size_bytes = r.size_bytes, sha256 = r.sha256 FROM ops.import_report r
WHERE f.import_id = $1::bigint AND f.name = $2 AND f.legacy_id = r.n AND r.code IS NULL;

DELETE FROM ops.import_file f USING ops.import_report r
WHERE f.import_id = $1::bigint AND f.name = $2 AND f.legacy_id = r.n AND r.code IS NOT NULL;
