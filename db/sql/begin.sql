-- Opens a manual transaction.
-- kind: write
-- rows: none
BEGIN
