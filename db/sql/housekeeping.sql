-- Partitions for the months to come; what has served its time goes.
-- kind: write
-- rows: one
SELECT audit_partitions_ensure(($now AT TIME ZONE 'UTC')::date),
    purge_expired($now) + event_purge($now) + share_link_purge($now) AS purged
