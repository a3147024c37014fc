-- Tests whose name begins so, then those with a word inside that does. The function finds and limits; what is
-- shown is read here.
-- kind: read
-- rows: many
-- audit: entity=catalog_test
-- sort: relevance | f.rank:int asc, f.name_key COLLATE "C":text asc, f.entry_id:uuid asc
SELECT s.*, {keys}
FROM catalog_search($clinic, 'test', $q::text, $type::text, coalesce($is_active::boolean, true), $after_1::int,
    $after_2::text, $after_3::uuid, $limit) f
JOIN catalog_test t ON t.clinic_id = $clinic AND t.id = f.entry_id
CROSS JOIN LATERAL catalog_test_shown(t) s
WHERE {keyset}
{page}
