-- Admissions, current ones and ended ones. A room, a bed or a reason that was not written down is not there. Of two
-- current ones of one patient only the newest comes, and of two in one bed the first: which one is wrong, a person must
-- say in the legacy database. When an end has no time, it is when the row was last written.
-- import: table=patientadmission
-- extra: (t.status IN ('admitted', 'in_treatment', 'improving', 'stable', 'ready_for_discharge') AND EXISTS (SELECT 1 FROM hospital_patientadmission o WHERE o.patient_id = t.patient_id AND o.status IN ('admitted', 'in_treatment', 'improving', 'stable', 'ready_for_discharge') AND (o.admission_date, o.id) > (t.admission_date, t.id))) AS is_followed

-- section load
WITH s AS MATERIALIZED (
    SELECT s.n, s.r, origin.identity, p.clinic_id, p.id AS patient_id, c.timezone, ops.ref(s.r, 'clinic_id') IS NULL AS is_homeless,
        cm.clinic_id <> p.clinic_id AS is_conflict, a.id AS doctor_id,
        coalesce(NULLIF(btrim(a.first_name || ' ' || a.last_name), ''), a.username) AS doctor_name,
        date_trunc('milliseconds', ops.moment(s.r->>'admission_date')) AS at, ops.moment(s.r->>'discharge_date') AS discharged,
        ops.moment(s.r->>'created_at') AS made, ops.moment(s.r->>'updated_at') AS written,
        coalesce(s.r->>'status', '') AS status, lower(coalesce(ops.tidy(s.r->>'admission_type'), '')) AS kind,
        CASE WHEN clinicd.place_key(ops.tidy(s.r->>'room_number')) <> '' THEN ops.tidy(s.r->>'room_number') END AS room,
        CASE WHEN clinicd.place_key(ops.tidy(s.r->>'bed_number')) <> '' THEN ops.tidy(s.r->>'bed_number') END AS bed,
        ops.tidy(s.r->>'reason_for_admission') AS reason, ops.tidy(s.r->>'medical_history') AS history,
        ops.tidy(s.r->>'allergies') AS allergies, ops.tidy(s.r->>'discharge_notes') AS notes,
        ops.day(s.r->>'follow_up_date') AS follow_up_on, ops.tidy(s.r->>'follow_up_instructions') AS instructions
    FROM ops.import i
    JOIN ops.import_source origin ON origin.id = i.source_id
    CROSS JOIN ops.staged($1, 'admission') s
    LEFT JOIN LATERAL ops.known(i.source_id, 'patient', ops.ref(s.r, 'patient_id')) p ON true
    LEFT JOIN LATERAL ops.known(i.source_id, 'clinic', ops.ref(s.r, 'clinic_id')) cm ON true
    LEFT JOIN clinicd.clinic c ON c.clinic_id = p.clinic_id
    LEFT JOIN LATERAL ops.known(i.source_id, 'doctor', ops.ref(s.r, 'doctor_id')) d ON true
    LEFT JOIN LATERAL (SELECT * FROM clinicd.account a
        WHERE a.clinic_id = d.clinic_id AND a.id = d.id AND a.clinic_id = p.clinic_id OFFSET 0) a ON true
    WHERE i.id = $1
),
e AS MATERIALIZED (
    SELECT s.*, s.status IN ('discharged', 'shifted', 'deceased') AS is_over,
        CASE WHEN s.status IN ('discharged', 'shifted', 'deceased') THEN coalesce(s.discharged, greatest(s.at, s.written)) END AS ended
    FROM s
),
sound AS MATERIALIZED (
    SELECT e.*, ops.row_id(e.identity, 'admission', e.n, e.at) AS id,
        CASE WHEN e.patient_id IS NULL THEN 'patient-unknown' WHEN e.doctor_id IS NULL THEN 'doctor-unknown'
             WHEN e.at IS NULL THEN 'time-unreadable'
             WHEN e.status NOT IN ('admitted', 'in_treatment', 'improving', 'stable', 'ready_for_discharge') AND NOT e.is_over
             THEN 'status-unknown'
             WHEN e.kind NOT IN ('general', 'icu', 'emergency', 'day_care', 'isolation') THEN 'type-unknown'
             WHEN e.ended < e.at THEN 'ends-before-it-begins'
             WHEN length(e.room) > 50 OR length(e.bed) > 50 OR length(e.reason) > 5000 OR length(e.history) > 10000
               OR length(e.allergies) > 10000 OR length(e.notes) > 10000 OR length(e.instructions) > 5000 THEN 'too-long'
             WHEN NOT e.is_over AND (e.r->>'is_followed' = '1' OR EXISTS (SELECT FROM clinicd.admission o
                 WHERE o.clinic_id = e.clinic_id AND o.patient_id = e.patient_id AND o.ended_at IS NULL OFFSET 0)) THEN 'already-admitted'
        END AS sound_code
    FROM e
),
u AS MATERIALIZED (
    SELECT b.*, CASE WHEN b.sound_code IS NOT NULL THEN b.sound_code
        WHEN b.is_over OR b.room IS NULL OR b.bed IS NULL THEN NULL
        WHEN row_number() OVER (PARTITION BY b.clinic_id, b.sound_code IS NULL AND NOT b.is_over, clinicd.place_key(b.room),
                 clinicd.place_key(b.bed) ORDER BY b.n) > 1
          OR EXISTS (SELECT FROM clinicd.admission o WHERE o.clinic_id = b.clinic_id AND o.ended_at IS NULL
                 AND o.room_key = clinicd.place_key(b.room) COLLATE "C" AND o.bed_key = clinicd.place_key(b.bed) COLLATE "C" OFFSET 0)
        THEN 'bed-occupied' END AS code,
        CASE WHEN b.is_over THEN b.ended WHEN b.status = 'admitted' THEN b.at ELSE greatest(b.at, b.written) END AS status_at,
        greatest(b.at, b.made) AS created, greatest(b.at, b.made, b.written, b.ended) AS updated,
        extract(year FROM b.at AT TIME ZONE b.timezone)::int AS year
    FROM sound b
),
series AS (
    INSERT INTO clinicd.counter AS k (clinic_id, kind, period, value)
    SELECT u.clinic_id, 'admission', u.year, count(*) FROM u WHERE u.code IS NULL GROUP BY 1, 3
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + excluded.value
    RETURNING k.clinic_id, k.period, k.value
),
t AS MATERIALIZED (
    SELECT u.*, (k.value - count(*) OVER (PARTITION BY u.clinic_id, u.year)
        + row_number() OVER (PARTITION BY u.clinic_id, u.year ORDER BY u.n))::text AS digits
    FROM u JOIN series k ON k.clinic_id = u.clinic_id AND k.period = u.year
    WHERE u.code IS NULL
),
made AS (
    INSERT INTO clinicd.admission (clinic_id, id, admission_number, patient_id, doctor_id, doctor_name, admission_type, room_number,
        bed_number, reason_for_admission, medical_history, allergies, status, status_at, admitted_at, ended_at, discharge_notes,
        follow_up_on, follow_up_instructions, is_imported, version, created_at, updated_at)
    SELECT t.clinic_id, t.id, 'AD-' || t.year || '-' || lpad(t.digits, greatest(5, length(t.digits)), '0'), t.patient_id,
        t.doctor_id, t.doctor_name, t.kind, t.room, t.bed, t.reason, t.history, t.allergies, t.status, t.status_at, t.at, t.ended,
        t.notes, t.follow_up_on, t.instructions, true, 2, t.created, t.updated
    FROM t ORDER BY t.n
),
steps AS (
    INSERT INTO clinicd.admission_change (clinic_id, admission_id, number, patient_id, from_status, to_status, at, by_id, by_name, note)
    SELECT t.clinic_id, t.id, k.number, t.patient_id, k.from_status, k.to_status, k.at, k.by_id, k.by_name, k.note
    FROM t CROSS JOIN LATERAL (VALUES
        (1, NULL, 'admitted', t.at, t.doctor_id, t.doctor_name, NULL),
        (2, 'admitted', t.status, t.status_at, NULL, NULL, CASE WHEN t.is_over AND t.discharged IS NOT NULL
            THEN 'From the legacy records: who ended it is not known.'
            ELSE 'From the legacy records, which keep no time of this: when they were last written.' END))
        k (number, from_status, to_status, at, by_id, by_name, note)
    WHERE k.number = 1 OR t.status <> 'admitted'
)
INSERT INTO ops.import_outcome (n, outcome, code, column_name, clinic_id, id, canon, changes)
SELECT u.n, CASE WHEN u.code IS NULL THEN 'loaded' ELSE 'rejected' END, u.code,
    CASE u.code WHEN 'patient-unknown' THEN 'patient_id' WHEN 'doctor-unknown' THEN 'doctor_id' WHEN 'status-unknown' THEN 'status'
        WHEN 'type-unknown' THEN 'admission_type' WHEN 'ends-before-it-begins' THEN 'discharge_date'
        WHEN 'already-admitted' THEN 'patient_id' WHEN 'bed-occupied' THEN 'bed_number'
        WHEN 'too-long' THEN CASE WHEN length(u.room) > 50 THEN 'room_number' WHEN length(u.bed) > 50 THEN 'bed_number'
            WHEN length(u.reason) > 5000 THEN 'reason_for_admission' WHEN length(u.history) > 10000 THEN 'medical_history'
            WHEN length(u.allergies) > 10000 THEN 'allergies' WHEN length(u.notes) > 10000 THEN 'discharge_notes'
            ELSE 'follow_up_instructions' END
        ELSE 'admission_date' END,
    u.clinic_id, u.id,
    ops.canon(u.patient_id::text, u.doctor_id::text, ops.instant(u.at), u.kind, u.room, u.bed, u.reason, u.history, u.allergies,
        u.status, ops.instant(u.ended), u.notes, u.follow_up_on::text, u.instructions),
    array_remove(ARRAY[CASE WHEN u.is_homeless AND u.code IS NULL THEN 'clinic-inherited' END,
        CASE WHEN u.is_conflict THEN 'clinic-of-the-parent' END,
        CASE WHEN u.code IS NULL AND (u.room IS NULL OR u.bed IS NULL) THEN 'place-not-recorded' END,
        CASE WHEN u.code IS NULL AND u.reason IS NULL THEN 'reason-not-recorded' END,
        CASE WHEN u.is_over AND u.discharged IS NULL THEN 'end-from-last-change' END,
        CASE WHEN NOT u.is_over AND ops.tidy(u.r->>'discharge_date') IS NOT NULL THEN 'end-of-current-dropped' END,
        CASE WHEN ops.tidy(u.r->>'follow_up_date') IS NOT NULL AND u.follow_up_on IS NULL THEN 'day-unreadable' END], NULL)
FROM u;

-- section check
SELECT count(*), sum(ops.canon(a.patient_id::text, a.doctor_id::text, ops.instant(a.admitted_at), a.admission_type, a.room_number, a.bed_number, a.reason_for_admission, a.medical_history, a.allergies,
        a.status, ops.instant(a.ended_at), a.discharge_notes, a.follow_up_on::text, a.follow_up_instructions))
FROM ops.import_map m JOIN clinicd.admission a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'admission' AND m.outcome = 'loaded';

-- section touched
SELECT count(*) FROM ops.import_map m JOIN clinicd.admission a ON a.clinic_id = m.clinic_id AND a.id = m.id
WHERE m.import_id = $1 AND m.name = 'admission' AND m.outcome = 'loaded' AND a.version > 2;

-- section undo
DELETE FROM clinicd.admission_change h USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'admission' AND m.outcome = 'loaded' AND h.clinic_id = m.clinic_id AND h.admission_id = m.id;

DELETE FROM clinicd.admission a USING ops.import_map m
WHERE m.import_id = $1 AND m.name = 'admission' AND m.outcome = 'loaded' AND a.clinic_id = m.clinic_id AND a.id = m.id;
