-- Changes what the merge patch names of a doctor's profile. The version is the account's.
-- kind: write
-- rows: optional
-- audit: entity=doctor id=id before=_before after=row
-- faults: precondition-failed
WITH old AS (
    SELECT a.id, a.version, a AS person, d AS profile
    FROM account a
    JOIN doctor d ON d.clinic_id = $clinic AND d.id = a.id
    WHERE a.clinic_id = $clinic AND a.id = $id::uuid
    FOR UPDATE OF a, d
),
person AS (
    UPDATE account a SET version = a.version + 1, updated_at = $now
    FROM old
    WHERE a.clinic_id = $clinic AND a.id = old.id AND a.version = $if_match
    RETURNING a AS a, a.id
),
profile AS (
    UPDATE doctor d SET
        specialization = CASE WHEN $body::jsonb ? 'specialization' THEN $body->>'specialization' ELSE d.specialization END,
        license_number = CASE WHEN $body ? 'license_number' THEN $body->>'license_number' ELSE d.license_number END,
        qualification = CASE WHEN $body ? 'qualification' THEN $body->>'qualification' ELSE d.qualification END,
        experience_years = CASE WHEN $body ? 'experience_years' THEN ($body->>'experience_years')::int
                                ELSE d.experience_years END,
        consultation_fee = CASE WHEN $body ? 'consultation_fee' THEN ($body->>'consultation_fee')::bigint
                                ELSE d.consultation_fee END,
        availability_status = CASE WHEN $body ? 'availability_status' THEN $body->>'availability_status'
                                   ELSE d.availability_status END,
        office_hours = CASE WHEN $body ? 'office_hours' THEN $body->'office_hours' ELSE d.office_hours END
    FROM person
    WHERE d.clinic_id = $clinic AND d.id = person.id
    RETURNING d AS d
)
SELECT s.*, CASE WHEN old.version <> $if_match THEN 'precondition-failed' END AS _fault, to_json(b) AS _before
FROM old
CROSS JOIN LATERAL doctor_shown(old.person, old.profile) b
LEFT JOIN (person CROSS JOIN profile) ON true
LEFT JOIN LATERAL doctor_shown(person.a, profile.d) s ON true
