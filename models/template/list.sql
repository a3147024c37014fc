-- The doctor's own templates and the clinic's, or the doctor's alone. `q` is a part of name, keyword or description.
-- kind: read
-- rows: many
-- audit: entity=template
-- sort: name | t.name_key:text asc, t.id:uuid asc
-- sort: -created_at | t.created_at:timestamptz desc, t.id:uuid desc
SELECT t.id, t.version, t.name, t.description, t.keyword, t.visibility, t.is_active,
    json_build_object('id', t.doctor_id, 'name', t.doctor_name) AS doctor,
    m.n AS medicines_count, e.n AS tests_count, t.created_at, t.updated_at, {keys}
FROM template t
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM template_medicine m
    WHERE m.clinic_id = $clinic AND m.template_id = t.id AND m.deleted_at IS NULL) m
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM template_test e
    WHERE e.clinic_id = $clinic AND e.template_id = t.id AND e.deleted_at IS NULL) e
WHERE t.clinic_id = $clinic AND template_is_seen(t, $actor_id)
    AND (NOT coalesce($mine::boolean, false) OR t.doctor_id = $actor_id)
    AND ($active::boolean IS NULL OR t.is_active = $active)
    AND ($q::text IS NULL OR position(name_fold($q) IN t.search_key) > 0)
    AND {keyset}
{page}
