-- A patient's history as one time line, newest first. First who, what and when, then the details of the page
-- alone. A patient's own token gets only what belongs to a completed prescription; row security says so too.
-- Whoever adds a kind adds a branch here, a word to `include` and a member of its name.
-- kind: read
-- rows: many
-- audit: entity=history patient=$patient_id
-- sort: -at | h.at:timestamptz desc, h.kind:text desc, h.id:uuid desc
-- faults: not-found
SELECT h.id, h.at, h.kind,
    (SELECT json_build_object('token_number', v.token_number, 'token_on', v.token_on, 'visit_type', v.visit_type,
        'purpose', v.purpose, 'status', v.status, 'doctor', CASE WHEN v.doctor_id IS NOT NULL
            THEN json_build_object('id', v.doctor_id, 'name', v.doctor_name) END)
     FROM visit v WHERE h.kind = 'visit' AND v.clinic_id = $clinic AND v.id = h.id) AS visit,
    (SELECT json_build_object('rx_number', rx.rx_number, 'status', rx.status,
        'doctor', json_build_object('id', rx.doctor_id, 'name', rx.doctor_name),
        'medicines', (SELECT coalesce(json_agg(m.medicine_name ORDER BY m.position), '[]') FROM prescription_medicine m
            WHERE m.clinic_id = $clinic AND m.prescription_id = rx.id AND m.deleted_at IS NULL),
        'tests', (SELECT coalesce(json_agg(t.test_name ORDER BY t.position), '[]') FROM prescription_test t
            WHERE t.clinic_id = $clinic AND t.prescription_id = rx.id AND t.deleted_at IS NULL),
        'follow_up_on', rx.follow_up_on, 'admission_recommended', EXISTS (SELECT FROM admission_recommendation a
            WHERE a.clinic_id = $clinic AND a.prescription_id = rx.id AND a.withdrawn_at IS NULL))
     FROM prescription rx WHERE h.kind = 'prescription' AND rx.clinic_id = $clinic AND rx.id = h.id) AS prescription,
    (SELECT json_build_object('test_name', o.test_name, 'test_type', o.test_type, 'status', o.status,
        'prescription_id', o.prescription_id, 'result_at', instant_text(o.result_at))
     FROM lab_order o WHERE h.kind = 'test' AND o.clinic_id = $clinic AND o.id = h.source) AS test,
    (SELECT to_json(w) FROM (SELECT x.bp_systolic, x.bp_diastolic, x.bp_text, x.pulse, x.pulse_text, x.temperature,
            x.temperature_unit, x.temperature_text, x.spo2, x.spo2_text, x.sugar, x.sugar_unit, x.sugar_text
        FROM prescription_vitals x
        WHERE h.kind = 'vitals' AND x.clinic_id = $clinic AND x.prescription_id = h.id) w) AS vitals,
    (SELECT json_build_object('kind', r.kind, 'report_type', r.report_type, 'description', r.description,
        'test_type', r.test_type, 'test_on', r.test_on, 'admission_id', r.admission_id,
        'file', json_build_object('id', f.id, 'name', f.name, 'media_type', f.media_type, 'size_bytes', f.size_bytes,
            'state', f.state))
     FROM report r JOIN file f ON f.clinic_id = $clinic AND f.id = r.file_id
     WHERE h.kind = 'report' AND r.clinic_id = $clinic AND r.id = h.id) AS report,
    (SELECT json_build_object('observations', n.observations, 'diagnosis', n.diagnosis,
        'treatment_plan', n.treatment_plan, 'notes', n.notes, 'checkin_purpose', n.checkin_purpose)
     FROM prescription_notes n
     WHERE h.kind = 'prescription' AND n.clinic_id = $clinic AND n.prescription_id = h.id) AS notes,
    (SELECT json_build_object('admission_number', a.admission_number, 'admission_type', a.admission_type,
        'status', a.status, 'ended_at', instant_text(a.ended_at), 'follow_up_on', a.follow_up_on,
        'doctor', json_build_object('id', a.doctor_id, 'name', a.doctor_name))
     FROM admission a WHERE h.kind = 'admission' AND a.clinic_id = $clinic AND a.id = h.id) AS admission,
    (SELECT json_build_object('reason_for_admission', a.reason_for_admission, 'final_diagnosis', a.final_diagnosis,
        'discharge_notes', a.discharge_notes, 'follow_up_instructions', a.follow_up_instructions)
     FROM admission a WHERE h.kind = 'admission' AND a.clinic_id = $clinic AND a.id = h.id) AS stay,
    (SELECT json_build_object('text', r.result_text, 'values', r.result_values,
        'by', CASE WHEN r.result_by_id IS NOT NULL
            THEN json_build_object('id', r.result_by_id, 'name', r.result_by_name) END)
     FROM lab_order r WHERE h.kind = 'test' AND r.clinic_id = $clinic AND r.id = h.source
        AND r.result_at IS NOT NULL) AS result,
    CASE WHEN p.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (coalesce($from_day::date::timestamp AT TIME ZONE $timezone::text, '-infinity'),
              coalesce(($to_day::date + 1)::timestamp AT TIME ZONE $timezone, 'infinity'),
              coalesce(string_to_array($include::text, ','), '{visits,prescriptions,tests,vitals,admissions,reports}'),
              CASE $actor_role WHEN 'patient' THEN 'completed' END)) AS asked (begins, ends, kinds, only_status)
LEFT JOIN patient p ON p.clinic_id = $clinic AND p.id = $patient_id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
LEFT JOIN LATERAL (
    SELECT v.id, 'visit' AS kind, v.checked_in_at AS at, v.id AS source FROM visit v
    WHERE v.clinic_id = $clinic AND v.patient_id = p.id AND ($patient IS NULL OR v.patient_id = $patient)
        AND 'visits' = ANY (asked.kinds)
    UNION ALL
    SELECT rx.id, 'prescription', rx.prescribed_at, rx.id FROM prescription rx
    WHERE rx.clinic_id = $clinic AND rx.patient_id = p.id AND ($patient IS NULL OR rx.patient_id = $patient)
        AND rx.deleted_at IS NULL AND rx.status = coalesce(asked.only_status, rx.status)
        AND 'prescriptions' = ANY (asked.kinds)
    UNION ALL
    SELECT o.test_id, 'test', o.ordered_at, o.id FROM lab_order o
    JOIN prescription rx ON rx.clinic_id = $clinic AND rx.id = o.prescription_id
        AND rx.status = coalesce(asked.only_status, rx.status)
    WHERE o.clinic_id = $clinic AND o.patient_id = p.id AND ($patient IS NULL OR o.patient_id = $patient)
        AND o.withdrawn_at IS NULL AND 'tests' = ANY (asked.kinds)
    UNION ALL
    SELECT x.prescription_id, 'vitals', x.created_at, x.prescription_id FROM prescription rx
    JOIN prescription_vitals x ON x.clinic_id = $clinic AND x.prescription_id = rx.id
        AND ($patient IS NULL OR x.patient_id = $patient)
    WHERE rx.clinic_id = $clinic AND rx.patient_id = p.id AND ($patient IS NULL OR rx.patient_id = $patient)
        AND rx.deleted_at IS NULL AND rx.status = coalesce(asked.only_status, rx.status)
        AND 'vitals' = ANY (asked.kinds)
    UNION ALL
    SELECT a.id, 'admission', a.admitted_at, a.id FROM admission a
    WHERE a.clinic_id = $clinic AND a.patient_id = p.id AND ($patient IS NULL OR a.patient_id = $patient)
        AND 'admissions' = ANY (asked.kinds)
    UNION ALL
    SELECT r.id, 'report', r.created_at, r.id FROM report r
    JOIN file f ON f.clinic_id = $clinic AND f.id = r.file_id AND f.deleted_at IS NULL
    WHERE r.clinic_id = $clinic AND r.patient_id = p.id AND ($patient IS NULL OR r.patient_id = $patient)
        AND 'reports' = ANY (asked.kinds)
) h ON h.at >= asked.begins AND h.at < asked.ends
WHERE p.id IS NULL OR (h.id IS NOT NULL AND {keyset})
{page}
