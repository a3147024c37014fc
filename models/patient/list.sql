-- Patients in an order; patient_search is for those who look for one.
-- kind: read
-- rows: many
-- audit: entity=patient patient=id
-- sort: name | p.name_key:text asc, p.id:uuid asc
-- sort: -registered_on | p.registered_on:date desc, p.id:uuid desc
SELECT p.id, p.version, p.patient_number, p.name, p.gender, p.date_of_birth,
    age_on(($now AT TIME ZONE $timezone::text)::date, p.date_of_birth, p.age_years, p.age_noted_on) AS age_years,
    p.phone_number, p.city, p.status, p.registered_on, login.has_login, p.created_at, p.updated_at, {keys}
FROM patient p
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM account a
        WHERE a.clinic_id = $clinic AND a.patient_id = p.id AND a.is_active) AS has_login) login
WHERE p.clinic_id = $clinic AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
    AND ($status::text IS NULL OR p.status = $status)
    AND ($gender::text IS NULL OR p.gender = $gender)
    AND ($registered_from::date IS NULL OR p.registered_on >= $registered_from)
    AND ($registered_to::date IS NULL OR p.registered_on <= $registered_to)
    AND ($has_login::boolean IS NULL OR login.has_login = $has_login)
    AND {keyset}
{page}
