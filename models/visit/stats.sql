-- Visits counted by the clinic's day, month or year. The range is given, or ends today.
-- kind: read
-- rows: one
-- audit: entity=visit
WITH day AS (
    SELECT t.today, date_trunc('month', t.today::timestamp)::date AS month
    FROM (SELECT ($now AT TIME ZONE $timezone::text)::date AS today) t
),
range AS (
    SELECT $granularity::text AS granularity, upto.day AS to_on,
        coalesce($from_on::date, greatest('0001-01-01', CASE $granularity WHEN 'day' THEN upto.day - 29
            WHEN 'month' THEN (date_trunc('month', upto.day::timestamp) - interval '11 months')::date
            ELSE (date_trunc('year', upto.day::timestamp) - interval '9 years')::date END)) AS from_on
    FROM (SELECT coalesce($to_on::date, day.today) AS day FROM day) upto
),
per_day AS MATERIALIZED ( -- by the index alone; the few days are put into their buckets then
    SELECT v.token_on, v.status, count(*) AS n
    FROM range JOIN visit v ON v.token_on BETWEEN range.from_on AND range.to_on
    WHERE v.clinic_id = $clinic AND ($patient IS NULL OR v.patient_id = $patient)
    GROUP BY v.token_on, v.status
),
counted AS (
    SELECT date_trunc($granularity, d.token_on::timestamp) AS first, d.status, sum(d.n) AS n FROM per_day d GROUP BY 1, 2
),
bucket AS (
    SELECT b.first, coalesce(sum(c.n), 0)::bigint AS count,
        coalesce(sum(c.n) FILTER (WHERE c.status IN ('checked_in', 'in_consultation')), 0)::bigint AS active,
        coalesce(sum(c.n) FILTER (WHERE c.status = 'completed'), 0)::bigint AS completed,
        coalesce(sum(c.n) FILTER (WHERE c.status = 'cancelled'), 0)::bigint AS cancelled,
        coalesce(sum(c.n) FILTER (WHERE c.status = 'no_show'), 0)::bigint AS no_show
    FROM range
    CROSS JOIN LATERAL generate_series(date_trunc(range.granularity, range.from_on::timestamp), range.to_on::timestamp,
        ('1 ' || range.granularity)::interval) b (first)
    LEFT JOIN counted c ON c.first = b.first
    GROUP BY b.first
)
SELECT range.granularity, range.from_on AS "from", range.to_on AS "to", day.today,
    (SELECT coalesce(sum(b.count), 0)::bigint FROM bucket b) AS total,
    (SELECT count(*) FROM visit v WHERE v.clinic_id = $clinic AND v.token_on = day.today
        AND ($patient IS NULL OR v.patient_id = $patient)) AS visits_today,
    (SELECT count(*) FROM visit v WHERE v.clinic_id = $clinic
        AND v.token_on BETWEEN day.month AND day.today
        AND ($patient IS NULL OR v.patient_id = $patient)) AS visits_this_month,
    (SELECT count(*) FROM visit v WHERE v.clinic_id = $clinic AND v.status IN ('checked_in', 'in_consultation')
        AND ($patient IS NULL OR v.patient_id = $patient)) AS active,
    (SELECT coalesce(json_agg(json_build_object(
            'period', to_char(b.first, CASE range.granularity WHEN 'day' THEN 'YYYY-MM-DD' WHEN 'month' THEN 'YYYY-MM'
                ELSE 'YYYY' END),
            'count', b.count, 'active', b.active, 'completed', b.completed, 'cancelled', b.cancelled,
            'no_show', b.no_show) ORDER BY b.first), '[]')
     FROM bucket b) AS buckets
FROM range, day
