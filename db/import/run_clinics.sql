SELECT c.slug, c.status, k.is_new FROM ops.import_clinic k JOIN clinicd.clinic c ON c.clinic_id = k.clinic_id
WHERE k.import_id = $1::bigint ORDER BY c.slug;
