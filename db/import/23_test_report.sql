-- Test reports with their files, of no order: the legacy program never said which test one answers. A day of the test
-- that is none, or comes after the report, stays in the notes as it was written.
-- import: table=testreport

-- section files
TRUNCATE ops.import_report;

INSERT INTO ops.import_report (n, clinic_id, patient_id, kind, id, file_id, test_type, notes, test_on, uploaded_at, uploaded_by_id, uploaded_by_name, code, column_name, changes)
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, p.clinic_id, p.id AS patient_id, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict,
        ops.day(s.r->>'test_date') AS test_date, ops.tidy(s.r->>'test_date') AS written_date, c.timezone,
        a.id AS by_id, coalesce(NULLIF(btrim(a.first_name || ' ' || a.last_name), ''), a.username) AS by_name,
        ops.moment(s.r->>'uploaded_at') AS at, ops.tidy(s.r->>'test_type') AS word, ops.tidy(s.r->>'notes') AS words
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'test_report') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'patient', ops.ref(s.r, 'patient_id')) p ON true
    LEFT JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'staff', ops.ref(s.r, 'uploaded_by_id')) u ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'login', ops.ref(s.r, 'uploaded_by_id')) o ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a WHERE a.clinic_id = p.clinic_id AND a.id = coalesce(u.id, o.id) OFFSET 0) a ON true
    WHERE i.id = $1
),
d AS MATERIALIZED (
    SELECT s.*, CASE WHEN s.test_date <= (s.at AT TIME ZONE s.timezone)::date THEN s.test_date END AS test_on FROM s
),
t AS MATERIALIZED (
    SELECT d.*, ops.row_id(d.identity, 'test_report file', d.n, d.at) AS file_id,
        ops.tidy(concat_ws(E'\n', d.words, CASE WHEN length(d.word) > 100 THEN 'Type: ' || d.word END,
        CASE WHEN d.test_on IS NULL THEN 'Day of the test: ' || d.written_date END)) AS notes
    FROM d
)
SELECT t.n, t.clinic_id, t.patient_id, 'test_report', ops.row_id(t.identity, 'test_report', t.n, t.at),
    t.file_id, CASE WHEN length(t.word) <= 100 THEN t.word ELSE 'Other' END, t.notes, t.test_on, t.at, t.by_id, t.by_name,
    CASE WHEN t.patient_id IS NULL THEN 'patient-unknown' WHEN t.at IS NULL THEN 'time-unreadable'
         WHEN length(t.notes) > 2000 THEN 'too-long'
         WHEN EXISTS (SELECT FROM clinicd.file f WHERE f.clinic_id = t.clinic_id AND f.id = t.file_id) THEN 'id-taken' END,
    CASE WHEN t.patient_id IS NULL THEN 'patient_id' WHEN t.at IS NULL THEN 'uploaded_at'
         WHEN length(t.notes) > 2000 THEN 'notes' ELSE 'id' END,
    array_remove(ARRAY[CASE WHEN t.is_homeless THEN 'clinic-inherited' END,
        CASE WHEN t.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN t.word IS NULL THEN 'type-given' WHEN length(t.word) > 100 THEN 'type-moved' END,
        CASE WHEN t.written_date IS NOT NULL AND t.test_on IS NULL THEN 'test-day-impossible' END,
        CASE WHEN ops.ref(t.r, 'uploaded_by_id') IS NOT NULL AND t.by_id IS NULL THEN 'uploader-unknown' END], NULL)
FROM t;

INSERT INTO ops.import_file (import_id, name, legacy_id, clinic_id, id)
SELECT $1, 'test_report', r.n, r.clinic_id, r.file_id FROM ops.import_report r WHERE r.code IS NULL
ON CONFLICT DO NOTHING;

COMMIT;

SELECT r.n, r.clinic_id, r.file_id FROM ops.import_report r WHERE r.code IS NULL ORDER BY r.n;

-- section load
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT r.n, CASE WHEN r.code IS NULL THEN 'loaded' ELSE 'rejected' END, r.code, r.column_name, r.clinic_id, r.id,
    ops.canon(r.patient_id::text, r.kind, r.report_type, r.description, r.test_type, r.test_on::text, r.notes, ops.instant(r.uploaded_at),
    r.uploaded_by_id::text, r.file_name, r.media_type, r.size_bytes::text, r.sha256), r.changes
FROM ops.import_report r;

-- section check
SELECT count(*), sum(ops.canon(r.patient_id::text, r.kind, r.report_type, r.description, r.test_type, r.test_on::text, r.notes, ops.instant(f.uploaded_at),
    f.uploaded_by_id::text, f.name, f.media_type, f.size_bytes::text, f.sha256))
FROM ops.import_map m JOIN clinicd.report r ON r.clinic_id = m.clinic_id AND r.id = m.id
JOIN clinicd.file f ON f.clinic_id = r.clinic_id AND f.id = r.file_id
WHERE m.import_id = $1 AND m.name = 'test_report' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_file k JOIN clinicd.file f ON f.clinic_id = k.clinic_id AND f.id = k.id
WHERE k.import_id = $1 AND k.name = 'test_report'
  AND (f.deleted_at IS NOT NULL OR EXISTS (SELECT FROM clinicd.lab_order o WHERE o.clinic_id = f.clinic_id AND o.report_file_id = f.id));

-- section undo
DELETE FROM clinicd.report r USING ops.import_file k
WHERE k.import_id = $1 AND k.name = 'test_report' AND r.clinic_id = k.clinic_id AND r.file_id = k.id;

WITH gone AS (
    DELETE FROM clinicd.file f USING ops.import_file k
    WHERE k.import_id = $1 AND k.name = 'test_report' AND f.clinic_id = k.clinic_id AND f.id = k.id
    RETURNING f.clinic_id, f.size_bytes
)
UPDATE clinicd.file_quota q SET files = q.files - g.n, bytes = q.bytes - g.bytes
FROM (SELECT clinic_id, count(*) AS n, sum(size_bytes) AS bytes FROM gone GROUP BY clinic_id) g
WHERE q.clinic_id = g.clinic_id;
