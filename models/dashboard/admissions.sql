-- The wards. Who is current lies in a bed: whoever was discharged, shifted or has died does not. The average stay is
-- of those whom the last thirty days of the clinic saw leave, today with them.
-- kind: read
-- rows: one
-- audit: entity=dashboard patients=_patients
WITH d AS MATERIALIZED (
    SELECT n.today, n.today::timestamp AT TIME ZONE $timezone::text AS begins,
        (n.today - 29)::timestamp AT TIME ZONE $timezone AS month_begins
    FROM (VALUES (($now AT TIME ZONE $timezone)::date)) AS n (today)
)
SELECT d.today AS "on", now_in.total AS "current.total",
    json_build_object('general', now_in.general, 'icu', now_in.icu, 'emergency', now_in.emergency,
        'day_care', now_in.day_care, 'isolation', now_in.isolation) AS "current.by_type",
    json_build_object('admitted', now_in.admitted, 'in_treatment', now_in.in_treatment,
        'improving', now_in.improving, 'stable', now_in.stable,
        'ready_for_discharge', now_in.ready_for_discharge) AS "current.by_status",
    now_in.total AS occupied_beds, beds.list AS beds, came.admitted AS "today.admitted",
    gone.discharged AS "today.discharged", gone.shifted AS "today.shifted", gone.deceased AS "today.deceased",
    gone.average_stay AS average_stay_days, newest.list AS last_ended, beds.ids || newest.ids AS _patients
FROM d
CROSS JOIN LATERAL (
    SELECT count(*) AS total, count(*) FILTER (WHERE a.admission_type = 'general') AS general,
        count(*) FILTER (WHERE a.admission_type = 'icu') AS icu,
        count(*) FILTER (WHERE a.admission_type = 'emergency') AS emergency,
        count(*) FILTER (WHERE a.admission_type = 'day_care') AS day_care,
        count(*) FILTER (WHERE a.admission_type = 'isolation') AS isolation,
        count(*) FILTER (WHERE a.status = 'admitted') AS admitted,
        count(*) FILTER (WHERE a.status = 'in_treatment') AS in_treatment,
        count(*) FILTER (WHERE a.status = 'improving') AS improving,
        count(*) FILTER (WHERE a.status = 'stable') AS stable,
        count(*) FILTER (WHERE a.status = 'ready_for_discharge') AS ready_for_discharge
    FROM admission a WHERE a.clinic_id = $clinic AND a.ended_at IS NULL) now_in
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('room_number', b.room_number, 'bed_number', b.bed_number,
            'admission_id', b.id, 'admission_number', b.admission_number, 'admission_type', b.admission_type,
            'status', b.status, 'days_admitted', admission_days(b.admitted_at, NULL, $now, $timezone),
            'patient', json_build_object('id', p.id, 'patient_number', p.patient_number, 'name', p.name))
            ORDER BY b.room_key, b.bed_key), '[]') AS list, array_agg(p.id) AS ids
    FROM (SELECT a.* FROM admission a
          WHERE a.clinic_id = $clinic AND a.ended_at IS NULL ORDER BY a.room_key, a.bed_key LIMIT 500) b
    JOIN patient p ON p.clinic_id = $clinic AND p.id = b.patient_id) beds
CROSS JOIN LATERAL (
    SELECT count(*) AS admitted FROM admission a
    WHERE a.clinic_id = $clinic AND a.admitted_at >= d.begins) came
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE a.ended_at >= d.begins AND a.status = 'discharged') AS discharged,
        count(*) FILTER (WHERE a.ended_at >= d.begins AND a.status = 'shifted') AS shifted,
        count(*) FILTER (WHERE a.ended_at >= d.begins AND a.status = 'deceased') AS deceased,
        round(avg(admission_days(a.admitted_at, a.ended_at, $now, $timezone)), 1) AS average_stay
    FROM admission a WHERE a.clinic_id = $clinic AND a.ended_at >= d.month_begins) gone
CROSS JOIN LATERAL (
    SELECT coalesce(json_agg(json_build_object('admission_id', e.id, 'admission_number', e.admission_number,
            'outcome', e.outcome, 'ended_at', instant_text(e.ended_at),
            'days_admitted', admission_days(e.admitted_at, e.ended_at, $now, $timezone),
            'patient', json_build_object('id', e.patient_id, 'patient_number', e.patient_number, 'name', e.name))
            ORDER BY e.ended_at DESC, e.id DESC), '[]') AS list, array_agg(e.patient_id) AS ids
    FROM (SELECT a.id, a.admission_number, a.outcome, a.ended_at, a.admitted_at, a.patient_id, p.patient_number, p.name
          FROM admission a
          CROSS JOIN LATERAL ( -- looked up for the ten: a join would sort all that ever ended
            SELECT w.patient_number, w.name FROM patient w
            WHERE w.clinic_id = $clinic AND w.id = a.patient_id AND w.deleted_at IS NULL OFFSET 0) p
          WHERE a.clinic_id = $clinic AND a.ended_at IS NOT NULL
          ORDER BY a.ended_at DESC, a.id DESC LIMIT 10) e) newest
