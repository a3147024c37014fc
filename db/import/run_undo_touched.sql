-- What a clinic that goes has besides what the import brought: people that somebody made there, and the administrator
-- and pharmacy of its beginning, once somebody has been at work.
SELECT count(*) FROM (
    SELECT a.id FROM ops.import_clinic k JOIN clinicd.account a ON a.clinic_id = k.clinic_id
    WHERE k.import_id = $1::bigint AND k.is_new
      AND (NOT EXISTS (SELECT FROM ops.import_map m WHERE m.clinic_id = a.clinic_id AND m.id = a.id AND m.import_id = $1::bigint)
           OR (a.version > 1 OR EXISTS (SELECT FROM clinicd.session s WHERE s.clinic_id = a.clinic_id AND s.account_id = a.id))
              AND EXISTS (SELECT FROM ops.import_map m WHERE m.clinic_id = a.clinic_id AND m.id = a.id AND m.name = 'created-admin'))
    UNION ALL
    SELECT p.id FROM ops.import_clinic k JOIN clinicd.pharmacy p ON p.clinic_id = k.clinic_id
    WHERE k.import_id = $1::bigint AND k.is_new
      AND (p.version > 1 OR NOT EXISTS (SELECT FROM ops.import_map m WHERE m.clinic_id = p.clinic_id AND m.id = p.id AND m.import_id = $1::bigint))
    UNION ALL
    SELECT p.id FROM ops.import_clinic k JOIN clinicd.patient p ON p.clinic_id = k.clinic_id
    WHERE k.import_id = $1::bigint AND k.is_new
      AND NOT EXISTS (SELECT FROM ops.import_map m WHERE m.clinic_id = p.clinic_id AND m.id = p.id AND m.import_id = $1::bigint)
) made;
