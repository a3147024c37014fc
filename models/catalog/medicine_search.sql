-- Medicines whose name begins so, then those with a word inside that does. The function finds and limits; what is
-- shown is read here.
-- kind: read
-- rows: many
-- audit: entity=catalog_medicine
-- sort: relevance | f.rank:int asc, f.name_key COLLATE "C":text asc, f.entry_id:uuid asc
SELECT s.*, {keys}
FROM catalog_search($clinic, 'medicine', $q::text, $type::text, coalesce($is_active::boolean, true), $after_1::int,
    $after_2::text, $after_3::uuid, $limit) f
JOIN catalog_medicine m ON m.clinic_id = $clinic AND m.id = f.entry_id
CROSS JOIN LATERAL catalog_medicine_shown(m) s
WHERE {keyset}
{page}
