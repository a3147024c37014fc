-- Is anybody there.
-- kind: read
-- rows: one
SELECT 1 AS here
