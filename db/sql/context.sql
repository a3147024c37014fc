-- The first statement of every transaction: on whose behalf row level security looks, and how durable
-- the commit is. Local to the transaction. Never part of the statement that it guards: a policy may
-- be evaluated before the setting is (measured: it then shows another clinic's row).
-- kind: read
-- rows: one
SELECT set_config('app.clinic_id', ($clinic)::text, true),
       set_config('app.patient_id', coalesce(($patient)::text, ''), true),
       set_config('synchronous_commit', $durable::text, true)
