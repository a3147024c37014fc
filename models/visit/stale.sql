-- Visits that nobody closed, of all clinics: ids for the job, which closes each in its own clinic.
-- None while the operator has taken the service away.
-- kind: read
-- rows: many
SELECT s.clinic_id, s.id FROM visit_stale($now, $wanted::bigint) s
WHERE NOT EXISTS (SELECT FROM ops.maintenance)
