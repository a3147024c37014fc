-- The record of the patient whose token it is, how much there is in it, and what comes next.
-- kind: read
-- rows: optional
-- audit: entity=patient id=_id patient=_id
SELECT p.id AS _id, s.id AS "patient.id", s.version AS "patient.version", s.patient_number AS "patient.patient_number",
    s.name AS "patient.name", s.gender AS "patient.gender", s.date_of_birth AS "patient.date_of_birth",
    s.age_years AS "patient.age_years", s.weight_kg AS "patient.weight_kg", s.phone_number AS "patient.phone_number",
    s.email AS "patient.email", s.address AS "patient.address", s.city AS "patient.city", s.state AS "patient.state",
    s.zip_code AS "patient.zip_code", s.blood_group AS "patient.blood_group",
    s.emergency_contact_name AS "patient.emergency_contact_name",
    s.emergency_contact_phone AS "patient.emergency_contact_phone",
    s.identification_type AS "patient.identification_type",
    s."identification_number:sealed" AS "patient.identification_number:sealed", s.status AS "patient.status",
    s.registered_on AS "patient.registered_on", s.registered_by AS "patient.registered_by",
    s.has_login AS "patient.has_login", s.deleted_at AS "patient.deleted_at", s.created_at AS "patient.created_at",
    s.updated_at AS "patient.updated_at", c.counts, n.steps AS next_steps
FROM (VALUES (($now AT TIME ZONE $timezone::text)::date)) AS d (today)
JOIN patient p ON p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
CROSS JOIN LATERAL patient_shown(p, d.today, true) s
CROSS JOIN LATERAL record_counts(p.clinic_id, p.id) c
CROSS JOIN LATERAL record_next_steps(p.clinic_id, p.id, d.today) n
