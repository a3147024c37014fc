-- Changes what the merge patch names, while the patient is admitted. Another bed is held and must be free.
-- kind: write
-- rows: optional
-- audit: entity=admission id=id patient=_patient_id before=_before after=row
-- faults: precondition-failed admission-ended validation-failed bed-occupied
WITH old AS MATERIALIZED (
    SELECT a.id, a AS was, p AS p, jsonb_populate_record(a, $body::jsonb) AS wish
    FROM admission a
    JOIN patient p ON p.clinic_id = $clinic AND p.id = a.patient_id AND p.deleted_at IS NULL
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
    FOR NO KEY UPDATE OF a
),
bed AS MATERIALIZED (
    SELECT o.id, o.admission_number, o.room_number, o.bed_number, o.status
    FROM old CROSS JOIN LATERAL admission_in_bed($clinic, (old.wish).room_number, (old.wish).bed_number) o
    WHERE o.id <> old.id
),
flaws AS MATERIALIZED (
    SELECT CASE WHEN place_key((old.wish).room_number) = ''
            THEN '[{"pointer": "#/room_number", "code": "too-short", "detail": "is empty"}]' ELSE '[]'::jsonb END
        || CASE WHEN place_key((old.wish).bed_number) = ''
            THEN '[{"pointer": "#/bed_number", "code": "too-short", "detail": "is empty"}]' ELSE '[]'::jsonb END AS list
    FROM old
),
fault AS MATERIALIZED (
    SELECT CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed'
                WHEN (old.was).ended_at IS NOT NULL THEN 'admission-ended'
                WHEN flaws.list <> '[]' THEN 'validation-failed'
                WHEN EXISTS (SELECT 1 FROM bed) THEN 'bed-occupied' END AS code
    FROM old, flaws
),
new AS (
    UPDATE admission a SET admission_type = (old.wish).admission_type, room_number = (old.wish).room_number,
        bed_number = (old.wish).bed_number, reason_for_admission = (old.wish).reason_for_admission,
        medical_history = (old.wish).medical_history, allergies = (old.wish).allergies, updated_at = $now
    FROM old, fault
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match AND fault.code IS NULL
    RETURNING a AS a
)
SELECT s.*, (old.was).patient_id AS _patient_id, fault.code AS _fault, left(md5(s::text), 16) AS _etag,
    CASE fault.code WHEN 'bed-occupied' THEN (SELECT to_json(bed) FROM bed) END AS _detail,
    CASE fault.code WHEN 'validation-failed' THEN flaws.list END AS _flaws, to_json(b) AS _before
FROM old CROSS JOIN fault CROSS JOIN flaws
CROSS JOIN LATERAL admission_shown(old.was, old.p, $now, $timezone::text) b
LEFT JOIN new ON true
LEFT JOIN LATERAL admission_shown(new.a, old.p, $now, $timezone) s ON true
