-- The lock that a query's header asks for: in a statement of its own, so that the next statement's
-- snapshot sees everything that the holder before us committed.
-- kind: write
-- rows: optional
SELECT q.kind FROM quota q WHERE q.clinic_id = $clinic AND q.kind = $kind::text FOR UPDATE
