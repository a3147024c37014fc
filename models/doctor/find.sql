-- One doctor.
-- kind: read
-- rows: optional
-- audit: entity=doctor id=id
SELECT s.* FROM doctors_seen($id::uuid) s
