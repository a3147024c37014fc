-- The clinic's doctors, those who left too.
-- kind: read
-- rows: many
-- audit: entity=doctor
-- sort: name | s._name_key:text asc, s.id:uuid asc
SELECT s.*, {keys}
FROM doctors_seen(NULL) s
WHERE ($availability_status::text IS NULL OR s.availability_status = $availability_status)
    AND ($is_active::boolean IS NULL OR s."account.is_active" = $is_active)
    AND ($q::text IS NULL OR position(lower($q) IN s._name_key || ' ' || lower(s.specialization)) > 0)
    AND {keyset}
{page}
