-- How many clinics, people and patients there are.
-- kind: read
-- rows: one
SELECT n.clinics, n.users, n.patients FROM platform_counts() n
