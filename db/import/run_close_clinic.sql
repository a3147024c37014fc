-- The chosen clinic is closed to everybody while rows come in, and every service hears of it.
WITH closed AS (
    UPDATE clinicd.clinic c SET status = 'importing' FROM (SELECT o.clinic_id, o.status FROM clinicd.clinic o WHERE o.slug = $2 FOR UPDATE) was
    WHERE c.clinic_id = was.clinic_id
    RETURNING c.clinic_id, was.status
),
noted AS (
    INSERT INTO ops.import_clinic (import_id, clinic_id, is_new, next_status)
    SELECT $1::bigint, closed.clinic_id, false,
        CASE WHEN closed.status <> 'importing' THEN closed.status
             ELSE coalesce((SELECT k.next_status FROM ops.import_clinic k WHERE k.clinic_id = closed.clinic_id ORDER BY k.import_id DESC LIMIT 1), 'active') END
    FROM closed
)
SELECT clinicd.announce('clinic', closed.clinic_id::text, now()) FROM closed;
