-- Adds a test. That no active one has its name and type is the table's own constraint.
-- kind: write
-- rows: one
-- audit: entity=catalog_test id=id after=row
-- keyed: yes
WITH new AS (
    INSERT INTO catalog_test (clinic_id, id, test_name, test_type, category, description,
        created_at, updated_at)
    SELECT $clinic, $id::uuid, $body::jsonb->>'test_name', $body->>'test_type', $body->>'category', $body->>'description',
        $now, $now
    RETURNING catalog_test AS t
)
SELECT s.* FROM new CROSS JOIN LATERAL catalog_test_shown(new.t) s
