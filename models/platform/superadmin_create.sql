-- Makes one of the platform's own people, unless the name is taken.
-- kind: write
-- rows: optional
-- audit: entity=platform_account id=id
INSERT INTO platform_account (id, username, password_hash, password_changed_at, created_at, updated_at)
VALUES ($id::uuid, $username::text, $password_hash::text, $now, $now, $now)
ON CONFLICT (username_key) DO NOTHING
RETURNING id, username
