-- The public directory: open clinics by name.
-- kind: read
-- rows: many
-- sort: name | d.name_key COLLATE "C":text asc, d.slug:text asc
SELECT d.slug, d.name, d.city, d.state, {keys}
FROM clinic_directory($q::text, $city::text, $after_1, $after_2, $limit) d
WHERE {keyset}
{page}
