-- 0014_admissions.sql
-- migrate: kind=expand tx=yes
--
-- Admissions and treatments.

-- section up

SELECT 1;

-- section verify

SELECT true;

-- section down loss=none

SELECT 1;
