WITH opened AS (
    UPDATE clinicd.clinic c SET status = k.next_status
    FROM ops.import_clinic k JOIN ops.import i ON i.id = k.import_id AND i.state = 'whole'
    WHERE k.import_id = $1::bigint AND c.clinic_id = k.clinic_id AND c.status = 'importing'
    RETURNING c.clinic_id
)
SELECT clinicd.announce('clinic', o.clinic_id::text, now()) FROM opened o;
