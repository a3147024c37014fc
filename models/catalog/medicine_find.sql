-- One medicine of the catalogue, also a retired one.
-- kind: read
-- rows: optional
-- audit: entity=catalog_medicine id=id
SELECT s.* FROM catalog_medicine m CROSS JOIN LATERAL catalog_medicine_shown(m) s
WHERE m.clinic_id = $clinic AND m.id = $id::uuid
