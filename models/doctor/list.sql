-- The clinic's doctors, those who left too.
-- kind: read
-- rows: many
-- audit: entity=doctor
-- sort: name | a.name_key:text asc, a.id:uuid asc
SELECT s.*, {keys}
FROM account a
JOIN doctor d ON d.clinic_id = $clinic AND d.id = a.id
CROSS JOIN LATERAL doctor_shown(a, d) s
WHERE a.clinic_id = $clinic
    AND ($availability_status::text IS NULL OR d.availability_status = $availability_status)
    AND ($is_active::boolean IS NULL OR a.is_active = $is_active)
    AND ($q::text IS NULL OR position(lower($q) IN a.name_key || ' ' || lower(d.specialization)) > 0)
    AND {keyset}
{page}
