-- One template with its lines: the doctor's own, or a colleague's that is visible in the clinic.
-- kind: read
-- rows: optional
-- audit: entity=template id=id
SELECT s.*
FROM template t
CROSS JOIN LATERAL template_shown(t.clinic_id, t.id) s
WHERE t.clinic_id = $clinic AND t.id = $id::uuid AND template_is_seen(t, $actor_id)
