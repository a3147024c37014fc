-- Where rows of this source went before, when that is not the clinic that is chosen now.
SELECT c.slug FROM ops.import i JOIN clinicd.clinic c ON c.clinic_id = i.home_clinic
WHERE i.source_id = $1::int AND i.state = 'whole' AND c.slug <> $2 ORDER BY i.id DESC LIMIT 1;
