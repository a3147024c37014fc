-- 0009_prescriptions.sql
-- migrate: kind=expand tx=yes
--
-- What a doctor prescribes.

-- section up

SELECT;

-- section verify

SELECT true;

-- section down loss=none

SELECT;
