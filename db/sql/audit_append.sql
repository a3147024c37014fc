-- The audit rows of many reads, of any clinics, at once.
-- kind: write
-- rows: one
SELECT audit_append($rows::jsonb) AS added
