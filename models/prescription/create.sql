-- Begins a prescription, with a template's lines, then everything that the body says, and the next number of the
-- year. A record sent twice
-- is its own twin (id-taken). What it does to the visit, the patient and the catalogue, the triggers know.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id after=row
-- keyed: yes
-- faults: patient-deceased visit-closed validation-failed
WITH who AS MATERIALIZED (
    SELECT p.id, p.status, day.today
    FROM patient p, LATERAL (SELECT ($now AT TIME ZONE $timezone::text)::date AS today) day
    WHERE p.clinic_id = $clinic AND p.id = ($body::jsonb->>'patient_id')::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.id = $patient)
    FOR NO KEY UPDATE OF p
),
author AS (
    SELECT d.id, btrim(a.first_name || ' ' || a.last_name) AS name
    FROM doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id
    WHERE d.clinic_id = $clinic AND d.id = $actor_id
),
seen AS (
    SELECT v.status FROM visit v, who
    WHERE v.clinic_id = $clinic AND v.id = ($body->>'visit_id')::uuid AND v.patient_id = who.id
),
chosen AS MATERIALIZED (
    SELECT t.id, template_medicines($clinic, t.id, NULL) AS medicines, template_tests($clinic, t.id, NULL, who.today) AS tests
    FROM template t, who
    WHERE t.clinic_id = $clinic AND t.id = ($body->>'template_id')::uuid AND t.is_active AND template_is_seen(t, $actor_id)
),
flaws AS MATERIALIZED (
    SELECT coalesce(line_flaws($clinic, $body->'medicines', $body->'tests', false), '[]')
        || CASE WHEN $body->>'visit_id' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM seen)
            THEN '[{"pointer": "#/visit_id", "code": "not-found", "detail": "is no visit of this patient"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN $body->>'template_id' IS NOT NULL AND NOT EXISTS (SELECT 1 FROM chosen)
            THEN '[{"pointer": "#/template_id", "code": "not-found", "detail": "is no template that you may use"}]'
            ELSE '[]'::jsonb END
        || CASE WHEN ($body->>'follow_up_on')::date < who.today
            THEN '[{"pointer": "#/follow_up_on", "code": "too-small", "detail": "is over"}]' ELSE '[]'::jsonb END AS list
    FROM who
),
fault AS MATERIALIZED (
    SELECT CASE WHEN who.status = 'deceased' THEN 'patient-deceased'
                WHEN flaws.list <> '[]' THEN 'validation-failed'
                WHEN (SELECT seen.status FROM seen) NOT IN ('checked_in', 'in_consultation') THEN 'visit-closed'
        END AS code, who.id AS patient_id, flaws.list AS flaws
    FROM who, flaws
),
number AS (
    INSERT INTO counter AS k (clinic_id, kind, period, value)
    SELECT $clinic, 'prescription', extract(year FROM who.today)::int, 1 FROM who, author, fault WHERE fault.code IS NULL
    ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = k.value + 1
    RETURNING k.period, k.value::text AS digits
),
new AS (
    INSERT INTO prescription (clinic_id, id, rx_number, patient_id, doctor_id, doctor_name, visit_id, prescribed_at,
        follow_up_on, created_at, updated_at)
    SELECT $clinic, $id::uuid,
        'RX-' || number.period || '-' || lpad(number.digits, greatest(5, length(number.digits)), '0'),
        who.id, author.id, author.name, ($body->>'visit_id')::uuid, $now, ($body->>'follow_up_on')::date, $now, $now
    FROM number, who, author
    RETURNING clinic_id, id, patient_id
),
filled AS MATERIALIZED (
    SELECT new.clinic_id, new.id, prescription_fill($clinic, new.id, new.patient_id, $body || jsonb_build_object(
        'medicines', coalesce(chosen.medicines, '[]') || coalesce($body->'medicines', '[]'),
        'tests', coalesce(chosen.tests, '[]') || coalesce($body->'tests', '[]')), $now)
    FROM new LEFT JOIN chosen ON true
)
SELECT s.*, fault.patient_id AS _patient_id, fault.code AS _fault,
    CASE fault.code WHEN 'validation-failed' THEN fault.flaws END AS _flaws
FROM fault
JOIN author ON true
LEFT JOIN filled ON true
LEFT JOIN LATERAL prescription_shown(filled.clinic_id, filled.id) s ON true
