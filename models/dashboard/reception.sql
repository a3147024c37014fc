-- Today at the front desk. The queue is that of models/queue/waiting.sql: nobody drops out of it at midnight.
-- kind: read
-- rows: one
-- audit: entity=dashboard patients=_patients
WITH d AS MATERIALIZED (SELECT ($now AT TIME ZONE $timezone::text)::date AS today)
SELECT d.today AS "on", quota.patients, rx.pending AS pending_prescriptions, flow.checked_in AS "visits.checked_in",
    flow.waiting AS "visits.waiting", flow.in_consultation AS "visits.in_consultation",
    flow.completed AS "visits.completed", flow.cancelled AS "visits.cancelled", flow.no_show AS "visits.no_show",
    waiting.places AS queue, waiting.ids AS _patients
FROM d
CROSS JOIN LATERAL (
    SELECT max(q.used) AS patients FROM quota q WHERE q.clinic_id = $clinic AND q.kind = 'patient') quota
CROSS JOIN LATERAL (
    SELECT coalesce(sum(f.pending), 0) AS pending FROM prescription_figure f WHERE f.clinic_id = $clinic) rx
CROSS JOIN LATERAL (
    SELECT count(*) AS checked_in, count(*) FILTER (WHERE v.status = 'checked_in') AS waiting,
        count(*) FILTER (WHERE v.status = 'in_consultation') AS in_consultation,
        count(*) FILTER (WHERE v.status = 'completed') AS completed,
        count(*) FILTER (WHERE v.status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE v.status = 'no_show') AS no_show
    FROM visit v WHERE v.clinic_id = $clinic AND v.token_on = d.today) flow
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(w.place ORDER BY w.urgency, w.token_on, w.token_number, w.checked_in_at, w.id), '[]')
            AS places, array_agg(w.patient_id) AS ids
    FROM (SELECT v.id, v.patient_id, v.token_on, v.token_number, v.checked_in_at, r.urgency,
            json_build_object('visit_id', v.id, 'token_number', v.token_number,
                'patient', json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name),
                'doctor', CASE WHEN v.doctor_id IS NOT NULL
                    THEN json_build_object('id', v.doctor_id, 'name', v.doctor_name) END,
                'priority', v.priority, 'purpose', v.purpose,
                'waiting_minutes', greatest(0, floor(extract(epoch FROM $now - v.checked_in_at) / 60)::int)) AS place
          FROM visit v
          CROSS JOIN LATERAL (
            SELECT CASE WHEN v.priority = 'emergency' OR v.visit_type = 'emergency' THEN 0
                        WHEN v.priority = 'urgent' THEN 1 ELSE 2 END AS urgency) r
          JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
          WHERE v.clinic_id = $clinic AND v.status = 'checked_in'
            AND (v.token_on = d.today OR v.status_at >= $now - interval '6 hours')
          ORDER BY r.urgency, v.token_on, v.token_number, v.checked_in_at, v.id LIMIT 200) w) waiting
