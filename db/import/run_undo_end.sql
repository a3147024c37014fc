-- What the rows left behind: figures anew, then the clinics that were made, then the memory of it.
UPDATE clinicd.prescription_figure f SET pending = coalesce(n.pending, 0), completed = coalesce(n.completed, 0),
    cancelled = coalesce(n.cancelled, 0), recommended = coalesce(n.recommended, 0)
FROM ops.import_clinic k
LEFT JOIN LATERAL (SELECT * FROM clinicd.prescription_figures() g WHERE g.clinic_id = k.clinic_id) n ON true
WHERE k.import_id = $1::bigint AND NOT k.is_new AND f.clinic_id = k.clinic_id AND (n.doctor_id IS NULL OR n.doctor_id = f.doctor_id);

DELETE FROM ops.clinic_redirect r WHERE r.import_id = $1::bigint;

DELETE FROM clinicd.account a USING ops.import_map m
WHERE m.import_id = $1::bigint AND m.name = 'created-admin' AND a.clinic_id = m.clinic_id AND a.id = m.id;

DELETE FROM clinicd.pharmacy p USING ops.import_map m
WHERE m.import_id = $1::bigint AND m.name = 'created-pharmacy' AND p.clinic_id = m.clinic_id AND p.id = m.id;

DELETE FROM clinicd.counter c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id;

DELETE FROM clinicd.quota c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id;

DELETE FROM clinicd.name_word c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id;

DELETE FROM clinicd.file_quota c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id;

DELETE FROM clinicd.logo c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id;

WITH gone AS (
    DELETE FROM clinicd.clinic c USING ops.import_clinic k WHERE k.import_id = $1::bigint AND k.is_new AND c.clinic_id = k.clinic_id
    RETURNING c.clinic_id
)
SELECT clinicd.announce('clinic', g.clinic_id::text, now()) FROM gone g;

WITH opened AS (
    UPDATE clinicd.clinic c SET status = k.next_status FROM ops.import_clinic k
    WHERE k.import_id = $1::bigint AND NOT k.is_new AND c.clinic_id = k.clinic_id AND c.status = 'importing'
    RETURNING c.clinic_id
)
SELECT clinicd.announce('clinic', o.clinic_id::text, now()) FROM opened o;

DELETE FROM ops.import_map m WHERE m.import_id = $1::bigint;

DELETE FROM ops.import_reject r WHERE r.import_id = $1::bigint;

DELETE FROM ops.import_clinic k WHERE k.import_id = $1::bigint;

UPDATE ops.import SET state = 'undone', finished_at = now() WHERE id = $1::bigint;
