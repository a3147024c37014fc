-- Moves a visit on, as visit_moves() says; with $reopen_reason it is opened again, and the patient is locked
-- first, as by a check-in, so that of both at once the second sees the first. A doctor moves visits that are the
-- doctor's own or nobody's; a doctor who begins nobody's visit takes it.
-- kind: write
-- rows: optional
-- audit: entity=visit id=id patient=_patient_id before=_before after=row
-- keyed: yes
-- faults: not-your-visit precondition-failed illegal-transition validation-failed open-visit-exists
WITH who AS MATERIALIZED (
    SELECT p.id
    FROM visit v
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id
    WHERE v.clinic_id = $clinic AND v.id = $id::uuid AND ($patient IS NULL OR v.patient_id = $patient)
    FOR NO KEY UPDATE OF p
),
old AS MATERIALIZED (
    SELECT v.id, v.status, v.doctor_id, v.version, p AS p, v AS was
    FROM visit v
    JOIN patient p ON p.clinic_id = $clinic AND p.id = v.patient_id AND p.deleted_at IS NULL
    WHERE v.clinic_id = $clinic AND v.id = $id AND ($patient IS NULL OR v.patient_id = $patient)
        AND ($reopen_reason::text IS NULL OR EXISTS (SELECT 1 FROM who))
    FOR NO KEY UPDATE OF v
),
open AS MATERIALIZED (
    SELECT o.id, o.token_number, o.token_on, o.status
    FROM old CROSS JOIN LATERAL visit_open_of($clinic, (old.was).patient_id) o
    WHERE o.id <> old.id
),
me AS (
    SELECT d.id, btrim(a.first_name || ' ' || a.last_name) AS name
    FROM doctor d
    JOIN account a ON a.clinic_id = $clinic AND a.id = d.id
    WHERE d.clinic_id = $clinic AND d.id = $actor_id
),
way AS ( -- moves of those who open again, or of the others
    SELECT m.to_status, m.needs
    FROM old JOIN visit_moves() m ON m.from_status = old.status
    WHERE (m.needs = 'reopening') = ($reopen_reason IS NOT NULL)
),
fault AS MATERIALIZED (
    SELECT CASE WHEN $actor_role = 'doctor' AND old.doctor_id <> $actor_id THEN 'not-your-visit'
                WHEN old.version <> $if_match THEN 'precondition-failed'
                WHEN NOT EXISTS (SELECT 1 FROM way WHERE way.to_status = $status::text) THEN 'illegal-transition'
                WHEN $note::text IS NULL AND EXISTS (SELECT 1 FROM way WHERE way.to_status = $status
                    AND way.needs = 'note') THEN 'validation-failed'
                WHEN $reopen_reason IS NOT NULL AND EXISTS (SELECT 1 FROM open) THEN 'open-visit-exists' END AS code
    FROM old
),
new AS (
    UPDATE visit v SET status = $status, moved_by_id = $actor_id, moved_by_name = $actor_name,
        move_note = coalesce($reopen_reason, $note),
        doctor_id = CASE WHEN taken.is_mine THEN me.id ELSE v.doctor_id END,
        doctor_name = CASE WHEN taken.is_mine THEN me.name ELSE v.doctor_name END,
        updated_at = $now
    FROM old CROSS JOIN fault LEFT JOIN me ON true
    CROSS JOIN LATERAL (
        SELECT $status = 'in_consultation' AND old.doctor_id IS NULL AND me.id IS NOT NULL AS is_mine) taken
    WHERE v.clinic_id = $clinic AND v.id = old.id AND v.version = $if_match AND fault.code IS NULL
    RETURNING v AS v
)
SELECT s.*, (old.was).patient_id AS _patient_id, fault.code AS _fault,
    CASE fault.code
        WHEN 'illegal-transition' THEN (SELECT coalesce(json_agg(way.to_status ORDER BY way.to_status), '[]') FROM way)
        WHEN 'open-visit-exists' THEN (SELECT to_json(open) FROM open)
    END AS _detail,
    CASE WHEN fault.code = 'validation-failed' THEN json_build_array(json_build_object('pointer', '#/note',
        'code', 'required', 'detail', 'is needed to say why')) END AS _flaws,
    to_json(b) AS _before
FROM old CROSS JOIN fault
CROSS JOIN LATERAL visit_shown(old.was, old.p) b
LEFT JOIN new ON true
LEFT JOIN LATERAL visit_shown(new.v, old.p) s ON true
