-- The platform's own trail, newest first.
-- kind: read
-- rows: many
-- sort: -at | u.at:timestamptz desc, u.id:uuid desc
SELECT u.id, u.at, json_build_object('id', u.actor_id, 'name', u.actor_name, 'role', u.actor_role) AS actor,
    u.client_address, u.operation, u.entity, u.entity_id, u.status, u.request_id, u.reason, u.before, u.after, {keys}
FROM platform_audit u
WHERE ($from_at::timestamptz IS NULL OR u.at >= $from_at)
    AND ($to_at::timestamptz IS NULL OR u.at < $to_at)
    AND ($actor::uuid IS NULL OR u.actor_id = $actor)
    AND ($done::text IS NULL OR u.operation = $done)
    AND {keyset}
{page}
