-- One test of the catalogue, also a retired one.
-- kind: read
-- rows: optional
-- audit: entity=catalog_test id=id
SELECT s.* FROM catalog_test t CROSS JOIN LATERAL catalog_test_shown(t) s
WHERE t.clinic_id = $clinic AND t.id = $id::uuid
