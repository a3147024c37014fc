-- One pharmacy.
-- kind: read
-- rows: optional
-- audit: entity=pharmacy id=id
SELECT p.id, p.version, p.name, p.address, p.phone_number, p.is_primary, p.is_active, p.created_at, p.updated_at
FROM pharmacy p
WHERE p.clinic_id = $clinic AND p.id = $id::uuid
