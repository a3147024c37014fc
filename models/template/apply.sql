-- Writes a template's lines into a prescription, behind those that are there, or with $skip_duplicates those that
-- are not. Gives the lines that were added, and what the patient does not tolerate.
-- kind: write
-- rows: optional
-- audit: entity=prescription id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: not-the-author prescription-locked validation-failed
WITH old AS MATERIALIZED (
    SELECT p AS was FROM prescription p
    JOIN patient o ON o.clinic_id = $clinic AND o.id = p.patient_id AND o.deleted_at IS NULL
    WHERE p.clinic_id = $clinic AND p.id = $id::uuid AND p.deleted_at IS NULL
        AND ($patient IS NULL OR p.patient_id = $patient)
    FOR UPDATE OF p
),
chosen AS MATERIALIZED (
    SELECT t.id FROM template t
    WHERE t.clinic_id = $clinic AND t.id = $template_id::uuid AND t.is_active AND template_is_seen(t, $actor_id)
),
held AS MATERIALIZED (
    SELECT (old.was).*, prescription_before(old.was) AS before, coalesce(prescription_fault(old.was, $actor_id, NULL),
        CASE WHEN NOT EXISTS (SELECT 1 FROM chosen) THEN 'validation-failed' END) AS fault
    FROM old
),
given AS MATERIALIZED (
    SELECT held.id, held.patient_id,
        template_medicines($clinic, chosen.id, CASE WHEN $skip_duplicates::boolean THEN held.id END) AS medicines,
        template_tests($clinic, chosen.id, CASE WHEN $skip_duplicates THEN held.id END,
            ($now AT TIME ZONE $timezone::text)::date) AS tests
    FROM held, chosen WHERE held.fault IS NULL
),
line AS MATERIALIZED (
    SELECT given.id, prescription_lines_add($clinic, given.id, given.patient_id, given.medicines, given.tests, $now)
    FROM given
),
new AS (
    UPDATE prescription p SET version = p.version + 1, updated_at = $now
    FROM line
    WHERE p.clinic_id = $clinic AND p.id = line.id
    RETURNING p.clinic_id, p.id
)
SELECT s.id, s.version, json_tail(s.medicines, held.before->'medicines') AS medicines,
    json_tail(s.tests, held.before->'tests') AS tests, s.allergies, held.patient_id AS _patient_id,
    held.fault AS _fault, held.before AS _before, CASE held.fault WHEN 'validation-failed' THEN
        '[{"pointer": "#/template_id", "code": "not-found", "detail": "is no template that you may use"}]'::json END AS _flaws
FROM held
LEFT JOIN new ON true
LEFT JOIN LATERAL prescription_shown(new.clinic_id, new.id) s ON true
