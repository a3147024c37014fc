-- The context of the service's statements: as the floor sets it (db/sql/context.sql).
SELECT set_config('app.clinic_id', coalesce($1::text, ''), true);
