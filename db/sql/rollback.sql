-- Undoes a manual transaction.
-- kind: write
-- rows: none
ROLLBACK
