-- Synthetic patients for measuring: pg_temp.seed_patients(clinic, n) inserts n patients with Indian-like
-- names into a clinic that exists and has none. The same numbers give the same patients; nobody is real.
-- Run as the migrator: \i tests/bench/seed_patients.sql, then SELECT pg_temp.seed_patients(1, 100000);

-- Evenly scattered and repeatable: a number in 0 … below from two.
CREATE FUNCTION pg_temp.scatter(i bigint, salt text, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT (hashtextextended(i::text || salt, 7) & 9223372036854775807) % below;
$$;

-- As above, but small numbers come oftener, as common names do.
CREATE FUNCTION pg_temp.scatter_low(i bigint, salt text, below bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT floor(below * power(pg_temp.scatter(i, salt, 1000000) / 1000000.0, 2))::bigint;
$$;

-- A made-up name of two or three syllables, for the long tail of family names.
CREATE FUNCTION pg_temp.made_up(i bigint, salt text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT initcap(string_agg(
        (ARRAY['ba','bha','cha','da','dha','ga','gha','ha','ja','ka','kha','la','ma','na','pa','pha','ra','sa','sha','ta',
               'va','ya','di','ki','li','mi','ni','ri','si','ti','vi','gu','ku','lu','mu','nu','pu','ru','su','tu'])
            [1 + pg_temp.scatter(i, salt || s, 40)], '' ORDER BY s) || (ARRAY['kar','ne','rao','wal','re','le','ji','n'])[1 + pg_temp.scatter(i, salt, 8)])
    FROM generate_series(1, 2 + pg_temp.scatter(i, salt || 'n', 2)::int) s;
$$;

CREATE FUNCTION pg_temp.seed_name(i bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT (ARRAY['Sunita','Rajesh','Anita','Ravi','Meena','Suresh','Kavita','Amit','Pooja','Vijay','Lata','Sanjay','Asha','Anil',
                  'Rekha','Mahesh','Geeta','Prakash','Usha','Ramesh','Neha','Deepak','Priya','Ganesh','Shobha','Manoj','Nisha',
                  'Ashok','Jyoti','Santosh','Vaishali','Vinod','Swati','Nitin','Seema','Rahul','Madhuri','Kiran','Archana','Sachin',
                  'Sangeeta','Vikas','Manisha','Dinesh','Savita','Mukesh','Vandana','Arun','Smita','Pravin','Lakshmi','Krishna',
                  'Ayesha','Imran','Fatima','Salim','Joseph','Mary','Gurpreet','Harjit','Ananya','Arjun','Diya','Ishaan','Kabir',
                  'Meera','Rohan','Sara','Tanvi','Yash'])[1 + pg_temp.scatter_low(i, 'first', 70)]
        || CASE WHEN pg_temp.scatter(i, 'has middle', 3) = 0 THEN ' ' ||
           (ARRAY['Kumar','Devi','Ram','Lal','Bai','Chandra','Nath','Prasad','Shankar','Mohan'])[1 + pg_temp.scatter(i, 'middle', 10)] ELSE '' END
        || ' ' || CASE WHEN pg_temp.scatter(i, 'is rare', 3) = 0 THEN pg_temp.made_up(pg_temp.scatter(i, 'rare', 4000), 'family') ELSE
           (ARRAY['Patil','Sharma','Kulkarni','Deshmukh','Joshi','Jadhav','Shinde','Pawar','More','Singh','Gupta','Verma','Yadav','Khan',
                  'Shaikh','Reddy','Nair','Iyer','Menon','Das','Ghosh','Banerjee','Mehta','Shah','Patel','Desai','Gaikwad','Chavan',
                  'Kale','Bhosale','Kamble','Sawant','Naik','Rao','Mishra','Tiwari','Pandey','Chauhan','Thakur','Fernandes',
                  'D''Souza','Pinto','Kaur','Gill','Bhat','Hegde','Shetty','Pillai','Varma','Agarwal'])[1 + pg_temp.scatter_low(i, 'last', 50)] END;
$$;

CREATE FUNCTION pg_temp.seed_patients(clinic bigint, n bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO clinicd.patient (clinic_id, id, patient_number, name, gender, date_of_birth, phone_number, phone_key,
        address, city, status, registered_on, created_at, updated_at)
    SELECT clinic, overlay(md5(clinic || ' ' || i) PLACING '7' FROM 13 FOR 1)::uuid,
        'PT-' || 2020 + (i - 1) * 6 / n || '-' || lpad(i::text, greatest(5, length(i::text)), '0'), pg_temp.seed_name(i),
        (ARRAY['female', 'male', 'other'])[1 + pg_temp.scatter_low(i, 'gender', 3)],
        date '1940-01-01' + pg_temp.scatter(i, 'born', 31000)::int,
        '+91 ' || phone, '+91' || phone, i || ' Temple Road', 'Bengaluru',
        (ARRAY['registered', 'in_diagnosis', 'treatment_started', 'discharged'])[1 + pg_temp.scatter(i, 'status', 4)],
        date '2020-01-01' + (i * 2190 / n)::int, timestamptz '2020-01-01Z' + i * 6 * interval '1 year' / n,
        timestamptz '2020-01-01Z' + i * 6 * interval '1 year' / n
    FROM generate_series(1, n) i, LATERAL (SELECT (6000000000 + pg_temp.scatter(i, 'phone', 4000000000))::text) t (phone);
    INSERT INTO clinicd.counter (clinic_id, kind, period, value) VALUES (clinic, 'patient', 2025, n)
        ON CONFLICT (clinic_id, kind, period) DO UPDATE SET value = n;
    UPDATE clinicd.quota SET used = n, allowed = greatest(allowed, n) WHERE clinic_id = clinic AND kind = 'patient';
$$;
