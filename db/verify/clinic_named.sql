SELECT clinic_id FROM clinicd.clinic WHERE slug = $1;
