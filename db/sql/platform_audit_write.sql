-- One row of the platform's own trail.
-- kind: write
-- rows: none
INSERT INTO platform_audit (at, id, actor_kind, actor_id, actor_name, actor_role, client_address,
    operation, entity, entity_id, status, request_id, before, after)
VALUES ($now, $audit_id, $actor_kind, $actor_id, $actor_name, $actor_role, $client_address,
    $operation, $entity::text, $entity_id::uuid, coalesce($status::int, $audit_status), $request_id,
    $before::jsonb, $after::jsonb)
