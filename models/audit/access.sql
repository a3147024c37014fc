-- Who looked at a patient's record, newest first. The definer function finds and limits; whether there
-- is such a patient is read here, behind both walls.
-- kind: read
-- rows: many
-- audit: entity=access_log patient=$patient_id
-- sort: -at | u.at:timestamptz desc, u.id:uuid desc
-- faults: not-found
SELECT u.id, u.at, json_build_object('name', u.actor_name, 'role', u.actor_role) AS actor, u.client_address,
    u.operation, u.status, CASE WHEN p.id IS NULL THEN 'not-found' END AS _fault, {keys}
FROM (VALUES (1)) AS always (one)
LEFT JOIN patient p ON p.clinic_id = $clinic AND p.id = $patient_id::uuid AND p.deleted_at IS NULL
    AND ($patient IS NULL OR p.id = $patient)
LEFT JOIN LATERAL patient_access(p.id, $after_1::timestamptz, $after_2::uuid, $limit) u ON true
WHERE p.id IS NULL OR (u.id IS NOT NULL AND {keyset})
{page}
