-- Ends a manual transaction.
-- kind: write
-- rows: none
COMMIT
