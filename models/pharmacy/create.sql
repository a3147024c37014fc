-- Adds a pharmacy. That only one is primary and active is the table's own constraint.
-- kind: write
-- rows: one
-- audit: entity=pharmacy id=id after=row
-- keyed: yes
INSERT INTO pharmacy (clinic_id, id, name, address, phone_number, is_primary, created_at, updated_at)
VALUES ($clinic, $id::uuid, $body::jsonb->>'name', $body->>'address', $body->>'phone_number',
    ($body->>'is_primary')::boolean, $now, $now)
RETURNING id, version, name, address, phone_number, is_primary, is_active, created_at, updated_at
