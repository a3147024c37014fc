-- What a link shows, and that it was shown: of many at once no more get it than it has views, and whoever is
-- overtaken by a change of the prescription sees what became of it. Without `counts` all but the counting.
-- kind: write
-- rows: optional
-- audit: entity=share_link id=_id patient=_patient_id
-- faults: share-link-expired
WITH viewed AS (
    UPDATE share_link l SET views = l.views + ($counts::boolean)::int,
        last_viewed_at = CASE WHEN $counts THEN greatest(l.last_viewed_at, $now) ELSE l.last_viewed_at END
    FROM prescription p, patient o
    WHERE l.clinic_id = $clinic AND l.id = $id::uuid AND share_link_state(l, $now) = 'active'
        AND p.clinic_id = $clinic AND p.id = l.prescription_id AND p.status = 'completed' AND p.deleted_at IS NULL
        AND o.clinic_id = $clinic AND o.id = l.patient_id AND o.deleted_at IS NULL
    RETURNING l.id, p AS rx
)
SELECT prescription_printed(v.rx) AS paper, l.id AS _id, l.patient_id AS _patient_id,
    CASE WHEN v.id IS NULL THEN 'share-link-expired' END AS _fault
FROM share_link l
LEFT JOIN viewed v ON v.id = l.id
WHERE l.clinic_id = $clinic AND l.id = $id
