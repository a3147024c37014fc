-- The clinic's trail, newest first. A patient's rows are also the lists that showed the patient.
-- kind: read
-- rows: many
-- audit: entity=audit
-- sort: -at | u.at:timestamptz desc, u.id:uuid desc
SELECT u.id, u.at, json_build_object('id', u.actor_id, 'name', u.actor_name, 'role', u.actor_role) AS actor,
    u.client_address, u.operation, u.entity, u.entity_id, u.patient_id, to_json(u.patient_ids) AS patient_ids,
    u.status, u.request_id, u.reason, u.before, u.after, {keys}
FROM audit u
WHERE u.clinic_id = $clinic
    AND ($patient IS NULL OR u.patient_id = $patient)
    AND ($from_at::timestamptz IS NULL OR u.at >= $from_at)
    AND ($to_at::timestamptz IS NULL OR u.at < $to_at)
    AND ($actor::uuid IS NULL OR u.actor_id = $actor)
    AND ($done::text IS NULL OR u.operation = $done)
    AND ($entity::text IS NULL OR u.entity = $entity)
    AND ($entity_id::uuid IS NULL OR u.entity_id = $entity_id)
    AND ($patient_id::uuid IS NULL OR u.patient_id = $patient_id OR u.patient_ids @> ARRAY[$patient_id])
    AND {keyset}
{page}
