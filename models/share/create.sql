-- Makes a link to a completed prescription: for its author, or the patient.
-- kind: write
-- rows: optional
-- audit: entity=share_link id=id patient=_patient_id after=row
-- keyed: yes
-- faults: not-the-author not-completed
WITH held AS MATERIALIZED (
    SELECT p.id, p.patient_id, o.phone_key, c.name, c.language, c.timezone,
        $now + make_interval(hours => ($body::jsonb->>'expires_in_hours')::int) AS expires_at,
        CASE WHEN $actor_role <> 'patient' AND p.doctor_id IS DISTINCT FROM $actor_id THEN 'not-the-author'
             WHEN p.status <> 'completed' THEN 'not-completed' END AS fault
    FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    JOIN clinic c ON c.clinic_id = $clinic
    WHERE p.clinic_id = $clinic AND p.id = $prescription_id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient) AND (p.status = 'completed' OR $actor_role <> 'patient')
    FOR SHARE OF p
),
new AS (
    INSERT INTO share_link (clinic_id, id, prescription_id, patient_id, token_hash, expires_at, most_views,
        created_by_id, created_by_name, created_at)
    SELECT $clinic, $id::uuid, held.id, held.patient_id, $token_hash::text, held.expires_at,
        ($body->>'most_views')::int, $actor_id, $actor_name, $now
    FROM held WHERE held.fault IS NULL
    RETURNING id, expires_at, most_views
)
SELECT new.id, new.expires_at, new.most_views, held.patient_id AS _patient_id, held.fault AS _fault,
    held.phone_key AS _phone_key, held.name AS _clinic_name, coalesce($body->>'lang', held.language) AS _language,
    to_char(new.expires_at AT TIME ZONE held.timezone, 'DD-MM-YYYY HH24:MI') AS _until
FROM held LEFT JOIN new ON true
