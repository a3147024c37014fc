-- What a new clinic begins with: substances and tests that are common everywhere, in our own words. Adds what the
-- clinic has not, active or retired; changes and takes away nothing. The first dosage is the usual one.
-- kind: write
-- rows: one
-- audit: entity=catalog after=row
WITH medicine (medicine_name, medicine_type, dosages, schedule, frequency, duration, food, description) AS (VALUES
    ('Paracetamol', 'tablet', '{500 mg,650 mg}', 'morning_afternoon_night', 3, '3 days', 'after', 'Fever and pain.'),
    ('Ibuprofen', 'tablet', '{400 mg,200 mg,600 mg}', 'morning_night', 2, '3 days', 'after', 'Pain and inflammation.'),
    ('Diclofenac', 'tablet', '{50 mg,75 mg,100 mg}', 'morning_night', 2, '5 days', 'after', 'Pain of joints and muscles.'),
    ('Amoxicillin', 'capsule', '{500 mg,250 mg}', 'morning_afternoon_night', 3, '5 days', 'after', 'Penicillin antibiotic.'),
    ('Azithromycin', 'tablet', '{500 mg,250 mg}', 'morning', 1, '3 days', 'before', 'Macrolide antibiotic.'),
    ('Cefixime', 'tablet', '{200 mg,100 mg,400 mg}', 'morning_night', 2, '5 days', 'after', 'Cephalosporin antibiotic.'),
    ('Cetirizine', 'tablet', '{10 mg,5 mg}', 'night', 1, '5 days', 'anytime', 'Allergy; may make drowsy.'),
    ('Levocetirizine', 'tablet', '{5 mg,2.5 mg}', 'night', 1, '5 days', 'anytime', 'Allergy; may make drowsy.'),
    ('Pantoprazole', 'tablet', '{40 mg,20 mg}', 'morning', 1, '7 days', 'before', 'Acidity, on an empty stomach.'),
    ('Rabeprazole', 'tablet', '{20 mg,10 mg}', 'morning', 1, '7 days', 'before', 'Acidity, on an empty stomach.'),
    ('Metformin', 'tablet', '{500 mg,850 mg,1000 mg}', 'morning_night', 2, '30 days', 'after', 'Type 2 diabetes.'),
    ('Amlodipine', 'tablet', '{5 mg,2.5 mg,10 mg}', 'morning', 1, '30 days', 'anytime', 'High blood pressure.'),
    ('Losartan', 'tablet', '{50 mg,25 mg,100 mg}', 'morning', 1, '30 days', 'anytime', 'High blood pressure.'),
    ('Vitamin D3', 'capsule', '{1000 IU,2000 IU,60000 IU}', 'morning', 1, '30 days', 'after',
        'Lack of vitamin D. 60000 IU is a weekly dose, never a daily one.'),
    ('Calcium', 'tablet', '{500 mg,250 mg}', 'morning', 1, '30 days', 'after', 'Lack of calcium.'),
    ('Clotrimazole', 'ointment', '{1 %}', 'morning_night', 2, '14 days', 'anytime', 'Fungal infection of the skin; for the skin only.'),
    ('Ondansetron', 'tablet', '{4 mg,8 mg}', 'sos', NULL, '2 days', 'before', 'Nausea and vomiting.'),
    ('ORS', 'powder', '{1 sachet in 1 litre of water}', 'sos', NULL, '2 days', 'anytime', 'Loss of water by diarrhoea.')
),
test (test_name, test_type, category, description) AS (VALUES
    ('Complete blood count (CBC)', 'blood', 'pathology', 'Red and white cells, platelets, haemoglobin.'),
    ('Blood sugar, fasting', 'blood', 'pathology', 'After eight hours without food.'),
    ('HbA1c', 'blood', 'pathology', 'Mean blood sugar of about three months.'),
    ('Lipid profile', 'blood', 'pathology', 'Cholesterol and triglycerides, fasting.'),
    ('Liver function test', 'blood', 'pathology', 'Bilirubin, enzymes, proteins.'),
    ('Kidney function test', 'blood', 'pathology', 'Urea, creatinine, electrolytes.'),
    ('Electrocardiogram (ECG)', 'ecg', 'cardiology', 'Twelve leads, at rest.'),
    ('2D echocardiogram', 'ultrasound', 'cardiology', 'Chambers, valves and pumping of the heart.'),
    ('Stress test (treadmill)', 'ecg', 'cardiology', 'ECG under effort.'),
    ('X-ray', 'xray', 'radiology', 'Say which part of the body and from which side.'),
    ('Ultrasound of the abdomen', 'ultrasound', 'radiology', 'Fasting; with a full bladder for the pelvis.'),
    ('CT scan', 'ct_scan', 'radiology', 'Say which part, and whether with contrast.'),
    ('MRI scan', 'mri', 'radiology', 'Ask for implants and pacemakers first.'),
    ('Urine, routine and microscopy', 'urine', 'pathology', 'Midstream, the first of the morning.'),
    ('Dengue NS1 antigen and antibodies', 'blood', 'pathology', 'NS1 in the first five days, antibodies later.'),
    ('Malaria parasite', 'blood', 'pathology', 'Smear, or antigen by a rapid test.')
),
new_medicine AS (
    INSERT INTO catalog_medicine (clinic_id, id, medicine_name, medicine_type, common_dosages, default_dosage,
        default_schedule, frequency_per_day, default_duration, food_instruction, description, created_at, updated_at)
    SELECT $clinic, uuid_v7($now), d.medicine_name, d.medicine_type, d.dosages::text[], (d.dosages::text[])[1],
        d.schedule, d.frequency, d.duration, d.food, d.description, $now, $now
    FROM medicine d
    WHERE NOT EXISTS (
        SELECT 1 FROM catalog_medicine m
        WHERE m.clinic_id = $clinic AND m.name_key = name_fold(d.medicine_name) COLLATE "C"
            AND m.medicine_type = d.medicine_type)
    ON CONFLICT DO NOTHING
    RETURNING id
),
new_test AS (
    INSERT INTO catalog_test (clinic_id, id, test_name, test_type, category, description, created_at, updated_at)
    SELECT $clinic, uuid_v7($now), d.test_name, d.test_type, d.category, d.description, $now, $now
    FROM test d
    WHERE NOT EXISTS (
        SELECT 1 FROM catalog_test t
        WHERE t.clinic_id = $clinic AND t.name_key = name_fold(d.test_name) COLLATE "C"
            AND t.test_type = d.test_type)
    ON CONFLICT DO NOTHING
    RETURNING id
)
SELECT m.created AS medicines_created, m.known - m.created AS medicines_kept, t.created AS tests_created,
    t.known - t.created AS tests_kept
FROM (SELECT (SELECT count(*) FROM medicine) AS known, (SELECT count(*) FROM new_medicine) AS created) m,
    (SELECT (SELECT count(*) FROM test) AS known, (SELECT count(*) FROM new_test) AS created) t
