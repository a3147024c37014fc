-- As models/account/lock.sql, for the platform's own people; nobody is a patient here.
-- kind: write
-- rows: none
SELECT a.id FROM platform_account a
WHERE a.id = $account_id::uuid AND $patient_id::uuid IS NULL
FOR UPDATE
