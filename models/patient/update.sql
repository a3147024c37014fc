-- Changes what the merge patch names. The version is compared where the row is written. Who has died has
-- no login any more: it is closed and its sessions end.
-- kind: write
-- rows: optional
-- audit: entity=patient id=id patient=id before=_before after=row
-- faults: precondition-failed validation-failed
WITH day AS (
    SELECT ($now AT TIME ZONE $timezone::text)::date AS today
),
old AS (
    SELECT p.id, p AS was,
        CASE WHEN $body::jsonb ? 'date_of_birth' THEN ($body->>'date_of_birth')::date
             ELSE p.date_of_birth END AS born_on,
        CASE WHEN $body ? 'age_years' THEN ($body->>'age_years')::int ELSE p.age_years END AS age_years,
        CASE WHEN $body ? 'age_years' THEN day.today ELSE p.age_noted_on END AS age_noted_on
    FROM patient p, day
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.id = $patient)
    FOR UPDATE OF p
),
fault AS (
    SELECT CASE WHEN old.born_on > day.today THEN 'birth-date-in-future'
                WHEN old.born_on IS NULL AND old.age_years IS NULL THEN 'age-missing' END AS detail
    FROM old, day
),
new AS (
    UPDATE patient p SET
        name = CASE WHEN $body ? 'name' THEN $body->>'name' ELSE p.name END,
        gender = CASE WHEN $body ? 'gender' THEN $body->>'gender' ELSE p.gender END,
        date_of_birth = old.born_on,
        age_years = CASE WHEN old.born_on IS NULL THEN old.age_years END,
        age_noted_on = CASE WHEN old.born_on IS NULL THEN old.age_noted_on END,
        weight_grams = CASE WHEN $body ? 'weight_kg' THEN round(($body->>'weight_kg')::numeric * 1000)::int
                            ELSE p.weight_grams END,
        phone_number = CASE WHEN $body ? 'phone_number' THEN $body->>'phone_number' ELSE p.phone_number END,
        phone_key = CASE WHEN $body ? 'phone_number' THEN $phone_key::text ELSE p.phone_key END,
        email = CASE WHEN $body ? 'email' THEN $body->>'email' ELSE p.email END,
        address = CASE WHEN $body ? 'address' THEN $body->>'address' ELSE p.address END,
        city = CASE WHEN $body ? 'city' THEN $body->>'city' ELSE p.city END,
        state = CASE WHEN $body ? 'state' THEN $body->>'state' ELSE p.state END,
        zip_code = CASE WHEN $body ? 'zip_code' THEN $body->>'zip_code' ELSE p.zip_code END,
        blood_group = CASE WHEN $body ? 'blood_group' THEN $body->>'blood_group' ELSE p.blood_group END,
        emergency_contact_name = CASE WHEN $body ? 'emergency_contact_name'
            THEN $body->>'emergency_contact_name' ELSE p.emergency_contact_name END,
        emergency_contact_phone = CASE WHEN $body ? 'emergency_contact_phone'
            THEN $body->>'emergency_contact_phone' ELSE p.emergency_contact_phone END,
        identification_type = CASE WHEN $body ? 'identification_type'
            THEN $body->>'identification_type' ELSE p.identification_type END,
        identification_sealed = CASE WHEN $body ? 'identification_number'
            THEN $identification_sealed::text ELSE p.identification_sealed END,
        status = CASE WHEN $body ? 'status' THEN $body->>'status' ELSE p.status END,
        version = p.version + 1, updated_at = $now
    FROM old, fault
    WHERE p.clinic_id = $clinic AND p.id = old.id AND p.version = $if_match AND fault.detail IS NULL
    RETURNING p AS p
),
closed AS (
    UPDATE account a SET is_active = false, reset_hash = NULL, reset_expires_at = NULL,
        version = a.version + 1, updated_at = $now
    FROM new
    WHERE a.clinic_id = $clinic AND a.patient_id = (new.p).id AND a.is_active AND (new.p).status = 'deceased'
    RETURNING a.id
),
ended AS (
    UPDATE session s SET revoked_at = $now, revoked_why = 'deactivated'
    FROM closed
    WHERE s.clinic_id = $clinic AND s.account_id = closed.id AND s.revoked_at IS NULL
)
SELECT s.*,
    CASE WHEN (old.was).version <> $if_match THEN 'precondition-failed'
         WHEN fault.detail IS NOT NULL THEN 'validation-failed' END AS _fault,
    CASE WHEN (old.was).version = $if_match THEN to_json(fault.detail) END AS _detail,
    to_json(b) AS _before, closed.id AS _login_id,
    CASE WHEN closed.id IS NOT NULL THEN announce('account', closed.id::text, $now)::text END AS _announced
FROM old CROSS JOIN fault CROSS JOIN day
CROSS JOIN LATERAL (
    SELECT EXISTS (SELECT 1 FROM account a
        WHERE a.clinic_id = $clinic AND a.patient_id = old.id AND a.is_active) AS has_login) login
CROSS JOIN LATERAL patient_shown(old.was, day.today, login.has_login) b
LEFT JOIN new ON true
LEFT JOIN closed ON true
LEFT JOIN LATERAL patient_shown(new.p, day.today, login.has_login AND closed.id IS NULL) s ON true
