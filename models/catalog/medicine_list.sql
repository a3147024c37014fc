-- Medicines in an order; medicine_search is for those who look for one.
-- kind: read
-- rows: many
-- audit: entity=catalog_medicine
-- sort: name | m.name_key:text asc, m.id:uuid asc
SELECT s.*, {keys}
FROM catalog_medicine m
CROSS JOIN LATERAL catalog_medicine_shown(m) s
WHERE m.clinic_id = $clinic AND m.is_active = coalesce($is_active::boolean, true)
    AND ($type::text IS NULL OR m.medicine_type = $type)
    AND {keyset}
{page}
