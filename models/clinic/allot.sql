-- The number of a clinic to be.
-- kind: write
-- rows: one
SELECT clinic_allot_id() AS clinic_id
