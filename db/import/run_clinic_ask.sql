-- May this clinic be made? One that an earlier import of the same source made is taken as it is.
SELECT CASE WHEN k.is_ours THEN NULL
            WHEN EXISTS (SELECT FROM clinicd.clinic c WHERE c.slug = $1::jsonb->>'slug') THEN 'slug-taken'
            WHEN EXISTS (SELECT FROM clinicd.clinic c WHERE c.registration_number = $1::jsonb->>'registration_number')
                THEN 'registration-number-taken'
            WHEN NOT EXISTS (SELECT FROM pg_timezone_names z WHERE z.name = $1::jsonb->>'timezone') THEN 'timezone-unknown' END, k.is_ours
FROM (SELECT EXISTS (SELECT FROM clinicd.clinic c JOIN ops.import_clinic k ON k.clinic_id = c.clinic_id AND k.is_new
          JOIN ops.import i ON i.id = k.import_id WHERE c.slug = $1::jsonb->>'slug' AND i.source_id = $2::int) AS is_ours) k;
