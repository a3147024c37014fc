-- Holds an account until the transaction ends. Whoever ends all sessions of an account that stays open does
-- this first: the next statement then sees the session of a sign-in that was under way.
-- kind: write
-- rows: none
SELECT a.id FROM account a
WHERE a.clinic_id = $clinic AND (a.id = $account_id::uuid OR a.patient_id = $patient_id::uuid)
FOR UPDATE
