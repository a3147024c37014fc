-- One application.
-- kind: read
-- rows: optional
-- audit: entity=clinic_application id=id
SELECT s.*
FROM clinic_application a, LATERAL clinic_application_shown(a) s
WHERE a.id = $id::uuid
