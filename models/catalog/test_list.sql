-- Tests in an order; test_search is for those who look for one.
-- kind: read
-- rows: many
-- audit: entity=catalog_test
-- sort: name | t.name_key:text asc, t.id:uuid asc
SELECT s.*, {keys}
FROM catalog_test t
CROSS JOIN LATERAL catalog_test_shown(t) s
WHERE t.clinic_id = $clinic AND t.is_active = coalesce($is_active::boolean, true)
    AND ($type::text IS NULL OR t.test_type = $type)
    AND {keyset}
{page}
