-- What the operator has ordered (`clinicd maintenance`), one row whether or not there is an order.
-- kind: read
-- rows: one
SELECT m.only_one IS NOT NULL AS is_on, m.is_read_only, m.reason,
       (extract(epoch FROM m.ends_at) * 1000000)::bigint AS ends_at_us,
       m.pass_sha256, (extract(epoch FROM m.pass_ends_at) * 1000000)::bigint AS pass_ends_at_us
FROM (VALUES (true)) AS always (is_there) LEFT JOIN ops.maintenance m ON true
