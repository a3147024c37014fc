-- The clinic's associated pharmacies.
-- kind: read
-- rows: many
-- audit: entity=pharmacy
-- sort: name | lower(p.name) COLLATE "C":text asc, p.id:uuid asc
SELECT p.id, p.version, p.name, p.address, p.phone_number, p.is_primary, p.is_active, p.created_at,
    p.updated_at, {keys}
FROM pharmacy p
WHERE p.clinic_id = $clinic
    AND ($is_active::boolean IS NULL OR p.is_active = $is_active)
    AND {keyset}
{page}
