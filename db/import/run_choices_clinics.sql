-- Clinics that are there and get rows besides the chosen one.
SELECT s.slug FROM (
    SELECT m.value AS slug FROM jsonb_each_text($1::jsonb->'clinic_map') m
    UNION
    SELECT $1::jsonb->>'null_clinic' WHERE $1::jsonb->>'null_clinic' NOT IN ('inherit', 'reject')
) s WHERE s.slug IS DISTINCT FROM $1::jsonb->>'clinic' ORDER BY s.slug;
