-- One audit row, for what no query's own header says.
-- kind: write
-- rows: none
INSERT INTO audit (clinic_id, at, id, actor_kind, actor_id, actor_name, actor_role, client_address,
    operation, entity, entity_id, patient_id, patient_ids, status, request_id, before, after)
VALUES ($clinic, $now, $audit_id, $actor_kind, $actor_id, $actor_name, $actor_role, $client_address,
    $operation, $entity::text, $entity_id::uuid, $patient_id::uuid, $patient_ids::uuid[],
    coalesce($status::int, $audit_status), $request_id, $before::jsonb, $after::jsonb)
