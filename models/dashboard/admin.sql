-- A clinic's figures. Registered patients are what the quota counts; prescriptions what their triggers count.
-- kind: read
-- rows: one
-- audit: entity=dashboard patients=_patients
WITH d AS MATERIALIZED ( -- or it is worked out anew for every visit (measured: 1 ms becomes 33)
    SELECT n.today, date_trunc('month', n.today::timestamp)::date AS month,
        n.today::timestamp AT TIME ZONE $timezone::text AS begins
    FROM (VALUES (($now AT TIME ZONE $timezone)::date)) AS n (today)
)
SELECT d.today AS "on", staff.admin AS "staff.admin", staff.doctor AS "staff.doctor",
    staff.receptionist AS "staff.receptionist", staff.lab_tech AS "staff.lab_tech", quota.quotas,
    quota.patients AS "patients.registered", people.registered AS "patients.registered_today",
    json_build_object('checked_in', flow.checked_in, 'waiting', flow.waiting, 'in_consultation', flow.in_consultation,
        'completed', flow.completed, 'cancelled', flow.cancelled, 'no_show', flow.no_show) AS "visits.today",
    flow.this_month AS "visits.this_month", rx.pending AS "prescriptions.pending",
    rx.completed AS "prescriptions.completed", rx.cancelled AS "prescriptions.cancelled", rx.recommended AS recommendations,
    lab.pending AS "laboratory.pending", lab.in_progress AS "laboratory.in_progress",
    found.completed AS "laboratory.completed_today", beds.occupied AS "admissions.current",
    came.admitted AS "admissions.admitted_today", gone.ended AS "admissions.ended_today", newest.patients AS newest_patients, newest.ids AS _patients
FROM d
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE a.role = 'admin') AS admin, count(*) FILTER (WHERE a.role = 'doctor') AS doctor,
        count(*) FILTER (WHERE a.role = 'receptionist') AS receptionist,
        count(*) FILTER (WHERE a.role = 'lab_tech') AS lab_tech
    FROM account a WHERE a.clinic_id = $clinic AND a.is_active AND a.role <> 'patient') staff
CROSS JOIN LATERAL (
    SELECT json_object_agg(q.kind, json_build_object('used', q.used, 'allowed', q.allowed)) AS quotas,
        max(q.used) FILTER (WHERE q.kind = 'patient') AS patients
    FROM quota q WHERE q.clinic_id = $clinic) quota
CROSS JOIN LATERAL (
    SELECT count(*) AS registered FROM patient p
    WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL AND p.registered_on = d.today) people
CROSS JOIN LATERAL (
    SELECT count(*) AS this_month, count(*) FILTER (WHERE v.token_on = d.today) AS checked_in,
        count(*) FILTER (WHERE v.token_on = d.today AND v.status = 'checked_in') AS waiting,
        count(*) FILTER (WHERE v.token_on = d.today AND v.status = 'in_consultation') AS in_consultation,
        count(*) FILTER (WHERE v.token_on = d.today AND v.status = 'completed') AS completed,
        count(*) FILTER (WHERE v.token_on = d.today AND v.status = 'cancelled') AS cancelled,
        count(*) FILTER (WHERE v.token_on = d.today AND v.status = 'no_show') AS no_show
    FROM visit v WHERE v.clinic_id = $clinic AND v.token_on >= d.month AND v.token_on <= d.today) flow
CROSS JOIN LATERAL (
    SELECT coalesce(sum(f.pending), 0) AS pending, coalesce(sum(f.completed), 0) AS completed,
        coalesce(sum(f.cancelled), 0) AS cancelled, coalesce(sum(f.recommended), 0) AS recommended
    FROM prescription_figure f WHERE f.clinic_id = $clinic) rx
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE o.status = 'pending') AS pending,
        count(*) FILTER (WHERE o.status = 'in_progress') AS in_progress
    FROM lab_order o WHERE o.clinic_id = $clinic AND o.withdrawn_at IS NULL
        AND o.status IN ('pending', 'in_progress')) lab
CROSS JOIN LATERAL (
    SELECT count(*) AS completed FROM lab_order o
    WHERE o.clinic_id = $clinic AND o.result_at >= d.begins) found
CROSS JOIN LATERAL (
    SELECT count(*) AS occupied FROM admission a WHERE a.clinic_id = $clinic AND a.ended_at IS NULL) beds
CROSS JOIN LATERAL (
    SELECT count(*) AS admitted FROM admission a WHERE a.clinic_id = $clinic AND a.admitted_at >= d.begins) came
CROSS JOIN LATERAL (
    SELECT count(*) AS ended FROM admission a WHERE a.clinic_id = $clinic AND a.ended_at >= d.begins) gone
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name)
            ORDER BY p.registered_on DESC, p.id DESC), '[]') AS patients, array_agg(p.id) AS ids
    FROM (SELECT p.id, p.patient_number, p.name, p.registered_on FROM patient p
          WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL
          ORDER BY p.registered_on DESC, p.id DESC LIMIT 5) p) newest
