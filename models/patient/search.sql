-- Patients by parts of the name, digits of the phone or the number, best match first. The definer
-- function finds and limits; what is shown is read here, behind both walls.
-- kind: read
-- rows: many
-- audit: entity=patient patient=id
-- sort: relevance | s.rank:int asc, s.name_key COLLATE "C":text asc, s.patient_id:uuid asc
SELECT p.id, p.version, p.patient_number, p.name, p.gender, p.date_of_birth,
    age_on(($now AT TIME ZONE $timezone::text)::date, p.date_of_birth, p.age_years, p.age_noted_on) AS age_years,
    p.phone_number, p.city, p.status, p.registered_on,
    EXISTS (SELECT 1 FROM account a
        WHERE a.clinic_id = $clinic AND a.patient_id = p.id AND a.is_active) AS has_login,
    p.created_at, p.updated_at, {keys}
FROM patient_search($q::text, $phone_key::text, $status::text, $gender::text, $registered_from::date,
    $registered_to::date, $has_login::boolean, $after_1::int, $after_2::text, $after_3::uuid, $limit) s
JOIN patient p ON p.clinic_id = $clinic AND p.id = s.patient_id
WHERE p.deleted_at IS NULL AND ($patient IS NULL OR p.id = $patient)
    AND {keyset}
{page}
