-- Admits a patient: the prescription whose advice is taken up, the patient and the bed are held in this order, then
-- what stands against it is looked for, and the next number of the year is taken. A record sent twice is its own
-- twin (id-taken). What it does to the patient and the advice, the triggers know.
-- kind: write
-- rows: optional
-- audit: entity=admission id=id patient=_patient_id after=row
-- keyed: yes
-- faults: patient-deceased already-admitted bed-occupied recommendation-closed validation-failed
WITH advice AS MATERIALIZED (
    SELECT CASE WHEN $body::jsonb->>'prescription_id' IS NULL THEN 'none'
        ELSE admission_advice($clinic, ($body->>'prescription_id')::uuid, ($body->>'patient_id')::uuid) END AS state
),
who AS MATERIALIZED (
    SELECT p.id, p.status, p AS p
    FROM patient p
    WHERE p.clinic_id = $clinic AND p.id = ($body->>'patient_id')::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.id = $patient) AND (SELECT count(*) FROM advice) = 1
    FOR NO KEY UPDATE OF p
),
author AS (
    SELECT d.id, btrim(a.first_name || ' ' || a.last_name) AS name
    FROM doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id
    WHERE d.clinic_id = $clinic AND d.id = $actor_id
),
sent AS (
    SELECT a.id FROM admission a
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid AND ($patient IS NULL OR a.patient_id = $patient)
),
open AS MATERIALIZED (
    SELECT o.id, o.admission_number, o.room_number, o.bed_number, o.status
    FROM who CROSS JOIN LATERAL admission_open_of($clinic, who.id) o
    WHERE NOT EXISTS (SELECT 1 FROM sent)
),
bed AS MATERIALIZED (
    SELECT o.id, o.admission_number, o.room_number, o.bed_number, o.status
    FROM who CROSS JOIN LATERAL admission_in_bed($clinic, $body->>'room_number', $body->>'bed_number') o
    WHERE NOT EXISTS (SELECT 1 FROM sent)
),
flaws AS MATERIALIZED (
    SELECT CASE WHEN advice.state IS NULL
            THEN '[{"pointer": "#/prescription_id", "code": "not-found", "detail": "recommends no admission of this patient"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN ($body->>'admitted_at')::timestamptz > $now
            THEN '[{"pointer": "#/admitted_at", "code": "too-large", "detail": "is still to come"}]' ELSE '[]'::jsonb END
        || CASE WHEN place_key($body->>'room_number') = ''
            THEN '[{"pointer": "#/room_number", "code": "too-short", "detail": "is empty"}]' ELSE '[]'::jsonb END
        || CASE WHEN place_key($body->>'bed_number') = ''
            THEN '[{"pointer": "#/bed_number", "code": "too-short", "detail": "is empty"}]' ELSE '[]'::jsonb END AS list
    FROM advice
),
fault AS MATERIALIZED (
    SELECT CASE WHEN who.status = 'deceased' THEN 'patient-deceased'
                WHEN flaws.list <> '[]' THEN 'validation-failed'
                WHEN EXISTS (SELECT 1 FROM open) THEN 'already-admitted'
                WHEN EXISTS (SELECT 1 FROM bed) THEN 'bed-occupied'
                WHEN advice.state = 'closed' AND NOT EXISTS (SELECT 1 FROM sent) THEN 'recommendation-closed'
        END AS code, who.id AS patient_id
    FROM who, flaws, advice
),
number AS (
    INSERT INTO counter AS k (clinic_id, kind, period, value)
    SELECT $clinic, 'admission', extract(year FROM $now AT TIME ZONE $timezone::text)::int, 1
    FROM author, fault WHERE fault.code IS NULL
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + 1
    RETURNING k.period, k.value::text AS digits
),
new AS (
    INSERT INTO admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, prescription_id,
        admission_type, room_number, bed_number, reason_for_admission, medical_history, allergies, status_at,
        admitted_at, created_at, updated_at)
    SELECT $clinic, $id, 'AD-' || number.period || '-' || lpad(number.digits, greatest(5, length(number.digits)), '0'),
        who.id, author.id, author.name, ($body->>'prescription_id')::uuid, $body->>'admission_type',
        $body->>'room_number', $body->>'bed_number', $body->>'reason_for_admission', $body->>'medical_history',
        $body->>'allergies', $now, coalesce(($body->>'admitted_at')::timestamptz, $now), $now, $now
    FROM number, who, author
    RETURNING admission AS a
)
SELECT s.*, fault.patient_id AS _patient_id, fault.code AS _fault, left(md5(s::text), 16) AS _etag,
    CASE fault.code WHEN 'already-admitted' THEN (SELECT to_json(open) FROM open)
                    WHEN 'bed-occupied' THEN (SELECT to_json(bed) FROM bed) END AS _detail,
    CASE fault.code WHEN 'validation-failed' THEN flaws.list END AS _flaws
FROM fault
JOIN author ON true
JOIN who ON true
JOIN flaws ON true
LEFT JOIN new ON true
LEFT JOIN LATERAL admission_shown(new.a, who.p, $now, $timezone) s ON true
