-- How far a clinic's events go: the number of the newest, and of the oldest that is kept.
-- kind: read
-- rows: one
SELECT coalesce((SELECT k.value FROM counter k
                 WHERE k.clinic_id = $clinic AND k.kind = 'event' AND k.period = 0), 0) AS last,
    (SELECT min(e.number) FROM event e WHERE e.clinic_id = $clinic) AS oldest
