-- Every clinic with all its members, for the platform's people.
-- kind: read
-- rows: many
-- audit: entity=clinic
-- sort: name | a.name_key COLLATE "C":text asc, a.slug:text asc
SELECT a.slug, a.version, a.name, a.address, a.city, a.state, a.zip_code, a.phone_number, a.email, a.website,
    a.registration_number, a.gstin, a.timezone, a.language, a.subscription_status, a.max_doctors,
    a.max_patients, a.max_receptionists, a.is_active, a.created_at, a.updated_at, {keys}
FROM clinic_all($q::text, $city::text, $status::text, $after_1, $after_2, $limit) a
WHERE {keyset}
{page}
