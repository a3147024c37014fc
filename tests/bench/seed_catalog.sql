-- Synthetic medicines for measuring: pg_temp.seed_catalog(clinic, n) gives a clinic that has none n of them. A
-- third bears a name of its own, the rest are brands of few substances in several strengths, as a wholesaler's
-- list has them. The same numbers give the same names; none is a real product. After seed_patients.sql.
CREATE FUNCTION pg_temp.seed_catalog(clinic bigint, n bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
        default_schedule, frequency_per_day, default_duration, food_instruction, created_at, updated_at)
    SELECT clinic, overlay(md5('medicine ' || clinic || ' ' || i) PLACING '7' FROM 13 FOR 1)::uuid,
        CASE WHEN pg_temp.scatter(i, 'is brand', 3) > 0 THEN pg_temp.made_up(pg_temp.scatter(i, 'maker', 3000), 'maker') || ' ' ELSE '' END
            || CASE WHEN pg_temp.scatter(i, 'is brand', 3) > 0
                THEN (ARRAY['Paracetamol','Ibuprofen','Amoxicillin','Azithromycin','Cetirizine','Pantoprazole','Metformin','Amlodipine',
                            'Losartan','Calcium','Ondansetron','Cefixime'])[1 + pg_temp.scatter_low(i, 'substance', 12)]
                ELSE pg_temp.made_up(i, 'brand') END
            || ' ' || (ARRAY['5','10','20','25','50','100','250','500','650'])[1 + pg_temp.scatter(i, 'strength', 9)] || ' mg '
            || (ARRAY['Plus','Forte','DS','SR','Kid'])[1 + pg_temp.scatter(i, 'suffix', 5)] || ' ' || i,
        (ARRAY['tablet','capsule','syrup','injection','ointment','drops','soap','lotion','powder'])[1 + pg_temp.scatter_low(i, 'type', 9)],
        ARRAY['250 mg', '500 mg'], '250 mg', 'morning_night', 2, '5 days', 'after', now(), now()
    FROM generate_series(1, n) i;
$$;
