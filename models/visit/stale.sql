-- Visits that nobody closed, of all clinics: ids for the job, which closes each in its own clinic.
-- kind: read
-- rows: many
SELECT s.clinic_id, s.id FROM visit_stale($now, $wanted::bigint) s
